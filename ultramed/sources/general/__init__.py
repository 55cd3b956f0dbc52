"""Formats of general-domain sets, one a file: `read(folder, own)`, and `record(own)`, what its rows become."""
