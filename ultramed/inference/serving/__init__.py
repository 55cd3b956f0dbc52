"""Servers for local weights: the server process, and the code that starts, shares and stops it."""
