"""Direct personal health identifiers in text, one kind per file."""

from ultramed.curation.identifiers.search import Span, find, identifier

__all__ = ["Span", "find", "identifier"]
