"""Instructions that the pipeline generates: from textbooks, from an encyclopaedia, by evolution."""
