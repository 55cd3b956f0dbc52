"""Benchmarks as evaluation and leak screen read them, one raw format a file."""
