"""Names in `params.yaml` become parts of commands, paths and row ids: each is checked, in every mapping."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from test_params import API, edited, mistake

from ultramed import params
from ultramed.params.names import Key, Name, StageName

HOSTILE = ["x;touch F", "$(touch F)", "`touch F`", "x|y", "x&y", "x y", "a\nb", "a\n", "", "..", "../x", "a/b", "a\\b",
           ".hidden", "-rf", "--help", "läptöp", "\u202eabc", "\x1b[31mred", "a'b", 'a"b', "${raw}", "*", "~", "a,b",
           "a@b", "a#b", "a>b", "x" * 101, "\u0661"]
MAPPINGS = {  # a mapping of params.yaml and a value of an entry; null: a copy of the first entry
    "raw": None, "models.local": None, "models.remote": API, "sources": None, "benchmarks": None, "general": None,
    "curate.min_score": None, "candidates.pool": None, "checks": None, "mix.instructions": None,
    "mix.preferences": None, "train": None, "iterate.rounds": None, "evaluate.policies": None,
    "evaluate.ensembles": None, "evaluate.reward_models": None, "budget_usd.stages": 1.0,
    "release.overrides": {"rights": "deny", "by": "a", "on": "2026-01-02", "because": "x" * 20},
    "evolve.sets": None, "release.profiles": None, "serving.options": 1, "models.local.smollm2.options": 1}
TEXTS = ["scale", "sources.medqa.prefix", "general.ultrachat.prefix"]


def at(tree: dict[str, Any], place: str) -> dict[str, Any]:
    for part in place.split("."):
        tree = tree.setdefault(part, {})
    return tree


def adding(place: str, name: str) -> Callable[[dict[str, Any]], object]:
    def add(tree: dict[str, Any]) -> None:
        mapping, value = at(tree, place), MAPPINGS[place]
        mapping[name] = next(iter(mapping.values())) if value is None else value

    return add


@pytest.mark.parametrize("place", MAPPINGS)
def test_a_name_that_is_more_than_a_name_is_refused_in_every_mapping(place: str, tmp_path: Path) -> None:
    for name in ("x;touch F", "../../x", "a\n", "\x1b[31m"):
        line = mistake(edited(tmp_path, adding(place, name)))
        assert line.startswith(f"{place}.") and line.isprintable(), line


@pytest.mark.parametrize("place", TEXTS)
def test_a_prefix_or_scale_that_is_more_than_a_name_is_refused(place: str, tmp_path: Path) -> None:
    section, _, field = place.rpartition(".")
    for name in ("x;touch F", "../x", "\x1b[31m"):
        line = mistake(edited(tmp_path, lambda v, n=name: (at(v, section) if section else v).update({field: n})))
        assert line.startswith(f"{place}: is ") and line.isprintable(), line


@pytest.mark.parametrize("kind", [Name, Key, StageName], ids=["name", "key", "stage"])
@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names(kind: Any, name: str) -> None:
    if kind is StageName and name == "a@b":
        return
    with pytest.raises(ValidationError, match="a name has letters A to Z, digits"):
        TypeAdapter(kind).validate_python(name)


@pytest.mark.parametrize("name", ["medqa", "MedInstruct-52k", "iterate-1", "a_b", "1", "x" * 100])
def test_usual_names(name: str) -> None:
    for kind in (Name, Key, StageName):
        assert TypeAdapter(kind).validate_python(name) == name
    assert TypeAdapter(StageName).validate_python(f"candidates@{name}") == f"candidates@{name}"


def test_a_dot_is_refused_where_dvc_would_look_for_a_section(tmp_path: Path) -> None:
    line = mistake(edited(tmp_path, adding("candidates.pool", "llama-3.1")))
    assert line == ("candidates.pool.llama-3.1: is 'llama-3.1'; DVC reads a dot in it as a step into a section: write "
                    "'llama-3-1'")
    assert TypeAdapter(Name).validate_python("v1.0") == "v1.0"


def test_a_very_long_name_costs_no_time_and_no_page() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Key).validate_python("a-" * 50_000 + ";")
    assert len(caught.value.errors()[0]["msg"]) < 250


def mappings(model: type[BaseModel]) -> set[tuple[str, str, Any]]:
    """(section, field, key type) of every mapping in a section and those below it."""
    found: set[tuple[str, str, Any]] = set()
    for name, field in model.model_fields.items():
        kinds = [field.annotation]
        while kinds:
            kind = kinds.pop()
            if get_origin(kind) is dict:
                found.add((model.__name__, name, get_args(kind)[0]))
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                found |= mappings(kind)
            kinds += get_args(kind)
    return found


def test_no_mapping_takes_just_any_text_as_a_name() -> None:
    loose = {(section, field) for section, field, key in mappings(params.Params) if key is str}
    # names of speakers in a raw file, and what is sent to an endpoint: data, not names
    assert {field for _, field in loose} == {"roles", "headers", "query", "request"}
    assert len(mappings(params.Params)) > 20
