"""`ultramed explain`: the full history of one row."""

import json
from typing import Annotated

import typer

from ultramed import artifacts, params
from ultramed.report.lineage import Row, Story, tell

CUT = 400  # characters shown of each text, unless --full


def explain(
    row_id: Annotated[str, typer.Argument(help="id of a row, a benchmark item, an answer (…@author), a pair (…#a>b)")],
    full: Annotated[bool, typer.Option("--full", help="show texts in full")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Raw line → parents → prompts → replies → scores → every verdict → pairs; for a dropped row, where and why."""
    story = tell(row_id, params.load())
    if as_json:
        print(json.dumps(_plain(story), indent=1))  # ASCII: escapes terminal control characters
        return
    chain = []
    current: Story | None = story
    while current is not None:
        chain.append(current)
        current = current.parent
    for depth, link in enumerate(reversed(chain)):
        print(_clean("\n".join(_lines(link, None if full else CUT))))
        if depth < len(chain) - 1:
            print("\n  ↓\n")


def _lines(s: Story, cut: int | None) -> list[str]:
    out = [f"■ {s.id}"]
    out += _text("raw", s.raw, cut) if s.raw else []
    if s.rows:
        last = s.rows[-1]
        raw = "" if last["synthetic"] else f"{artifacts.RAW}/{last['source']}/"
        out += [f"  origin     {raw}{last['origin']}", f"  rights     {last['rights']}    family {last['family']}"
                + (f"    parent {last['parent']}, round {last['round']}" if last["parent"] else "")]
        out += _text("question", last["messages"][-1]["content"], cut)
        out += [f"  option     {o['letter']}. {o['text']}" for o in last["options"]]
        out += [f"  key        {last['key']}"] if last["key"] else []
        out += _text("reference", last["reference"], cut) if last["reference"] else []
    out += [f"  score      {r['score']:g} by {r['method']}  {r['justification']}".rstrip() for r in s.scores]
    out += [f"  split      {r['split']} (family {r['family']})" for r in s.split]
    for kind, answers in (("completion", s.completions), ("candidate", s.candidates), ("sample", s.samples)):
        for a in answers:
            out += _pointed(a["id"] == s.asked, _text(f"{kind} by {a['author']}", a["text"], cut))
    for p in s.predictions:
        head = f"{p['policy']} ({p['mode']}): {p['letter'] or p['outcome']}, key {p['key'] or 'none'}"
        out += _pointed(p["id"] == s.asked, _text(head, p["text"], cut))
    out += [f"  judged     {f['candidate_id']}: score {f['score']}, rank {f['rank']}, shown {f['shown']}: "
            f"{f['critique'][:cut]}" for f in s.feedback]
    for p in s.pairs:
        line = f"  pair       {p['id']}  margin {p['margin']}  {p['label_type'] or 'not selected'}  {p['split']}"
        out += _pointed(p["id"] == s.asked, [line])
    out += ["  verdicts"] + [f"    {v['outcome']:<12}{v['stage']:<20}{v['code']:<20}"
                              + (f"{v['id']}: " if v["id"] != s.id else "") + v["reason"] for v in s.verdicts]
    out += ["  asked"] if s.requests else []
    for r in s.requests:
        out += _request(r, cut)
    return out + ([f"  children   {', '.join(s.children)}"] if s.children else [])


def _pointed(asked: bool, lines: list[str]) -> list[str]:
    """The lines of a part, marked if it is what was asked for."""
    return [f"▶ {lines[0].removeprefix('  ')}", *lines[1:]] if asked else lines


def _request(r: Row, cut: int | None) -> list[str]:
    head = (f"    {r['step']:<12}{r['model']}, prompt {r['prompt']} ({r['prompt_hash']}), {r['prompt_tokens']}+"
            f"{r['completion_tokens']} tokens, USD {r['price_usd']:g}, {r['outcome']}, key {r['request_key'][:12]}")
    if "reply" not in r:
        return [head, "                its text is not in this machine's ledger"]
    return [head, *_text("    question", r["asked"][-1]["content"], cut), *_text("    reply", r["reply"], cut)]


def _text(name: str, text: str, cut: int | None) -> list[str]:
    shown = text if cut is None or len(text) <= cut else f"{text[:cut]}… ({len(text)} characters, --full shows all)"
    lines = shown.splitlines() or [""]
    return [f"  {name:<10} {lines[0]}", *(f"             {line}" for line in lines[1:])]


def _clean(text: str) -> str:
    """Text without control characters: text from data or models must not control the terminal."""
    return "".join(c if c in "\n\t" or c.isprintable() else " " if c.isspace() else "" for c in text)


def _plain(story: Story) -> Row:
    fields = {k: v for k, v in vars(story).items() if k != "parent"}
    return {**fields, "parent": _plain(story.parent) if story.parent else None}
