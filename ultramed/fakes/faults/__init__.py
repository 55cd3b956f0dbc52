"""The fault endpoint: an OpenAI-compatible loopback server that fails as its script says."""
