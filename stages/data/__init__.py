"""Stages from raw rows to releases."""
