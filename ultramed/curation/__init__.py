"""Choosing the rows to keep: screening, scores, duplicates, leaks, rights, splits."""
