"""UltraMedical as a data-versioned repository."""

__version__ = "0.1.0"
