"""The figures of a dataset card, all counted from the artifacts."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from ultramed import artifacts, tables
from ultramed.claims import Claims
from ultramed.params import Params
from ultramed.records import Feedback, Instruction, Pair, Use, Verdict
from ultramed.release.selection import Selection, author
from ultramed.release.shards import SPLITS

CATEGORIES = {"exam": "Exam", "literature": "Literature", "open": "Open-End"}


@dataclass
class Series:
    """Count, mean and standard deviation (of the population) of a stream of numbers."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        self.count, self.total, self.squares = self.count + 1, self.total + value, self.squares + value**2

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else math.nan

    @property
    def deviation(self) -> float:
        return math.sqrt(max(self.squares / self.count - self.mean**2, 0.0)) if self.count else math.nan

    def __str__(self) -> str:
        return f"{self.mean:.2f} ± {self.deviation:.2f}" if self.count else "–"


@dataclass
class Dataset:
    """One line of Table 1 and of the rights table."""

    source: str  # name in params
    name: str  # prefix of its ids
    category: str  # Exam | Literature | Open-End
    synthetic: bool
    original: int = 0  # raw rows; for a synthetic set, rows written and verified
    words: Series = field(default_factory=Series)  # of the question with its options, before selection
    score: Series = field(default_factory=Series)  # before selection
    retained: int = 0  # after selection by score, duplicates and leaks
    declared: str = "none"  # rights in params; a synthetic set's rows carry their own
    classes: set[str] = field(default_factory=set)  # rights of the retained rows
    released: int = 0  # rows in this profile
    withheld: Counter[str] = field(default_factory=Counter)  # code → rows and pairs not in this profile

    @property
    def rights(self) -> str:
        """The rights classes of its rows; the declared class if no row is left."""
        return ", ".join(sorted(self.classes)) or self.declared


@dataclass(frozen=True)
class Member:
    """One author of candidates, as scored and ranked by the judge."""

    name: str
    score: Series
    rank: Series


@dataclass(frozen=True)
class Asked:
    """The replies one stage used from one model with one prompt file."""

    stage: str
    model: str
    prompt: str
    prompt_hash: str
    replies: int
    price_usd: float


@dataclass(frozen=True)
class Figures:
    datasets: list[Dataset]
    members: list[Member]
    pairs: dict[str, dict[str, int]]  # split → label type → released pairs
    ranked: int  # rank-ordered pairs, before selection
    asked: list[Asked]
    verdicts: dict[str, dict[str, int]]  # stage → code → rows
    words: Series  # of retained rows
    score: Series  # of retained rows

    @property
    def leaks(self) -> dict[str, int]:
        """Stage → rows held back because a benchmark shares their text."""
        by_stage = {s: sum(n for c, n in codes.items() if "leak" in c) for s, codes in self.verdicts.items()}
        return {stage: rows for stage, rows in by_stage.items() if rows}


def measure(selection: Selection) -> Figures:
    """Count everything the card shows."""
    params = selection.params
    datasets, words, score = _datasets(selection)
    pairs: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
    for pair in selection.pairs:
        pairs[pair.split][pair.label_type] += 1
    return Figures(
        datasets, _members(params), {split: dict(sorted(counts.items())) for split, counts in pairs.items()},
        sum(1 for _ in tables.read(artifacts.PAIRED, Pair)), _asked(params), _verdicts(params), words, score,
    )


def _datasets(selection: Selection) -> tuple[list[Dataset], Series, Series]:
    datasets = {
        name: Dataset(name, source.prefix, CATEGORIES[source.category], synthetic=False,
                      original=tables.count(artifacts.COLLECTED / name, "verdicts"), declared=source.rights)
        for name, source in selection.params.sources.items()
    }
    _add_scored(selection, datasets)
    words, score, rights = Series(), Series(), Claims(selection.params)
    for row in tables.read(artifacts.CURATED, Instruction):
        datasets[row.source].retained += 1
        datasets[row.source].classes.add(rights.source(row).rights)
        words.add(len(row.prompt.split()))
        score.add(selection.scores[row.id])
    for verdict in selection.verdicts:
        dataset = datasets[selection.sources[verdict.id]]
        if not verdict.keep:
            dataset.withheld[verdict.code] += 1
        elif verdict.id in selection.rows:
            dataset.released += 1
    order = list(CATEGORIES.values())
    return sorted(datasets.values(), key=lambda d: (order.index(d.category), d.synthetic)), words, score


def _add_scored(selection: Selection, datasets: dict[str, Dataset]) -> None:
    """Add words and scores of every row before selection; synthetic sets first appear here."""
    for row in artifacts.instructions(selection.params):
        if row.source not in datasets:
            name = row.id.split(",", 1)[0]
            datasets[row.source] = Dataset(row.source, name, CATEGORIES[row.category], synthetic=True)
        dataset = datasets[row.source]
        dataset.original += row.source not in selection.params.sources
        dataset.words.add(len(row.prompt.split()))
        if row.id in selection.scores:
            dataset.score.add(selection.scores[row.id])


def _members(params: Params) -> list[Member]:
    members = {name: Member(name, Series(), Series()) for name in params.candidates.authors}
    for feedback in tables.read(artifacts.JUDGED, Feedback):
        member = members[author(feedback.candidate_id)]
        member.score.add(feedback.score)
        member.rank.add(feedback.rank)
    return list(members.values())


def _asked(params: Params) -> list[Asked]:
    """Replies by stage, model and prompt, from the manifests."""
    count: Counter[tuple[str, str, str, str]] = Counter()
    price: defaultdict[tuple[str, str, str, str], float] = defaultdict(float)
    for stage, folder in _manifests(params):
        for use in tables.read(folder, Use, "manifest"):
            key = stage, use.model, use.prompt, use.prompt_hash
            count[key] += 1
            price[key] += use.price_usd
    return [Asked(*key, count[key], round(price[key], 6)) for key in count]


def _manifests(params: Params) -> list[tuple[str, Path]]:
    """(stage with its part, folder) of every data stage that asks a model."""
    return [(f"{a.stage} {part}".strip(), folder) for a in artifacts.of_chapter("data") if a.asks
            for part, folder in a.folders(params).items()]


def _verdicts(params: Params) -> dict[str, dict[str, int]]:
    """Codes by stage, for the stages that hold rows back."""
    counted = {a.stage: Counter(f"{v.outcome}: {v.code}" for v in a.read(params, Verdict, "verdicts"))
               for a in (artifacts.COLLECTED, artifacts.SCREENED, artifacts.CURATED, artifacts.COMPLETED)}
    return {stage: dict(sorted(codes.items())) for stage, codes in counted.items()}
