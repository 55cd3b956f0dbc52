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
from ultramed.prompts import Prompt, render
from ultramed.records import drop, keep, quarantine
from ultramed.rights import most_restrictive
from ultramed.seeds import draw, seed_of
from ultramed.synthesis.items import flaw
from ultramed.synthesis.verification import Settled
from ultramed.synthetic import WIKIINSTRUCT
from ultramed.tokens import characters

STAGE = "wikipedia"
TASK, CONTEXT = 400, 750  # characters of a task of two sentences, and of a context of 100 words, where there is room


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
    """A subfield and the entries that ground it."""

    domain: Domain
    name: str
    description: str  # "" if none was asked for
    slug: str
    entries: list[Entry]


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


def write_tasks(client: Client, domains: list[Domain], entries: list[Entry], params: Params) -> Settled:
    """Tasks for every subfield of the drawn domains; failures get a verdict too."""
    result = Settled()
    names = set(draw([d.name for d in domains], params.wikipedia.domains, params.seed, STAGE))
    fields = _subfields(client, [d for d in domains if d.name in names], entries, params, result)
    settings = params.wikipedia
    kind = _tasks(settings.instructions, settings.max_tokens)
    rights = most_restrictive(settings.rights, client.settings.rights)
    requests = (
        Request(f"{WIKIINSTRUCT.prefix},{f.slug}", "tasks", _asked(f, params), _sampling(params, f.slug), kind,
                rights=settings.rights)
        for f in fields)
    for f, answer in zip(fields, client.ask(requests, "wikipedia, tasks", len(fields)), strict=True):
        if not answer.ok:
            result.verdicts.append(quarantine(f"{WIKIINSTRUCT.prefix},{f.slug}", STAGE, answer.failure, answer.detail))
            continue
        for number, task in enumerate(answer.value.tasks, 1):
            _take(f, number, task, rights, result)
    return result


def _asked(f: Subfield, params: Params) -> Prompt:
    filling: dict[str, object] = {"domain": f.domain.name, "subfield": f.name, "count": params.wikipedia.instructions}
    passages = [entry.text for entry in f.entries]
    if params.prompts == "full":
        filling |= {"passages": passages, "subfield_description": f.description}
    else:
        filling |= {"passage": "\n\n".join(passages)}
    return render("wikipedia-instructions", params.prompts, **filling)


def _subfields(
    client: Client, domains: list[Domain], entries: list[Entry], params: Params, result: Settled
) -> list[Subfield]:
    described = params.prompts == "full"
    kind = _named(params.wikipedia.subfields, described)
    requests = (
        Request(f"{WIKIINSTRUCT.prefix},{_slug(d.name)}", "subfields", render(
            "wikipedia-subfields", params.prompts, domain=d.name, description=d.description,
            count=params.wikipedia.subfields),
            _sampling(params, d.name), kind)
        for d in domains)
    subfields: list[tuple[Domain, str, str]] = []
    for domain, answer in zip(domains, client.ask(requests, "wikipedia, subfields", len(domains)), strict=True):
        row_id = f"{WIKIINSTRUCT.prefix},{_slug(domain.name)}"
        if not answer.ok:
            result.verdicts.append(quarantine(row_id, STAGE, answer.failure, answer.detail))
            continue
        given = [(n.name, n.description) if described else (n, "") for n in answer.value.subfields]
        names = {name.strip().lower(): (name.strip(), told.strip()) for name, told in given if name.strip()}
        subfields += [(domain, *name) for name in names.values()]
        result.verdicts += [
            drop(f"{row_id}_{n}", STAGE, "repeated_subfield", f"{len(names)} different of {params.wikipedia.subfields}")
            for n in range(len(names) + 1, params.wikipedia.subfields + 1)]
    return _grounded(subfields, entries, params.wikipedia.passages)


def _grounded(subfields: list[tuple[Domain, str, str]], entries: list[Entry], passages: int) -> list[Subfield]:
    if not subfields:
        return []
    vectors = encode([f"{e.title}. {e.text}" for e in entries])
    asked = [f"{d.name}: {name}. {told or d.description}" for d, name, told in subfields]
    picks = nearest(encode(asked), vectors, min(passages, len(entries)))
    numbers: dict[str, int] = {}
    fields = []
    for (domain, name, told), found in zip(subfields, picks, strict=True):
        numbers[domain.name] = numbers.get(domain.name, 0) + 1
        slug = f"{_slug(domain.name)}_{numbers[domain.name]}"
        fields.append(Subfield(domain, name, told, slug, [entries[pick] for pick in found]))
    return fields


def _take(f: Subfield, number: int, task: Any, rights: str, result: Settled) -> None:
    row_id = f"{WIKIINSTRUCT.prefix},{f.slug}_{number}"
    if defect := flaw(task.instruction, []):
        result.verdicts.append(drop(row_id, STAGE, *defect))
        return
    context = task.context.strip()
    text = task.instruction.strip() + (f"\n\n{context}" if context and context.lower() != "none" else "")
    result.rows.append(WIKIINSTRUCT.instruction(
        row_id, text, rights=rights, origin=f"domain {f.domain.name}, {_cited(f.entries)}"))
    result.verdicts.append(keep(row_id, STAGE, "written", f"task {number} on {f.slug}"))


def _cited(entries: list[Entry]) -> str:
    return f"grounded in the {'entry' if len(entries) == 1 else 'entries'} {', '.join(e.title for e in entries)}"


def _sampling(params: Params, name: str) -> Sampling:
    settings = params.wikipedia
    return Sampling.of(settings, settings.max_tokens, seed_of(params.seed, STAGE, name))


@cache
def _named(count: int, described: bool) -> type[BaseModel]:
    name: Any = Annotated[str, Field(min_length=3, max_length=60)]
    if described:
        name = create_model("Subfield", name=(name, ...), description=(str, Field(min_length=10, max_length=300)))
    fields: dict[str, Any] = {"subfields": (list[name], Field(min_length=count, max_length=count))}
    return create_model("Subfields", **fields)


@cache
def _tasks(count: int, max_tokens: int) -> type[BaseModel]:
    room = characters(max_tokens) // count
    parts: dict[str, Any] = {
        "instruction": (str, Field(min_length=15, max_length=max(room // 3, min(room // 2, TASK)))),
        "context": (str, Field(max_length=max(room // 3, min(room - TASK, CONTEXT))))}
    fields: dict[str, Any] = {
        "tasks": (list[create_model("Task", **parts)], Field(min_length=count, max_length=count))}  # type: ignore[misc]
    return create_model("Tasks", **fields)


def _slug(name: str) -> str:
    return "_".join("".join(c if c.isalnum() else " " for c in name).split())
