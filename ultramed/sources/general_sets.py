"""One general-domain set as examples or preferences, with the name, ids and rights given in params."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ultramed import registry
from ultramed.params import GeneralSet
from ultramed.records import Example, Preference
from ultramed.sources.raw import Broken

FORMATS = "ultramed.sources.general"


def record(own: GeneralSet) -> type[Example] | type[Preference]:
    """The record type of a set's rows."""
    kind: type[Example] | type[Preference] = registry.load(FORMATS, own.format).record(own)
    return kind


def load(name: str, own: GeneralSet, folder: Path) -> Iterator[Example | Preference | Broken]:
    """The rows of the set `name`, in file order: ids are "<prefix>,<key>", each row is its own family.

    A Broken keeps its key unchanged. Raises SourceError for a file that cannot be read at all.
    """
    for row in registry.load(FORMATS, own.format).read(folder, own):
        if isinstance(row, Broken):
            yield row
        else:
            row_id = f"{own.prefix},{row.id}"
            yield replace(row, id=row_id, source=name, family=row_id, rights=own.rights)
