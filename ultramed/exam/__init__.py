"""Exam answers: the shape a model is asked for, and reading the letter that a reply settles on.

Text comes in as data and goes through in one direction: thinking is blanked out (`visible`), places where something is
settled are looked for (`fields`, `statements`, `lines`, `endings`), at each of them one option is read (`mention`,
`options`, `organisms`) and the sentence around it asked whether it means it (`clauses`); `letter` decides.
"""

from ultramed.exam.letter import Reading, chosen_letter, closes_on, read_letter, reasoning, struck
from ultramed.exam.reply import explained

__all__ = ["Reading", "chosen_letter", "closes_on", "explained", "read_letter", "reasoning", "struck"]
