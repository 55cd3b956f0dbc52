"""Benchmarks as tasks: ask policies, read their answers, grade them."""
