"""UltraMedical as a data-versioned repository."""

import os

__version__ = "0.1.0"

# Threads of llama.cpp and PyTorch wait for each other by spinning, by default for milliseconds. Beside one busy process
# this slows the embedded model more than twentyfold (benchmarks/neighbour.py). Read when the libraries are loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
