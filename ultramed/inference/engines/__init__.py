"""Servers for local weights, one engine a file."""
