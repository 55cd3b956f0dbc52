"""From which number the keys of a file are counted. A row never says it; all rows of a file together mostly do.

Of n options the keys are 0 to n-1, or 1 to n. Only a count from 1 has an n. A 0 tells of a count from 0, or, in a
count from 1, of a row without a key. What tells of neither is refused: a guess would shift every key by a letter.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ultramed.errors import SourceError

Base = Literal[0, 1]
ENOUGH = 16  # keys without an n from which a 0 tells of a count from 0: by chance 0.75¹⁶ = 1 % of files have none
STRAY = 0.05  # share of keys that may be out of range


@dataclass
class Ends:
    """How many keys there are, and how many at either end of the two counts."""

    keys: int = 0  # from 0 to the number of options
    zeros: int = 0
    lasts: int = 0  # keys that are the number of options

    def add(self, index: int, options: int) -> None:
        if 0 <= index <= options:
            self.keys += 1
            self.zeros += index == 0
            self.lasts += index == options

    def base(self) -> Base | None:
        """What the first option's number is; None where the keys do not tell."""
        if self.lasts and self.zeros <= STRAY * self.keys and self.zeros * 4 <= self.lasts:
            return 1
        if self.zeros and self.keys >= ENOUGH and self.lasts <= STRAY * self.keys and self.lasts * 4 <= self.zeros:
            return 0
        return None

    def contradicts(self, base: Base) -> bool:
        """Whether the keys tell of the other count than the one that params state, and some would be read by it."""
        own, other = (self.zeros, self.lasts) if base == 0 else (self.lasts, self.zeros)
        return other > own and STRAY * self.keys < other < self.keys

    def __str__(self) -> str:
        return f"of {self.keys:,} keys {self.zeros:,} are 0 and {self.lasts:,} the number of options"


@dataclass
class Keys:
    """The keys of a source, by file: two files may count differently."""

    files: dict[str, Ends] = field(default_factory=lambda: defaultdict(Ends))

    def add(self, file: str, index: int, options: int) -> None:
        self.files[file].add(index, options)

    def refuse_other(self, folder: Path, base: Base) -> None:
        """Raise SourceError where a file's keys tell of another count than `base`."""
        for file, ends in self.files.items():
            if ends.contradicts(base):
                raise SourceError(str(folder / file), f"counts its keys from {1 - base}, key_from is {base}: {ends}",
                                  "correct key_from in params.yaml")

    def bases(self, folder: Path) -> dict[str, Base]:
        """From what each file counts. Raises SourceError where its keys do not tell; of one without keys nothing is
        said."""
        found: dict[str, Base] = {}
        for file, ends in self.files.items():
            if ends.keys and (base := ends.base()) is None:
                counts = "may count its keys from 0 or from 1"
                if ends.zeros and not ends.lasts:
                    counts = "seems to count its keys from 0, which too few of them tell"
                raise SourceError(str(folder / file), f"{counts}: {ends}",
                                  "look at a few rows, and set key_from: 0 or 1 beside its format in params.yaml")
            if ends.keys:
                found[file] = base  # type: ignore[assignment]
        return found


def index(value: Any) -> int | None:
    """A key as a whole number: 2, "2", 2.0, "2.0"; None for anything else."""
    if isinstance(value, str):
        digits = value.strip().removesuffix(".0")
        return int(digits) if digits.removeprefix("-").isdecimal() and digits.isascii() and len(digits) < 10 else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if value == value and abs(value) < 1e9 and int(value) == value else None
