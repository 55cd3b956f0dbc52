"""Kinds of tasks, one a file: see `ultramed.evaluation.tasks.Kind`."""
