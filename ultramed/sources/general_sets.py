"""One general-domain set as examples or preferences, with the name, ids and rights given in params."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from ultramed import registry
from ultramed.params import GeneralSet
from ultramed.records import Example, Preference
from ultramed.sources.raw import Broken
from ultramed.sources.sampling import sample

FORMATS = "ultramed.sources.general"


def record(own: GeneralSet) -> type[Example] | type[Preference]:
    """The record type of a set's rows."""
    kind: type[Example] | type[Preference] = registry.load(FORMATS, own.format).record(own)
    return kind


def load(name: str, own: GeneralSet, folder: Path, seed: int = 0) -> Iterator[Example | Preference | Broken]:
    """The rows of the set `name`, in file order: all of them, or a sample with `limit` usable ones.

    Ids are "<prefix>,<key>", each row is its own family; a Broken keeps its key unchanged.

    Raises SourceError for a file that cannot be read at all.
    """
    read = partial(registry.load(FORMATS, own.format).read, folder, own)
    for row in sample(read, _key, own.limit, seed, name):
        if isinstance(row, Broken):
            yield row
        else:
            row_id = f"{own.prefix},{row.id}"
            yield replace(row, id=row_id, source=name, family=row_id, rights=own.rights)


def _key(row: Example | Preference | Broken) -> str:
    return row.key if isinstance(row, Broken) else row.id
