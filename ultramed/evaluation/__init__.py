"""Benchmarks, one a file, and reading what models answer on them."""
