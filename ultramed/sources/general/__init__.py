"""Formats of general-domain sets, one per file: `read(folder, own)`, and `record(own)`, the type of its rows."""
