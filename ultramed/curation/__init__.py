"""Which rows stay: screening, scores, duplicates, leaks, rights, splits."""
