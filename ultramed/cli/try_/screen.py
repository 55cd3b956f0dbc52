"""`ultramed try screen`: what the screen says of a text."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from ultramed import artifacts, params
from ultramed.cli.try_.lines import AsJson, File, Line, lines, tell
from ultramed.curation.evidence import evidence
from ultramed.curation.screen import screen as screened
from ultramed.errors import SourceError
from ultramed.params import Params
from ultramed.records import BenchmarkItem, Instruction, Message, Option, Verdict
from ultramed.sources.questions import all_questions

_FORMS = 'expected {"text": "…"}, or {"question": "…", "answer": "…", "options": {"A": "…"}}'


def screen(
    file: File,
    against: Annotated[Path | None, typer.Option(help="JSON lines of questions that must not leak; without it, the "
                                                      "benchmarks of params.yaml.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the verdict on each line, {"text"} or {"question", "answer", "options"}, as the stage would give it:
    identifiers, special tokens, language, broken-off answers, leaks, duplicates among the lines.

    Spans are characters of the text as given for identifiers, of the cleaned text for everything else.
    """
    settings = params.load()
    given = [(line, _row(line)) for line in lines(file)]
    result = screened([row for _, row in given], _items(against, settings), settings, remote=False)
    kept, verdicts = {row.id: row for row in result.rows}, {v.id: v for v in result.verdicts}
    for line, row in given:
        tell(line.number, _result(row, kept.get(row.id), verdicts[row.id], settings), as_json)


def _result(row: Instruction, kept: Instruction | None, verdict: Verdict, settings: Params) -> dict[str, Any]:
    told: dict[str, Any] = {
        "verdict": verdict.outcome, "code": verdict.code, "reason": verdict.reason,
        "spans": [{"kind": e.kind, "field": e.place.field, "start": e.place.start, "end": e.place.end}
                  for e in evidence(row, verdict, settings.screen)]}
    if kept is not None and kept != row:
        told["cleaned"] = {"question": kept.question, "answer": kept.reference,
                           "options": {o.letter: o.text for o in kept.options}}
    return told


def _items(against: Path | None, settings: Params) -> Iterator[BenchmarkItem]:
    if against is not None:
        for row in map(_row, lines(against)):
            yield BenchmarkItem(row.id, str(against), row.question, None, row.options, row.key, row.reference)
    elif all((artifacts.BENCHMARKS / name).exists() for name in settings.benchmarks):
        yield from all_questions(settings)
    else:
        print("leaks are not looked for: the benchmarks are not fetched, and --against names no file", file=sys.stderr)


def _row(line: Line) -> Instruction:
    question, answer = line.given.get("question", line.given.get("text")), line.given.get("answer")
    if not isinstance(question, str) or not isinstance(answer, str | None):
        raise SourceError(line.where, "has no question, or an answer that is not text", _FORMS)
    options = _options(line)
    key = next((o.letter for o in options if answer in (o.letter, o.text)), None)
    row_id = f"line {line.number}"
    return Instruction(
        id=row_id, source="try", category="exam" if options else "open", kind="clinical", synthetic=False,
        messages=[Message("user", question)], options=options, key=key, reference=None if key else answer, parent=None,
        round=0, family=row_id, rights="open", as_of=None, origin=line.where)


def _options(line: Line) -> list[Option]:
    given = line.given.get("options") or {}
    pairs = given.items() if isinstance(given, dict) else zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", given, strict=False)
    options = [Option(str(letter), text) for letter, text in pairs]
    if not all(isinstance(o.text, str) for o in options):
        raise SourceError(line.where, "has an option that is not text", _FORMS)
    return options
