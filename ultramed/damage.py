"""A Parquet file that cannot be read, found and named: libraries say what is wrong, and often not where."""

from collections.abc import Iterator
from pathlib import Path

from ultramed import paths
from ultramed.errors import SourceError

_READERS = {"pyarrow", "duckdb", "_duckdb"}
REMEDY = "`dvc checkout --force` brings back what dvc.lock names, `dvc repro` makes it again"


def explained(error: Exception, base: Path = Path(".")) -> SourceError | None:
    """The error of a library in one line, where a damaged file of this repository is its cause; None for any other."""
    if not _is_of_a_reader(error):
        return None
    for path in _files(base):
        if found := damage(path):
            return SourceError(str(path), f"is not a readable Parquet file: {found}", REMEDY)
    return None


def damage(path: Path) -> str:
    """Why a Parquet file cannot be read to its end; "" where it can."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for _ in file.iter_batches():
                pass
    except (pa.ArrowException, OSError) as error:
        return " ".join(str(error).split())[:200]
    return ""


def _is_of_a_reader(error: Exception) -> bool:
    """pyarrow raises bare OSErrors, too, without a number of the operating system."""
    modules = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    return not modules.isdisjoint(_READERS) or (isinstance(error, OSError) and error.errno is None)


def _files(base: Path) -> Iterator[Path]:
    for folder in (base / "data", paths.ledger()):
        yield from sorted(folder.rglob("*.parquet"))
