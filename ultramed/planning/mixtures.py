"""Rows of the training half's artifacts: completions, candidates, pairs, mixtures, on-policy pairs."""

from collections import Counter

from ultramed import artifacts
from ultramed.evaluation.tasks import task_name
from ultramed.params import MEDICAL
from ultramed.planning.ranges import Range, exact, total
from ultramed.planning.rows import Rows
from ultramed.sources.questions import questions


def completed(rows: Rows) -> dict[str, Range]:
    """Accepted answers by source, where nothing is here to be counted: exam items whose key was reached, open ones."""
    plan, book = rows.settings.complete, rows.book
    again = book.number("complete.missed_again").expected ** (plan.attempts - 1)
    missed = book.number("complete.missed").expected * again
    kept = Range(1 - missed, 1 - missed, 1)
    return {name: (found * kept).whole() if rows.exam(name) else found for name, found in rows.curated().items()}


def asked_pool(rows: Rows) -> Range:
    """Instructions that get a pool of candidates."""
    curated = rows.curated()
    contested = rows.book.number("complete.contested").expected if rows.settings.complete.solvers else 0
    usable = total((n * (1 - contested)).whole() if rows.exam(name) else n for name, n in curated.items())
    return usable.at_most(rows.settings.candidates.prompts)


def pairs(rows: Rows) -> Range:
    """Selected pairs, of all splits."""
    counted = rows.here.count(artifacts.PAIRED, "selected")
    if counted is not None:
        return exact(counted)
    each = rows.book.number("pair.selected").at_most(rows.settings.pair.per_prompt)
    return (asked_pool(rows) * rows.book.number("judge.read") * each).whole()


def allowed(rows: Rows, of: dict[str, Range]) -> Range:
    """The rows of those sources whose rights a model may learn from."""
    return total(n for name, n in of.items() if rows.rights(name) in rows.settings.mix.allows)


def general(rows: Rows, name: str) -> Range:
    """Rows of a general-domain set that pass its screen."""
    own = rows.settings.general[name]
    counted = rows.here.count(artifacts.GENERAL / name)
    if counted is not None:
        return exact(counted)
    if own.rights == "deny":
        return exact(0)
    if folder := rows.here.raw(artifacts.GENERAL_SETS / name, own.location):
        from ultramed.sources.general_sets import load

        known = sum(1 for _ in load(name, own, folder))
    else:
        known = rows.book.rows("general", name)
    return (rows.book.number("general.kept") * min(known, own.limit or known)).whole()


def mixed(rows: Rows, kind: str) -> Range:
    """Rows that a mixture, `instructions` or `preferences`, has for training."""
    counted = rows.here.count(artifacts.MIXTURES[kind])
    if counted is not None:
        return exact(counted)
    s = rows.settings
    weights: dict[str, float] = getattr(s.mix, kind)
    own = completed(rows)
    if kind == "instructions":
        medical = allowed(rows, own)
    else:  # pairs are taken to be spread over sources as the answers are
        share = allowed(rows, own).expected / max(1, total(own.values()).expected)
        medical = pairs(rows) * share
    found = [medical * ((1 - s.split.dev - s.split.test) * weights.get(MEDICAL, 0))]
    for name, weight in weights.items():
        if name != MEDICAL and s.general[name].rights in s.mix.allows:
            found.append(general(rows, name) * weight)
    return total(found).whole()


def prompts(rows: Rows) -> Range:
    """Instructions that a round of iterative training asks about."""
    return mixed(rows, "instructions").at_most(rows.settings.iterate.prompts)


def sampled(rows: Rows, number: str) -> Range:
    """Pairs of a round."""
    counted = rows.here.count(artifacts.SAMPLED / number)
    return exact(counted) if counted is not None else (prompts(rows) * rows.book.number("sample.pairs")).whole()


def items(rows: Rows) -> int:
    """Benchmark questions that a policy answers once."""
    s, sizes = rows.settings, list[int]()
    for name, benchmark in s.benchmarks.items():
        if folder := rows.here.raw(artifacts.BENCHMARKS / name, benchmark.location):
            sizes += Counter(map(task_name, questions(name, benchmark, folder))).values()
        else:
            sizes += rows.book.tasks(name)
    return sum(min(size, s.evaluate.items or size) for size in sizes)
