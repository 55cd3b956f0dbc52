"""Direct personal health identifiers in text, one kind a file."""

from ultramed.curation.identifiers.search import Span, find, identifier

__all__ = ["Span", "find", "identifier"]
