"""The layers of the packages, as pyproject.toml states them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_imports_keep_to_the_layers() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_folder_holds_more_than_twenty_files() -> None:
    crowded = {}
    for folder in (p for top in ("stages", "ultramed") for p in [ROOT / top, *(ROOT / top).rglob("*")] if p.is_dir()):
        count = sum(p.is_file() and p.suffix != ".pyc" for p in folder.iterdir())
        if count > 20 and folder.name != "__pycache__":
            crowded[str(folder.relative_to(ROOT))] = count
    assert crowded == {}
