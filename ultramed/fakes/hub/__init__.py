"""The loopback Hub's parts: what it stores, how it reads Xet shards, which requests it answers."""
