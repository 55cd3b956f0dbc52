"""Estimate what a run will cost before it starts: calls, tokens, money, steps, hours, memory, disk."""
