"""Benchmark formats, one per file: `read(folder, benchmark)`, and `KIND`, how its items are asked and graded."""
