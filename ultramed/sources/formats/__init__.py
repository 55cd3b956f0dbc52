"""Raw formats of sources, one a file: `read(folder, source)` gives one `Row` for each raw row, in the files' order."""
