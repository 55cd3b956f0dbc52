"""Is this working tree fit to publish? Git and DVC must be clean, and every gate passed for exactly these files."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from ultramed.errors import PublishError
from ultramed.gates.suites import gated
from ultramed.params import Params

SHOWN = 5  # names listed in one line


def unfit(params: Params) -> list[PublishError]:
    """Everything that prevents publishing the repository in the current folder; empty if it is fit."""
    return [*git_changes(), *dvc_changes(), *open_gates(params)]


def head() -> str:
    """The commit checked out. Raises PublishError outside a Git repository or before the first commit."""
    done = _run(["git", "rev-parse", "HEAD"])
    if done.returncode:
        raise PublishError("git", "has no commit here", "commit the repository before publishing")
    return done.stdout.strip()


def git_changes() -> list[PublishError]:
    """Uncommitted and untracked files."""
    done = _run(["git", "status", "--porcelain"])
    if done.returncode:
        return [PublishError("git status", _last_line(done.stderr), "publish from the repository's root")]
    changed = [line[3:] for line in done.stdout.splitlines()]
    return [PublishError("git", f"{_listed(changed)} not committed", "commit first")] if changed else []


def dvc_changes() -> list[PublishError]:
    """Stages whose inputs or outputs differ from `dvc.lock`. Checks all: naming some makes DVC eight times slower. The
    packed ledger is ignored, since it is not published."""
    done = _run([sys.executable, "-m", "dvc", "status", "--json"])
    if done.returncode:
        return [PublishError("dvc status", _last_line(done.stderr), "run `dvc repro`")]
    changed = sorted(json.loads(done.stdout or "{}").keys() - {"ledger.dvc"})
    if not changed:
        return []
    return [PublishError("dvc", f"{_listed(changed)} not up to date", "run `dvc repro` and commit dvc.lock")]


def open_gates(params: Params) -> list[PublishError]:
    """Gates that are missing, failed, or checked other files than those in `dvc.lock`."""
    stages = _stages()
    refusals = [_open_gate(name, str(gated(name)), stages.get(f"check-{name}", {})) for name in params.checks]
    return [refusal for refusal in refusals if refusal]


def locked() -> dict[str, str]:
    """The hash of each output that `dvc.lock` names, by path."""
    return {out["path"]: out.get("md5", "") for stage in _stages().values() for out in stage.get("outs", [])}


def _stages() -> dict[str, Any]:
    lock = Path("dvc.lock")
    content = YAML(typ="safe").load(lock.read_text(encoding="utf-8")) if lock.exists() else {}
    return (content or {}).get("stages", {})


def _open_gate(artifact: str, path: str, stage: dict[str, Any]) -> PublishError | None:
    file, again = Path("quality") / f"{artifact}.json", f"run `dvc repro check-{artifact}`"
    if not file.exists():
        return PublishError(f"gate '{artifact}'", f"{file} is missing: the gate has not run", again)
    gate = json.loads(file.read_text(encoding="utf-8"))
    if gate.get("success") is not True:
        failed = len(gate.get("failures", []))
        return PublishError(f"gate '{artifact}'", f"did not pass: {failed} expectation(s) failed", again)
    expected = next((d.get("md5") for d in stage.get("deps", []) if d.get("path") == path), None)
    if expected is None or gate.get("artifact_hash") != expected:
        return PublishError(
            f"gate '{artifact}'", f"checked {path} as {gate.get('artifact_hash')}, dvc.lock has {expected}", again
        )
    return None


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DVC_NO_ANALYTICS": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "failed without a message"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more} {'is' if len(names) == 1 else 'are'}"
