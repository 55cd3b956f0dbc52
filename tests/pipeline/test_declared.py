"""What the stages of the laptop build read and execute, beside what dvc.yaml and their code keys declare."""

from pathlib import Path

import pytest
import yaml
from workspace import Workspace

from ultramed.codekeys.exempt import ASKED, exempt
from ultramed.codekeys.keys import Keys, place
from ultramed.codekeys.reach import Reach

pytestmark = pytest.mark.slow

WATCHED = ("data", "models", "quality", "conf")
# Never read, on purpose: tokens order stages behind their gates, code keys stand for the code.
ORDER_ONLY = ("quality/tokens", "quality/code")


def test_stages_were_recorded(built: Workspace) -> None:
    recorded = {" ".join(record["stage"]) for record in built.records()}
    commands = {stage["cmd"].removeprefix("python -m stages.") for stage in _lock(built).values()}
    assert recorded <= commands and len(recorded) > 70


def test_nothing_is_read_that_is_not_declared(built: Workspace) -> None:
    found = {}
    for record in built.records():
        declared = [*_declared(built, record["stage"], "deps"), *_declared(built, record["stage"], "outs")]
        extra = [p for p in _watched(record) if not any(_inside(p, d) or _partial(p, d) for d in declared)]
        if extra:
            found[" ".join(record["stage"])] = extra
    assert found == {}


def test_nothing_is_declared_that_is_not_read(built: Workspace) -> None:
    found = {}
    for record in built.records():
        read = _watched(record)
        idle = [d for d in _declared(built, record["stage"], "deps")
                if d.startswith(tuple(f"{top}/" for top in WATCHED)) and not d.startswith(ORDER_ONLY)
                and not any(_inside(p, d) for p in read) and not _served(d, _declared(built, record["stage"], "deps"))]
        if idle:
            found[" ".join(record["stage"])] = idle
    assert found == {}


def test_every_function_that_a_stage_executes_is_in_its_key(built: Workspace) -> None:
    keys, found = Keys(built.root), {}
    for record in built.records():
        reach = keys.reach(f"stages.{record['stage'][0]}")
        names = set(reach.nodes) | _of_families(keys, reach)
        missing = sorted(name for file, qualified in record["functions"] if (name := _name(file, qualified))
                         and not exempt(name) and not _counted(name, names))
        if missing:
            found[" ".join(record["stage"])] = missing
    assert found == {}


def test_families_that_a_stage_chooses_from_are_declared(built: Workspace) -> None:
    keys, found = Keys(built.root), {}
    for record in built.records():
        script = record["stage"][0]
        families = {f for f in keys.reach(f"stages.{script}").families if not exempt(f)}
        families -= {family for family, stages in ASKED.items() if script.rpartition(".")[2] not in stages}
        declared = _declared(built, record["stage"], "deps")
        places = {family: str(place(family, "")) for family in families}
        missing = [f for f, place in places.items() if not any(d.startswith(place) for d in declared)]
        if missing:
            found[" ".join(record["stage"])] = missing
    assert found == {}


def _lock(built: Workspace) -> dict:
    return yaml.safe_load((built.root / "dvc.lock").read_text())["stages"]


def _declared(built: Workspace, stage: list[str], kind: str) -> list[str]:
    command = f"python -m stages.{' '.join(stage)}"
    return [item["path"] for entry in _lock(built).values() if entry["cmd"] == command for item in entry.get(kind, [])]


def _watched(record: dict) -> list[str]:
    return [path for path in record["paths"] if path.startswith(tuple(f"{top}/" for top in WATCHED))]


def _served(weights: str, declared: list[str]) -> bool:
    """Weights of a policy that is asked: its server reads them, where the ledger does not have every reply."""
    return weights.startswith("models/") and f"models/identity/{Path(weights).name}.json" in declared


def _inside(path: str, declared: str) -> bool:
    return path == declared or path.startswith(f"{declared}/")


def _partial(path: str, declared: str) -> bool:
    """What a stage reads of its own output while it writes it, and the folder it writes it beside."""
    place = Path(declared)
    return path.startswith(str(place.with_name(f".{place.name}."))) or path == str(place.parent)


def _name(file: str, qualified: str) -> str:
    """The dotted name of a function that was entered; empty for code that runs on import."""
    if not file.startswith(("ultramed/", "stages/")) or not file.endswith(".py") or qualified.startswith("<"):
        return ""
    return ".".join([*Path(file).with_suffix("").parts, qualified.split(".<locals>")[0]]).replace(".__init__.", ".", 1)


def _counted(name: str, names: set[str]) -> bool:
    """A method counts by itself or with its class."""
    return name in names or name.rpartition(".")[0] in names


def _of_families(keys: Keys, reach: Reach) -> set[str]:
    """Names that the members of its families reach, and of those that they choose from."""
    names, waiting, done = set[str](), set(reach.families), set[str]()
    while waiting:
        done.add(family := waiting.pop())
        for reached in map(keys.reach, keys.members(family)):
            names |= set(reached.nodes)
            waiting |= reached.families - done
    return names
