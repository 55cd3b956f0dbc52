"""Families of objects, one module per member: training methods, engines, raw formats, gates.

A family is a package, and each of its modules declares one member. To add a member, add a file: names are read from the
folder without importing anything, and only the requested member is imported.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parent.parent


def names(package: str) -> list[str]:
    """Names of a family's members, sorted. Modules that start with an underscore are internal helpers."""
    folder = ROOT / package.replace(".", "/")
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))


def load(package: str, name: str) -> ModuleType:
    """The module of a member. Raises KeyError for any name that is not a member."""
    if name not in names(package):
        raise KeyError(name)
    return import_module(f"{package}.{name}")
