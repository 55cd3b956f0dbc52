"""Raw formats of sources, one per file: `read(folder, source)` yields one `Row` per raw row, in file order."""
