"""Curation proper: thresholds on the difficulty score, then leaks and duplicates again, now with synthetic rows too."""

from collections import Counter
from collections.abc import Iterable, Mapping

from ultramed.curation.composition import by_meaning, ordered
from ultramed.curation.decontaminate import Index
from ultramed.curation.screen import ScreenResult, refuse_repeated, without_duplicates
from ultramed.errors import ParamsError
from ultramed.params import Params
from ultramed.records import BenchmarkItem, Instruction, Score, Verdict, drop, keep, quarantine

STAGE = "curate"


def select(
    instructions: Iterable[Instruction], scores: Iterable[Score], items: Iterable[BenchmarkItem], settings: Params
) -> ScreenResult:
    """Rows that reach their source's threshold, repeat neither a benchmark nor an earlier row, and are within what is
    ordered of their source.

    An evolved row is dropped for its parent only if the two are duplicates. Raises ParamsError for sources without a
    threshold, SourceError for an id that occurs twice.
    """
    rows = list(instructions)
    _refuse_unknown({i.source for i in rows}, settings.curate.min_score)
    index = Index.from_items(items, settings.decontaminate)
    by_id = {s.id: s.score for s in scores}
    verdicts: dict[str, Verdict] = {}
    for row in rows:
        refuse_repeated(row.id, verdicts)
        verdicts[row.id] = _judge(row, by_id.get(row.id), settings.curate.min_score[row.source], index)
    found = without_duplicates([i for i in rows if verdicts[i.id].keep], verdicts, STAGE, settings)
    surplus = ordered(found.rows, by_id, Counter(i.source for i in rows), settings, by_meaning)
    return ScreenResult([i for i in found.rows if i.id not in surplus], [surplus.get(v.id, v) for v in found.verdicts])


def _refuse_unknown(sources: set[str], thresholds: Mapping[str, float]) -> None:
    if missing := sorted(sources - set(thresholds)):
        raise ParamsError(
            "params.yaml: curate.min_score",
            f"has no threshold for {', '.join(missing)}; every source of rows needs one", "add a line for each",
        )


def _judge(row: Instruction, score: float | None, threshold: float, index: Index) -> Verdict:
    if score is None:
        return quarantine(row.id, STAGE, "no_score", "the row has 0 scores, 1 expected; see its verdict of stage score")
    if score < threshold:
        return drop(row.id, STAGE, "low_score", f"score {score:g}; curate.min_score.{row.source} is {threshold:g}")
    if leak := index.match(row):
        return drop(row.id, STAGE, "leak", leak.reason)
    return keep(row.id, STAGE, "kept", f"score {score:g}; curate.min_score.{row.source} is {threshold:g}")
