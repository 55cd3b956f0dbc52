"""Formats of benchmarks, one a file: `read(folder, benchmark)`, and `KIND`, how its items are asked and graded."""
