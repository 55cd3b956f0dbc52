"""One source's raw rows turned into Instructions, with a verdict on each."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ultramed import registry
from ultramed.errors import SourceError
from ultramed.params import Params, Source
from ultramed.records import Instruction, Verdict, keep
from ultramed.sources.raw import Broken, Keys, RawRow, Row
from ultramed.sources.sampling import sample

STAGE = "collect"
FORMATS = "ultramed.sources.formats"


def read(name: str, source: Source, folder: Path, seed: int) -> Iterator[Row]:
    """The raw rows of a source, in file order: all of them, or a sample with `limit` usable ones."""
    return sample(lambda: _each_key_once(source, folder), lambda row: row.key, source.limit, seed, name)


def _each_key_once(source: Source, folder: Path) -> Iterator[Row]:
    keys = Keys()
    for row in registry.load(FORMATS, source.format).read(folder, source):
        yield keys.seen(row.key, row.origin) or row


@dataclass
class Collection:
    """A source being read: iterate over the instructions once, then take the verdicts.

    Raises SourceError at the end if the source holds no row, or more than `max_broken` of its rows were quarantined.
    """

    name: str
    source: Source
    folder: Path  # what fetch put there
    rights: str  # class of the source after overrides
    max_broken: float  # share of all rows
    seed: int = 0  # of the sample that `limit` draws
    verdicts: list[Verdict] = field(default_factory=list)  # one per raw row, in file order
    _broken: list[Broken] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)  # kept rows by fields that the format does not read

    def __iter__(self) -> Iterator[Instruction]:
        for row in read(self.name, self.source, self.folder, self.seed):
            row_id = f"{self.source.prefix},{row.key}"
            if isinstance(row, Broken):
                self.verdicts.append(Verdict(
                    id=row_id, stage=STAGE, outcome=row.outcome, code=row.code, reason=f"{row.origin}: {row.reason}"
                ))
                self._broken += [row] if row.outcome == "quarantined" else []
            else:
                self.unread.update(row.unread)
                self.verdicts.append(keep(row_id, STAGE, reason=_not_read(row.unread)))
                yield self._instruction(row_id, row)
        self._judge()

    @property
    def said_unread(self) -> str:
        """A line on the fields of kept rows that are not read; "" where there are none."""
        kept = sum(verdict.keep for verdict in self.verdicts)
        told = ", ".join(f"{name[:40]!a} ({n:,} of {kept:,} rows)" for name, n in self.unread.most_common(10))
        return f"  collect {self.name}: fields that are not read: {told}" if told else ""

    def _instruction(self, row_id: str, row: RawRow) -> Instruction:
        return Instruction(
            id=row_id, source=self.name, category=self.source.category, kind=self.source.kind, synthetic=False,
            messages=row.messages, options=row.options, key=row.letter, reference=row.reference, parent=None,
            round=0, family=row_id, rights=self.rights, as_of=row.as_of, origin=row.origin,
        )

    def _judge(self) -> None:
        total, broken = len(self.verdicts), len(self._broken)
        if not total:
            raise SourceError(str(self.folder), "holds no row; expected at least 1", "correct the source's location")
        if broken / total > self.max_broken:
            first = "; ".join(f"{b.origin} {b.code}: {b.reason}" for b in self._broken[:3])
            share = f"{broken} of {total} rows are broken ({broken / total:.1%}), at most {self.max_broken:.1%} allowed"
            raise SourceError(
                f"source {self.name}, {self.folder}", f"{share}: {first}",
                "fix the file and `ultramed pin` it, or raise collect.max_broken in params.yaml",
            )


def _not_read(fields: Iterable[str]) -> str:
    shown = ", ".join(name[:40] for name in fields)[:200]
    return f"fields that are not read: {shown}" if shown else ""


def collect(name: str, source: Source, folder: Path, settings: Params) -> Collection:
    """The source `name` as instructions and verdicts, with its rights from params: its own class, or the
    one in release.overrides."""
    override = settings.release.overrides.get(name)
    rights = override.rights if override else source.rights
    return Collection(name, source, folder, rights, settings.collect.max_broken, settings.seed)
