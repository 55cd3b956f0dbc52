"""The sources that the pipeline creates itself, each declared once. They have no raw set and no entry in params."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ultramed.records import Instruction, Message, Option

SetName = Literal["medqa", "textbook", "wikipedia"]


@dataclass(frozen=True)
class Synthetic:
    """A source whose rows a model writes or evolves."""

    set: SetName  # entry under `evolve.sets` that adds rows to it
    source: str  # `source` of its rows
    prefix: str  # of their ids
    category: Literal["exam", "literature", "open"]
    kind: Literal["exam", "literature", "clinical", "research"]
    written: bool = True  # by the stage with the set's name; else its rows are only evolved from a public source

    def instruction(
        self, row_id: str, question: str, rights: str, origin: str, options: Sequence[Option] = (),
        key: str | None = None,
    ) -> Instruction:
        """A row that was written, not evolved: it has no parent and is its own family."""
        return Instruction(
            id=row_id, source=self.source, category=self.category, kind=self.kind, synthetic=True,
            messages=[Message("user", question)], options=list(options), key=key, reference=None, parent=None, round=0,
            family=row_id, rights=rights, as_of=None, origin=origin)

    @property
    def keyed(self) -> bool:
        """Whether its rows have options and a key."""
        return self.category != "open"


MEDQA_EVOL = Synthetic("medqa", "medqa_evol", "MedQA-Evol", "exam", "exam", written=False)
TEXTBOOKQA = Synthetic("textbook", "textbookqa", "TextBookQA", "exam", "exam")
WIKIINSTRUCT = Synthetic("wikipedia", "wikiinstruct", "WikiInstruct", "open", "research")

SETS: Mapping[str, Synthetic] = {s.set: s for s in (MEDQA_EVOL, TEXTBOOKQA, WIKIINSTRUCT)}
WRITTEN: Mapping[str, Synthetic] = {name: s for name, s in SETS.items() if s.written}
SOURCES: Mapping[str, Synthetic] = {s.source: s for s in SETS.values()}
