"""MedQA's US test set, 4 options, 1,273 questions (jind11/MedQA, questions/US/4_options)."""

from ultramed.sources.formats.medqa import read as read

KIND = "multiple_choice"
