"""WikiInstruct: domains → subfields → tasks, each subfield grounded in the encyclopaedia entry nearest to it."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, create_model

from ultramed.embeddings import encode, nearest
from ultramed.errors import SourceError
from ultramed.inference.client import Client
from ultramed.ledger.requests import Request, Sampling
from ultramed.params import Params
from ultramed.prompts import render
from ultramed.records import drop, keep, quarantine
from ultramed.rights import most_restrictive
from ultramed.seeds import draw, seed_of
from ultramed.synthesis.items import flaw
from ultramed.synthesis.textbook import Synthesised
from ultramed.synthetic import WIKIINSTRUCT
from ultramed.tokens import characters

STAGE = "wikipedia"


@dataclass(frozen=True)
class Domain:
    name: str
    description: str


@dataclass(frozen=True)
class Entry:
    title: str
    text: str


@dataclass(frozen=True)
class Subfield:
    """A subfield and the entry that grounds it."""

    domain: Domain
    name: str
    slug: str
    entry: Entry


def read_domains(folder: Path) -> list[Domain]:
    """The domain list, JSON `[{name, description}]`."""
    path = next(iter(sorted(folder.glob("*.json"))), folder / "biomed_domains.json")
    try:
        return [Domain(d["name"], d["description"]) for d in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(str(path), f"is not a list of {{name, description}}: {error}", "fix the file") from None


def read_entries(folder: Path) -> list[Entry]:
    """Encyclopaedia entries, JSON lines `{title, text}`. Raises SourceError if there are none."""
    entries = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_bytes().splitlines(), 1):  # bytes: texts may hold U+2028
            try:
                row = json.loads(line)
                entries.append(Entry(row["title"], row["text"]))
            except (ValueError, KeyError, TypeError) as error:
                raise SourceError(f"{path}:{number}", f"is not an entry {{title, text}}: {error}", "fix it") from None
    if not entries:
        raise SourceError(str(folder), "holds no entries; expected at least 1", "check raw.encyclopedia")
    return entries


def write_tasks(client: Client, domains: list[Domain], entries: list[Entry], params: Params) -> Synthesised:
    """Tasks for every subfield of the drawn domains; failures get a verdict too."""
    result = Synthesised()
    names = set(draw([d.name for d in domains], params.wikipedia.domains, params.seed, STAGE))
    fields = _subfields(client, [d for d in domains if d.name in names], entries, params, result)
    settings = params.wikipedia
    kind = _tasks(settings.instructions, settings.max_tokens)
    rights = most_restrictive(settings.rights, client.settings.rights)
    requests = (
        Request(f"{WIKIINSTRUCT.prefix},{f.slug}", "tasks", render(
            "wikipedia-instructions", domain=f.domain.name, subfield=f.name, passage=f.entry.text,
            count=settings.instructions), _sampling(params, f.slug), kind, rights=settings.rights)
        for f in fields)
    for f, answer in zip(fields, client.ask(requests, "wikipedia, tasks", len(fields)), strict=True):
        if not answer.ok:
            result.verdicts.append(quarantine(f"{WIKIINSTRUCT.prefix},{f.slug}", STAGE, answer.failure, answer.detail))
            continue
        for number, task in enumerate(answer.value.tasks, 1):
            _take(f, number, task, rights, result)
    return result


def _subfields(
    client: Client, domains: list[Domain], entries: list[Entry], params: Params, result: Synthesised
) -> list[Subfield]:
    kind = _named(params.wikipedia.subfields)
    requests = (
        Request(f"{WIKIINSTRUCT.prefix},{_slug(d.name)}", "subfields", render(
            "wikipedia-subfields", domain=d.name, description=d.description, count=params.wikipedia.subfields),
            _sampling(params, d.name), kind)
        for d in domains)
    subfields: list[tuple[Domain, str]] = []
    for domain, answer in zip(domains, client.ask(requests, "wikipedia, subfields", len(domains)), strict=True):
        row_id = f"{WIKIINSTRUCT.prefix},{_slug(domain.name)}"
        if not answer.ok:
            result.verdicts.append(quarantine(row_id, STAGE, answer.failure, answer.detail))
            continue
        names = {n.strip().lower(): n.strip() for n in answer.value.subfields if n.strip()}
        subfields += [(domain, name) for name in names.values()]
        result.verdicts += [
            drop(f"{row_id}_{n}", STAGE, "repeated_subfield", f"{len(names)} different of {params.wikipedia.subfields}")
            for n in range(len(names) + 1, params.wikipedia.subfields + 1)]
    return _grounded(subfields, entries)


def _grounded(subfields: list[tuple[Domain, str]], entries: list[Entry]) -> list[Subfield]:
    if not subfields:
        return []
    vectors = encode([f"{e.title}. {e.text}" for e in entries])
    picks = nearest(encode([f"{d.name}: {name}. {d.description}" for d, name in subfields]), vectors, 1)
    numbers: dict[str, int] = {}
    fields = []
    for (domain, name), (pick,) in zip(subfields, picks, strict=True):
        numbers[domain.name] = numbers.get(domain.name, 0) + 1
        fields.append(Subfield(domain, name, f"{_slug(domain.name)}_{numbers[domain.name]}", entries[pick]))
    return fields


def _take(f: Subfield, number: int, task: Any, rights: str, result: Synthesised) -> None:
    row_id = f"{WIKIINSTRUCT.prefix},{f.slug}_{number}"
    if defect := flaw(task.instruction, []):
        result.verdicts.append(drop(row_id, STAGE, *defect))
        return
    context = task.context.strip()
    text = task.instruction.strip() + (f"\n\n{context}" if context and context.lower() != "none" else "")
    result.rows.append(WIKIINSTRUCT.instruction(
        row_id, text, rights=rights, origin=f"domain {f.domain.name}, grounded in the entry {f.entry.title}"))
    result.verdicts.append(keep(row_id, STAGE, "written", f"task {number} on {f.slug}"))


def _sampling(params: Params, name: str) -> Sampling:
    settings = params.wikipedia
    return Sampling.of(settings, settings.max_tokens, seed_of(params.seed, STAGE, name))


@cache
def _named(count: int) -> type[BaseModel]:
    name = Annotated[str, Field(min_length=3, max_length=60)]
    fields: dict[str, Any] = {"subfields": (list[name], Field(min_length=count, max_length=count))}
    return create_model("Subfields", **fields)


@cache
def _tasks(count: int, max_tokens: int) -> type[BaseModel]:
    room = characters(max_tokens) // count
    parts: dict[str, Any] = {
        "instruction": (str, Field(min_length=15, max_length=room // 2)), "context": (str, Field(max_length=room // 3))}
    fields: dict[str, Any] = {
        "tasks": (list[create_model("Task", **parts)], Field(min_length=count, max_length=count))}  # type: ignore[misc]
    return create_model("Tasks", **fields)


def _slug(name: str) -> str:
    return "_".join("".join(c if c.isalnum() else " " for c in name).split())
