"""MedMCQA's dev set, 4,183 questions (medmcqa/medmcqa): the keys of its test set are not public."""

from ultramed.sources.formats.medmcqa import read as read

KIND = "multiple_choice"
