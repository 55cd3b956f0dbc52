"""Instructions that the pipeline makes itself: from textbooks, from an encyclopaedia, by evolution."""
