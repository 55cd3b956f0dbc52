"""Benchmarks as tasks: asking policies, reading what they answer, grading it."""
