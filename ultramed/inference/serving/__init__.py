"""Servers of local weights: the process of one, and who starts, shares and ends it."""
