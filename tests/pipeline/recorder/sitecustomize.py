"""Put on PYTHONPATH to record what a stage reads and which functions it executes, one JSON file per stage.

The product does not know about it. Python imports a module of this name at every start; it does nothing unless the
process is a stage and ULTRAMED_RECORD names a folder. Functions of this repository record that they are entered; a
trace of all calls would make a gate three times as slow, mostly because of libraries.
"""

import ast
import atexit
import builtins
import json
import os
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

NOTE = "_note_entered"
OWN = ("stages", "ultramed")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
compiled = SourceFileLoader.get_code


class Recorder:
    """Records what this process opens or lists, and which functions of this repository it enters."""

    def __init__(self, stage: list[str], folder: Path) -> None:
        self.stage, self.folder, self.root = stage, folder, os.getcwd()
        self.paths: set[str] = set()
        self.entered: set[str] = set()

    def note(self, event: str, arguments: tuple) -> None:
        reading = event in ("os.scandir", "os.listdir") or (event == "open" and not (arguments[2] or 0) & WRITING)
        if reading and arguments and isinstance(arguments[0], str | os.PathLike):
            self.paths.add(os.path.abspath(arguments[0]))

    def enter(self, name: str) -> None:
        if name not in self.entered and not _importing(sys._getframe(1)):
            self.entered.add(name)

    def compile(self, loader: SourceFileLoader, module: str) -> CodeType | None:
        """Replaces `SourceFileLoader.get_code`, without its cache."""
        path = os.path.relpath(loader.path, self.root)
        if path.split(os.sep)[0] not in OWN:
            return compiled(loader, module)
        tree = ast.parse(loader.get_data(loader.path), path)
        parts = Path(path).with_suffix("").parts
        _instrument(tree, ".".join(parts[:-1] if parts[-1] == "__init__" else parts))
        return compile(ast.fix_missing_locations(tree), loader.path, "exec", dont_inherit=True)

    def write(self) -> None:
        below = {os.path.relpath(path, self.root) for path in set(self.paths) if path.startswith(self.root + os.sep)}
        record = {"stage": self.stage, "paths": sorted(below), "functions": sorted(set(self.entered))}
        (self.folder / f"{'-'.join(self.stage)}.json").write_text(json.dumps(record), encoding="utf-8")


def _instrument(node: ast.AST, name: str, function: str = "") -> None:
    """Make every function below `node` record its name; nested functions record the name of the outermost."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            whole = function or f"{name}.{child.name}"
            _instrument(child, name, whole)
            child.body.insert(1 if ast.get_docstring(child) is not None else 0, ast.parse(f"{NOTE}({whole!r})").body[0])
        else:
            _instrument(child, f"{name}.{child.name}" if isinstance(child, ast.ClassDef) else name, function)


def _importing(frame: FrameType | None) -> bool:
    """Whether this runs because of a module import, not because the stage calls it."""
    while frame := frame.f_back if frame else None:
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") != "__main__":
            return True
    return False


def _stage() -> list[str]:
    """Name and arguments of the stage that this process runs; empty if it runs none."""
    words = sys.orig_argv
    at = words.index("-m") + 1 if "-m" in words[:-1] else 0
    return [words[at].removeprefix("stages."), *words[at + 1 :]] if at and words[at].startswith("stages.") else []


if os.environ.get("ULTRAMED_RECORD") and (stage := _stage()):
    recorder = Recorder(stage, Path(os.environ["ULTRAMED_RECORD"]))
    setattr(builtins, NOTE, recorder.enter)

    def get_code(self: Any, fullname: str) -> CodeType | None:
        return recorder.compile(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
    sys.addaudithook(recorder.note)
    atexit.register(recorder.write)
