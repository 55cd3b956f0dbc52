"""Training: what models learn from, how a run survives being killed, and what is recorded."""
