"""Data-quality gates: DuckDB states the facts, Great Expectations judges them."""
