"""One thin script per stage, run by DVC as `python -m stages.<name>`."""

import sys


def _refuse_wrong_interpreter() -> None:
    """Stop with one clear line if `dvc`, started outside the environment, uses the system's Python."""
    from importlib.util import find_spec

    missing = [name for name in ("pyarrow", "pydantic", "duckdb", "aiohttp") if find_spec(name) is None]
    if missing or sys.version_info[:2] != (3, 11):
        version = ".".join(map(str, sys.version_info[:3]))
        lacks = f" without {', '.join(missing)}" if missing else ""
        print(
            f"ERROR {sys.executable}: Python {version}{lacks}; expected the project's own Python 3.11 "
            "environment; run `source .venv/bin/activate` first (or use `make repro`)",
            file=sys.stderr,
        )
        raise SystemExit(1)


_refuse_wrong_interpreter()
