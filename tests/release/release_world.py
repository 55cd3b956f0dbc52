"""A tiny world for release tests: every artifact a release reads, with three to ten rows each, written by `tables`.

    id                  class       split   completed  pairs
    MedQuad,1           open        train   yes        careful > brief
    MedQuad,2           open        dev     yes        careful > brief
    MedQuad,3           open        test    yes        careful > source
    WikiInstruct,w1     open        train   no
    MedInstruct-52k,4   research    train   yes        careful > brief
    MedQA,5             recipe      train   yes
    MedQA,6             recipe      test    yes        careful > brief
    MedQA,7             recipe      train   no (contested)
    ChatDoctor,8        quarantine  train   yes        careful > brief
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from ultramed import artifacts, tables
from ultramed.params import Params
from ultramed.records import (
    Assignment,
    Completion,
    Feedback,
    Instruction,
    Message,
    Option,
    Pair,
    Score,
    Use,
    Verdict,
    drop,
    keep,
)

PROJECT = Path(__file__).parents[2]
TOKEN = "hf_loopback"


def instruction(row_id: str, source: str, category: str, rights: str, **changes: object) -> Instruction:
    exam = category == "exam"
    row = Instruction(
        row_id, source, category, "exam" if exam else "clinical", False,
        [Message("user", f"What does the project call question {row_id}?")],
        [Option("A", f"first of {row_id}"), Option("B", f"second of {row_id}")] if exam else [], "B" if exam else None,
        None if exam else f"The reference of {row_id}.", None, 0, row_id, rights, None, f"{source}:1",
    )
    return replace(row, **changes)  # type: ignore[arg-type]


ROWS = [
    (instruction("MedQuad,1", "medquad", "open", "open"), "train"),
    (instruction("MedQuad,2", "medquad", "open", "open"), "dev"),
    (instruction("MedQuad,3", "medquad", "open", "open"), "test"),
    (instruction("WikiInstruct,w1", "wikiinstruct", "open", "open", synthetic=True, reference=None), "train"),
    (instruction("MedInstruct-52k,4", "medinstruct_52k", "open", "research"), "train"),
    (instruction("MedQA,5", "medqa", "exam", "recipe"), "train"),
    (instruction("MedQA,6", "medqa", "exam", "recipe"), "test"),
    (instruction("MedQA,7", "medqa", "exam", "recipe"), "train"),
    (instruction("ChatDoctor,8", "chatdoctor", "open", "quarantine"), "train"),
]
UNANSWERED = {"WikiInstruct,w1": "unreadable", "MedQA,7": "contested"}
PAIRED = {  # instruction → rejected author; chosen is always careful
    "MedQuad,1": "brief", "MedQuad,2": "brief", "MedQuad,3": "source", "MedInstruct-52k,4": "brief",
    "MedQA,6": "brief", "ChatDoctor,8": "brief",
}


def pair(row_id: str, rejected: str, split: str) -> Pair:
    return Pair(
        f"{row_id}#careful>{rejected}", row_id, f"{row_id}@careful", f"{row_id}@{rejected}", 5, 3, 1, 2, 2, "easy",
        split,
    )


def use(row_id: str, step: str, prompt: str) -> Use:
    return Use(row_id, step, "key", "reply", "smollm2", prompt, "0f" * 32, 10, 5, 0.0, "ok")


def write_world(rows: list[tuple[Instruction, str]], settings: Params) -> None:
    """Write every artifact under the current folder."""
    instructions = [row for row, _ in rows]
    _write_before_curation(instructions, settings)
    curated = [keep(i.id, "curate") for i in instructions]
    _write(artifacts.CURATED, rows=(Instruction, instructions), verdicts=(Verdict, curated))
    _write(artifacts.SPLIT, rows=(Assignment, [Assignment(i.id, i.family, split) for i, split in rows]))
    answered = [i for i in instructions if i.id not in UNANSWERED]
    kept = [keep(i.id, "complete", "matched") for i in answered]
    unanswered = [drop(i.id, "complete", UNANSWERED[i.id], "") for i in instructions if i.id in UNANSWERED]
    completions = [
        Completion(f"{i.id}@smollm2", i.id, "smollm2", "", f"The answer to {i.id}.", i.key, 1, "key") for i in answered
    ]
    _write(
        artifacts.COMPLETED, rows=(Completion, completions),
        verdicts=(Verdict, kept + unanswered),
        manifest=(Use, [use(i.id, "attempt-1", "complete-exam") for i in answered]),
    )
    _write_preference(rows, settings)


def _write_before_curation(instructions: list[Instruction], settings: Params) -> None:
    for name in settings.sources:
        own = [i for i in instructions if i.source == name]
        # two raw rows for each collected one, so that "original" and "retained" differ
        verdicts = [keep(i.id, "collect") for i in own] + [drop(f"{i.id}x", "collect", "empty", "") for i in own]
        _write(artifacts.COLLECTED / name, rows=(Instruction, own), verdicts=(Verdict, verdicts))
    public = [i for i in instructions if not i.synthetic]
    screened = [keep(i.id, "screen") for i in public] + [drop("MedQA,99", "screen", "leak", "")]
    _write(artifacts.SCREENED, rows=(Instruction, public), verdicts=(Verdict, screened))
    written = [i for i in instructions if i.synthetic]
    for name, rows in {"textbook": [], "wikipedia": written}.items():
        _write(artifacts.SYNTHETIC / name, rows=(Instruction, rows), verdicts=(Verdict, []), manifest=(Use, []))
    for name in settings.evolve.sets:
        _write(artifacts.EVOLVED / name, rows=(Instruction, []), verdicts=(Verdict, []), manifest=(Use, []))
    _write(
        artifacts.SCORED, verdicts=(Verdict, []), manifest=(Use, [use(i.id, "score", "score") for i in instructions]),
        rows=(Score, [Score(i.id, 5 + n / 4, "logprob", "", "key") for n, i in enumerate(instructions)]),
    )


def _write_preference(rows: list[tuple[Instruction, str]], settings: Params) -> None:
    paired = [(i, split, PAIRED[i.id]) for i, split in rows if i.id in PAIRED]
    for member in settings.candidates.authors:
        own = [i.id for i, _, rejected in paired if member in ("careful", rejected)]
        rows_of = [Completion(f"{i}@{member}", i, member, "", f"{member} on {i}.", None, 1, None) for i in own]
        uses = [use(i, "candidate", "question") for i in own if member != "source"]
        _write(artifacts.CANDIDATES / member, rows=(Completion, rows_of), verdicts=(Verdict, []), manifest=(Use, uses))
    feedback = [
        Feedback(f"{i.id}@{author}", i.id, score, "good", rank, rank, "smollm2", "key")
        for i, _, rejected in paired for author, score, rank in (("careful", 5, 1), (rejected, 3, 2))
    ]
    _write(artifacts.JUDGED, rows=(Feedback, feedback), verdicts=(Verdict, []), manifest=(Use, []))
    pairs = [pair(i.id, rejected, split) for i, split, rejected in paired]
    _write(artifacts.PAIRED, rows=(Pair, pairs), selected=(Pair, pairs), verdicts=(Verdict, []))


def _write(path: Path, **written: tuple[type, list]) -> None:
    with tables.artifact(path) as folder:
        for table, (kind, rows) in written.items():
            tables.write(folder, table, kind, rows)


@dataclass
class LoopbackHub:
    url: str
    root: Path
    home: Path  # of the client's caches

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a client of this Hub."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "DVC_"))}
        own = {"HF_ENDPOINT": self.url, "HF_TOKEN": TOKEN, "HF_HOME": str(self.home), "PYTHONPATH": str(PROJECT)}
        return kept | own | more

    def run(self, *command: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        """A python process that talks to this Hub."""
        environment = self.environment(**more)
        return subprocess.run([sys.executable, *command], cwd=cwd, env=environment, capture_output=True, text=True)

    def load(self, repo: str, config: str, revision: str, **more: str) -> dict[str, list[dict]]:
        """The rows `datasets.load_dataset` reads back, by split."""
        code = (
            "import datasets, json, sys\n"
            "found = datasets.load_dataset(sys.argv[1], sys.argv[2], revision=sys.argv[3])\n"
            "print(json.dumps({split: list(rows) for split, rows in found.items()}))\n"
        )
        done = self.run("-c", code, repo, config, revision, **more)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def requests(self) -> list[dict]:
        """The server's log."""
        return [json.loads(line) for line in (self.root / "requests.jsonl").read_text().splitlines()]


def run(path: Path, *command: str) -> None:
    """Run a command in a repository, with the project's own `dvc` and `python`."""
    bin_folder = Path(sys.executable).parent
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DVC_")} | {
        "PATH": f"{bin_folder}:{os.environ['PATH']}", "PYTHONPATH": str(PROJECT), "DVC_NO_ANALYTICS": "1",
        "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.org", "GIT_COMMITTER_NAME": "t",
        "GIT_COMMITTER_EMAIL": "t@example.org",
    }
    done = subprocess.run(command, cwd=path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
