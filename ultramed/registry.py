"""Families of objects, one module each: a way to train, an engine, a raw format, a gate.

A family is a package; each of its modules declares one member. Adding a member is adding a file: names are read from
the folder without importing anything, and only the member that is asked for is imported.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parent.parent


def names(package: str) -> list[str]:
    """Names of a family's members, sorted. Modules that start with an underscore are the family's own machinery."""
    folder = ROOT / package.replace(".", "/")
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))


def load(package: str, name: str) -> ModuleType:
    """The module of a member. Raises KeyError for a name that is no member, whatever the name holds."""
    if name not in names(package):
        raise KeyError(name)
    return import_module(f"{package}.{name}")
