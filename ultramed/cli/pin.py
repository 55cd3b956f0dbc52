"""`ultramed pin`: write the current hashes of locations into params.yaml."""

import io
from pathlib import Path
from typing import Annotated, Any

import typer
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import SingleQuotedScalarString

from ultramed import artifacts, params, tables
from ultramed.errors import ParamsError
from ultramed.sources import hub, locations

PARAMS = Path("params.yaml")
Place = tuple[str, ...]  # keys from the top of params.yaml down to one entry: ("raw", "medqa")


def pin(
    names: Annotated[list[str] | None, typer.Argument(help="inputs of params.yaml: medqa, benchmarks.mmlu …")] = None,
    all_: Annotated[bool, typer.Option("--all", help="every input and local model")] = False,
) -> None:
    """Write the hash of what a location holds now (for hf://, its commit) into params.yaml.

    A revision that is already a full commit stays; to update it, set it to a branch such as main and pin again.
    """
    places = _chosen(names or [], all_)
    pins = {place: _pin(place, entry) for place, entry in places.items()}
    before = PARAMS.read_text(encoding="utf-8")
    after = rewritten(before, pins)
    if after != before:
        tables.write_text(PARAMS, after)
    for place, (field, value) in pins.items():
        old = getattr(places[place], field)
        print(f"{'.'.join(place)}: {field} {value}" + (", unchanged" if old == value else f", was {old or 'empty'}"))


def rewritten(text: str, pins: dict[Place, tuple[str, str]]) -> str:
    """The text of params.yaml with the pins in it. Comments, quotes, flow style and long lines do not change."""
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 1_000_000
    tree = yaml.load(text)
    for place, (field, value) in pins.items():
        entry: Any = tree
        for part in place:
            entry = entry[part]
        _set(entry, field, value)
    out = io.StringIO()
    yaml.dump(tree, out)
    return out.getvalue()


def _set(entry: Any, field: str, value: str) -> None:
    """Always quoted: YAML would read a hash of digits and one 'e' as a number."""
    if entry.get(field) != value:
        quoted = SingleQuotedScalarString(value)
        if field in entry:
            entry[field] = quoted
        else:
            entry.insert(list(entry).index("location") + 1, field, quoted)
    entry.pop("sha256" if field == "revision" else "revision", None)


def _pin(place: Place, entry: params.Pin) -> tuple[str, str]:
    """Field and value of an entry's pin."""
    *section, name = place
    if not entry.location.startswith(hub.SCHEME):
        outs = {"raw": artifacts.RAW / name, "benchmarks": artifacts.BENCHMARKS, "general": artifacts.GENERAL_SETS}
        out = outs.get(section[0], Path("models/local") / name)
        return "sha256", locations.current_hash(name, entry.location, out)
    if hub.FULL_COMMIT.fullmatch(entry.revision or ""):
        return "revision", str(entry.revision)
    return "revision", hub.commit(f"{name}: {entry.location}", entry.location, entry.revision)


def _chosen(names: list[str], all_: bool) -> dict[Place, params.Pin]:
    """The entries to pin, by their place. Raises ParamsError for an unknown, ambiguous or missing name."""
    entries = params.load(PARAMS).pins
    if all_:
        return entries
    if not names:
        raise ParamsError("ultramed pin", "no name given", "name inputs of params.yaml, or use --all")
    places = [_place(name, list(entries)) for name in names]
    return {place: entries[place] for place in places}


def _place(name: str, known: list[Place]) -> Place:
    """The entry of that name, which may include its section: `medqa`, `benchmarks.medqa`."""
    matches = [place for place in known if name in (place[-1], ".".join(place))]
    if not matches:
        expected = ", ".join(place[-1] for place in known)
        raise ParamsError("ultramed pin", f"'{name}' is in none of raw, benchmarks, general and models.local; "
                          f"expected {expected}")
    if len(matches) > 1:
        candidates = " and ".join(".".join(place) for place in matches)
        raise ParamsError("ultramed pin", f"'{name}' could be {candidates}", "include the section")
    return matches[0]
