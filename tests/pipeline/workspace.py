"""A copy of the repository to run the real pipeline in, with helpers for tests."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Workspace:
    """A clone with a ledger. Commands run in the environment of the current interpreter."""

    root: Path
    ledger: Path

    @property
    def env(self) -> dict[str, str]:
        ours = ("DVC_", "HF_", "MKL_", "TOKENIZERS_", "TRANSFORMERS_", "ULTRAMED_")  # stages set what they need
        kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
        return {**kept, "PATH": path, "ULTRAMED_LEDGER": str(self.ledger), "DVC_NO_ANALYTICS": "1"}

    def start(self, *command: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, cwd=self.root, env={**self.env, **env}, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )

    def run(self, *command: str, ok: bool = True, **env: str) -> str:
        """Output of a command, stdout and stderr together; fails the test if the exit code is unexpected."""
        process = self.start(*command, **env)
        output, _ = process.communicate(timeout=3000)
        assert (process.returncode == 0) == ok, f"{' '.join(command)} exited {process.returncode}:\n{output[-4000:]}"
        return output

    def ultramed(self, *arguments: str, ok: bool = True, **env: str) -> str:
        return self.run(sys.executable, "-m", "ultramed.cli", *arguments, ok=ok, **env)

    def replies(self) -> int:
        """Number of replies in the ledger."""
        path = self.ledger / "ledger.sqlite"
        if not path.exists():
            return 0
        with sqlite3.connect(path) as db:
            return db.execute("SELECT count(*) FROM replies").fetchone()[0]

    def hashes(self) -> dict[str, str]:
        """Output path → hash, for everything in dvc.lock."""
        lock = yaml.safe_load((self.root / "dvc.lock").read_text())
        return {out["path"]: out["md5"] for stage in lock["stages"].values() for out in stage["outs"]}

    def metrics(self) -> dict[str, float]:
        return json.loads((self.root / "metrics.json").read_text())

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text()
        assert old in text, f"{path} holds no {old!r}"
        (self.root / path).write_text(text.replace(old, new, 1))

    def append(self, path: str, text: str) -> None:
        with open(self.root / path, "a", encoding="utf-8") as file:
            file.write(text)

    @property
    def record(self) -> Path:
        """The folder where stages record what they read and execute when run with `recording`."""
        return self.root.parent / "record"

    @property
    def recording(self) -> dict[str, str]:
        """The environment variables that turn on recording."""
        self.record.mkdir(exist_ok=True)
        return {"ULTRAMED_RECORD": str(self.record), "PYTHONPATH": str(Path(__file__).parent / "recorder")}

    def records(self) -> list[dict]:
        """The record of each stage."""
        return [json.loads(path.read_text()) for path in sorted(self.record.glob("*.json"))]

    def restore(self) -> None:
        """Restore tracked files and outputs to their committed state."""
        self.run("git", "checkout", "-q", ".")
        self.run("dvc", "checkout", "-q", "--force")


def smaller(workspace: Workspace) -> None:
    """The laptop scale with the least synthesis, training and evaluation that still covers every path."""
    for steps in re.findall(r"steps: \d+,", (workspace.root / "params.yaml").read_text()):
        workspace.edit("params.yaml", steps, "steps: 2,")
    workspace.edit("params.yaml", "paragraphs: 6 #", "paragraphs: 4 #")
    workspace.edit("params.yaml", "parents: 7,", "parents: 4,")
    workspace.edit("params.yaml", "items: 3 #", "items: 1 #")
    workspace.edit("params.yaml", "{samples: 3,", "{samples: 2,")
    workspace.edit("params.yaml", "    kto: {}\n", "")  # trained, not evaluated
    workspace.edit("params.yaml", "prompts: 8 # drawn from it", "prompts: 4 # drawn from it")
    workspace.run("git", "commit", "-qam", "smaller")


def clone(root: Path, ledger: Path) -> Workspace:
    """The tracked files in their current state, committed to a new Git repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=REPOSITORY, capture_output=True, text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source, target = REPOSITORY / name, root / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    workspace = Workspace(root, ledger)
    for command in (["init", "-q"], ["config", "user.email", "t@example.com"], ["config", "user.name", "t"],
                    ["add", "-A"], ["commit", "-qm", "as it is"]):
        workspace.run("git", *command)
    return workspace
