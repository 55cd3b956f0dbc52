"""The fault endpoint: an OpenAI-compatible loopback server that fails by script."""
