"""Data-quality gates: DuckDB computes the facts, Great Expectations checks them."""
