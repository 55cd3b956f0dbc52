"""Task kinds, one per file: see `ultramed.evaluation.tasks.Kind`."""
