"""What the stages of the laptop build read and execute, compared with what dvc.yaml and their code keys declare."""

from functools import cache
from pathlib import Path

import pytest
import yaml
from workspace import Workspace

from ultramed.codekeys.exempt import ASKED, exempt
from ultramed.codekeys.keys import Keys, place
from ultramed.codekeys.reach import Reach

pytestmark = pytest.mark.slow

WATCHED = ("data", "models", "quality", "conf")
# Never read, on purpose: tokens order stages after their gates, code keys represent the code.
ORDER_ONLY = ("quality/tokens", "quality/code")
CHECKS = ("ultramed.params.data._each_once", "ultramed.params.training._amount")  # of values, which they never change
SOMETIMES = {"models/local/encoder": "stages.data.curate"}  # where curate.topics asks for clusters
BASE = "models/local/smollm2"  # the policies' base is made from it


def test_every_stage_was_recorded(built: Workspace) -> None:
    recorded = [_entries(built.root)[" ".join(record["stage"])]["name"] for record in built.records()]
    assert sorted(recorded) == sorted(built.run("dvc", "stage", "list", "--name-only").split())


def test_nothing_is_read_that_is_not_declared(built: Workspace) -> None:
    undeclared = {}
    for record in built.records():
        declared = _declared(built, record, "deps", "outs")
        extra = [p for p in _watched(record) if not any(_inside(p, d) or _partial(p, d) for d in declared)
                 and not _identified(p, declared)]
        if extra:
            undeclared[" ".join(record["stage"])] = extra
    assert undeclared == {}


def test_nothing_is_declared_that_is_not_read(built: Workspace) -> None:
    unread = {}
    for record in built.records():
        read, declared = _watched(record), _declared(built, record, "deps")
        idle = [d for d in declared if _is_watched(d) and not d.startswith(ORDER_ONLY)
                and not any(_inside(p, d) for p in read) and not _served(d, declared)
                and SOMETIMES.get(d) != f"stages.{record['stage'][0].removeprefix('stages.')}"]
        if idle:
            unread[" ".join(record["stage"])] = idle
    assert unread == {}


def test_every_function_that_a_stage_executes_is_in_its_key(built: Workspace) -> None:
    keys, uncovered = Keys(built.root), {}
    for record in built.records():
        reach = keys.reach(f"stages.{record['stage'][0]}")
        names = set(reach.nodes) | _of_families(keys, reach)
        missing = [name for name in record["functions"]
                   if not exempt(name) and name not in CHECKS and not _counted(name, names)]
        if missing:
            uncovered[" ".join(record["stage"])] = missing
    assert uncovered == {}


def test_families_that_a_stage_chooses_from_are_declared(built: Workspace) -> None:
    keys, undeclared = Keys(built.root), {}
    for record in built.records():
        script = record["stage"][0]
        families = {f for f in keys.reach(f"stages.{script}").families if not exempt(f)}
        families -= {family for family, stages in ASKED.items() if script.rpartition(".")[2] not in stages}
        declared = _declared(built, record, "deps")
        folders = {family: str(place(family, "")) for family in families}
        missing = [f for f, folder in folders.items() if not any(d.startswith(folder) for d in declared)]
        if missing:
            undeclared[" ".join(record["stage"])] = missing
    assert undeclared == {}


@cache
def _entries(root: Path) -> dict[str, dict]:
    """Stages in dvc.lock, by script and arguments."""
    stages = yaml.load((root / "dvc.lock").read_text(), yaml.CSafeLoader)["stages"]
    return {entry["cmd"].removeprefix("python -m stages."): {"name": name, **entry} for name, entry in stages.items()}


def _declared(built: Workspace, record: dict, *kinds: str) -> list[str]:
    entry = _entries(built.root)[" ".join(record["stage"])]
    return [item["path"] for kind in kinds for item in entry.get(kind, [])]


def _watched(record: dict) -> list[str]:
    return [path for path in record["paths"] if _is_watched(path)]


def _is_watched(path: str) -> bool:
    return path.startswith(tuple(f"{top}/" for top in WATCHED))


def _identified(path: str, declared: list[str]) -> bool:
    """Weights on this machine that a stage asks: it depends on their identity, which is a hash over them."""
    parts = Path(path).parts
    return parts[:2] == ("models", "local") and f"models/identity/{parts[2]}.json" in declared


def _served(weights: str, declared: list[str]) -> bool:
    """Whether these are weights of a policy that is asked, or of its base: its server reads them unless the ledger has
    every reply."""
    asked = {path.stem for path in map(Path, declared) if path.parent == Path("models/identity")}
    return weights.startswith("models/") and (Path(weights).name in asked or (weights == BASE and bool(asked)))


def _inside(path: str, declared: str) -> bool:
    return path == declared or path.startswith(f"{declared}/")


def _partial(path: str, declared: str) -> bool:
    """Whether a stage reads its own partial output, or the folder around it."""
    out = Path(declared)
    return path.startswith(str(out.with_name(f".{out.name}."))) or path == str(out.parent)


def _counted(name: str, names: set[str]) -> bool:
    """Whether a method counts, by itself or with its class."""
    return name in names or name.rpartition(".")[0] in names


def _of_families(keys: Keys, reach: Reach) -> set[str]:
    """Names reached by members of the families, including families that those members choose from."""
    names, waiting, done = set[str](), set(reach.families), set[str]()
    while waiting:
        done.add(family := waiting.pop())
        for reached in map(keys.reach, keys.members(family)):
            names |= set(reached.nodes)
            waiting |= reached.families - done
    return names
