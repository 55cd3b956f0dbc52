"""Put on PYTHONPATH: writes down what a stage reads and which functions it executes, one JSON file a stage.

The product knows nothing of it. Python imports a module of this name at every start; it does nothing unless the process
is a stage and ULTRAMED_RECORD names a folder.
"""

import atexit
import json
import os
import sys
import threading
from pathlib import Path
from types import CodeType, FrameType

FUNCTION = 1  # CO_OPTIMIZED: set for functions, not for bodies of classes and modules
# Tracing makes a gate three times as slow: of scripts that load heavy libraries, these parts stand for all.
TRACED = {"check": ("screened",), "models.train": ("sft",), "models.evaluate": ("base",)}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Recorder:
    """Everything that this process opens or lists, and every Python function that it enters."""

    def __init__(self, stage: list[str], folder: Path) -> None:
        self.stage, self.folder, self.root = stage, folder, os.getcwd()
        self.paths: set[str] = set()
        self.codes: set[CodeType] = set()
        self.known: set[CodeType] = set()  # these, and all that are not of this repository

    def note(self, event: str, arguments: tuple) -> None:
        reading = event in ("os.scandir", "os.listdir") or (event == "open" and not (arguments[2] or 0) & WRITING)
        if reading and arguments and isinstance(arguments[0], str | os.PathLike):
            self.paths.add(os.path.abspath(arguments[0]))

    def enter(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if code in self.known:
            return
        own = code.co_filename.startswith(self.root + os.sep) and code.co_flags & FUNCTION
        if own and _importing(frame):
            return
        self.known.add(code)
        if own:
            self.codes.add(code)

    def write(self) -> None:
        sys.settrace(None)
        below = {os.path.relpath(path, self.root) for path in set(self.paths) if path.startswith(self.root + os.sep)}
        functions = {(os.path.relpath(code.co_filename, self.root), code.co_qualname) for code in set(self.codes)}
        record = {"stage": self.stage, "paths": sorted(below), "functions": sorted(functions)}
        (self.folder / f"{'-'.join(self.stage)}.json").write_text(json.dumps(record), encoding="utf-8")


def _importing(frame: FrameType | None) -> bool:
    """Whether this runs because a module is imported, not because the stage calls it."""
    while frame := frame.f_back if frame else None:
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") != "__main__":
            return True
    return False


def _stage() -> list[str]:
    """Name and arguments of the stage that this process runs; empty for any other process."""
    words = sys.orig_argv
    at = words.index("-m") + 1 if "-m" in words[:-1] else 0
    return [words[at].removeprefix("stages."), *words[at + 1 :]] if at and words[at].startswith("stages.") else []


if os.environ.get("ULTRAMED_RECORD") and (stage := _stage()):
    recorder = Recorder(stage, Path(os.environ["ULTRAMED_RECORD"]))
    sys.addaudithook(recorder.note)
    if stage[0] not in TRACED or stage[1] in TRACED[stage[0]]:
        threading.settrace(recorder.enter)
        sys.settrace(recorder.enter)  # of calls alone; no line is traced
    atexit.register(recorder.write)
