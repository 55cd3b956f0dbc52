"""One OpenAI-compatible endpoint over HTTP: bodies, replies, limits, replicas."""
