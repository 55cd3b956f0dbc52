"""`ultramed ledger`: replies are counted, checked, shared with another machine, and erased on request."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ultramed import tables
from ultramed.ledger import segments
from ultramed.ledger.ledger import Ledger, LedgerEntry
from ultramed.ledger.requests import Reply
from ultramed.records import Use

KEYS = [f"{n:064x}" for n in range(12)]


def entry(n: int, **more: Any) -> LedgerEntry:
    reply = Reply(f"Reply {n} with a “quote” and a\nline.", "stop", "gpt-x" if n % 2 else "llama", 10, 5)
    asked = json.dumps([{"role": "user", "content": f'Question {n} of "Mrs Example"' if n == 3 else f"Question {n}"}])
    given = LedgerEntry(KEYS[n], "remote:p/m@1", "judge" if n < 6 else "score", asked, reply, 0.25, 0.1)
    return replace(given, **more)


class Repo:
    """A repository with its own ledger, to run commands in."""

    def __init__(self, root: Path, origin: Path | None = None) -> None:
        self.root = root
        if origin:
            subprocess.run(["git", "clone", "-q", str(origin), str(root)], check=True)
        else:
            root.mkdir()
            self.run("git", "init", "-q")
            self.run("dvc", "init", "-q")
            (root / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
            (root / ".gitignore").write_text("/data/*\n/ledger/\n/.ultramed/\n", encoding="utf-8")
            self.commit()

    def run(self, *command: str) -> str:
        done = subprocess.run(command, cwd=self.root, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def commit(self) -> None:
        self.run("git", "add", "-A")
        self.run("git", "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "x")

    def ultramed(self, *arguments: str) -> tuple[int, str, str]:
        done = subprocess.run([sys.executable, "-m", "ultramed.cli", "ledger", *arguments], cwd=self.root, text=True,
                              capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def told(self, *arguments: str) -> dict[str, Any]:
        code, out, err = self.ultramed(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.root / ".ultramed/ledger")

    def spoil(self, key: str) -> None:
        with sqlite3.connect(self.root / ".ultramed/ledger/ledger.sqlite") as db:
            db.execute("UPDATE replies SET reply = replace(reply, 'Reply', 'Lie') WHERE key = ?", (key,))

    def bytes(self) -> bytes:
        """The bytes of all ledger files and segments."""
        files = [*(self.root / ".ultramed/ledger").iterdir(), *(self.root / "ledger").glob("*.parquet")]
        return b"".join(p.read_bytes() for p in files)


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository with twelve replies in its ledger, two of them named by a manifest."""
    for name in ("ULTRAMED_LEDGER", "DVC_ROOT"):
        monkeypatch.delenv(name, raising=False)
    repo = Repo(tmp_path / "here")
    with closing(repo.ledger) as ledger:
        ledger.put([entry(n) for n in range(12)])
    with tables.artifact(repo.root / "data/judged") as folder:
        uses = [Use(f"MedQA,{n}", "judge", KEYS[n], "h", "m", "judge", "p", 1, 1, 0.0, "ok") for n in (1, 2)]
        tables.write(folder, "manifest", Use, uses)
    return repo


def test_a_row_that_was_asked_for_by_its_subfield_is_found(repo: Repo) -> None:
    """WikiInstruct tasks are requested per subfield, and subfields per domain."""
    asked = {"WikiInstruct,Heart": 3, "WikiInstruct,Heart_0": 4, "WikiInstruct,Lung_0": 5}
    uses = [Use(row, "ask", KEYS[n], "h", "m", "p", "p", 1, 1, 0.0, "ok") for row, n in asked.items()]
    with tables.artifact(repo.root / "data/synthetic/wikipedia") as folder:
        tables.write(folder, "manifest", Use, uses)
    assert repo.told("purge", "--row", "WikiInstruct,Heart_0_1", "--yes")["removed"] == 2
    assert set(repo.ledger.get(KEYS)) == {*KEYS} - {KEYS[3], KEYS[4]}


def test_what_was_bought_is_counted_by_stage_and_model(repo: Repo) -> None:
    told = repo.told("stats")
    assert (told["replies"], told["tokens"], told["price_usd"]) == (12, 180, 3.0)
    first = told["by_stage_and_model"][0]
    assert first == {"stage": "judge", "model": "gpt-x", "replies": 3, "prompt_tokens": 30, "completion_tokens": 15,
                     "price_usd": 0.75}
    _, out, _ = repo.ultramed("stats")
    assert "12 replies, 180 tokens, USD 3.00 in" in out


def test_a_colleague_gets_every_reply_byte_for_byte(repo: Repo, tmp_path: Path) -> None:
    assert repo.told("pack") == {"new_segments": 1, "segments": 1}
    assert repo.told("pack") == {"new_segments": 0, "segments": 1}
    repo.ledger.put([entry(5, key="f" * 64)])
    assert repo.told("pack") == {"new_segments": 1, "segments": 2}
    repo.run("dvc", "remote", "add", "-d", "storage", str(tmp_path / "storage"))
    repo.commit()
    repo.run("dvc", "push", "-q")
    other = Repo(tmp_path / "other", repo.root)
    assert other.told("pull") == {"new_replies": 13} and other.told("pull") == {"new_replies": 0}
    query = "SELECT * FROM replies ORDER BY key"
    assert list(other.ledger.read(query)) == list(repo.ledger.read(query))
    assert other.told("pack") == {"new_segments": 0, "segments": 2}


def test_segments_of_the_same_replies_are_the_same_files(repo: Repo, tmp_path: Path) -> None:
    made = [segments.pack(repo.ledger, tmp_path / name) for name in ("a", "b")]
    assert made[0][0].name == made[1][0].name and made[0][0].read_bytes() == made[1][0].read_bytes()


def test_large_ledgers_are_packed_in_several_segments(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "ROWS", 5)
    folder = repo.root / "ledger"
    assert len(segments.pack(repo.ledger, folder)) == 3
    repo.ledger.put([entry(0, key="8" * 64)])
    assert len(segments.pack(repo.ledger, folder)) == 1 and segments.pack(repo.ledger, folder) == []
    other = Ledger(repo.root / "other")
    assert segments.unpack(other, folder) == 13


def test_a_damaged_segment_is_named_and_nothing_of_it_is_taken(repo: Repo) -> None:
    repo.told("pack")
    (segment,) = (repo.root / "ledger").glob("*.parquet")
    segment.chmod(0o644)
    segment.write_bytes(segment.read_bytes()[:-1] + b"?")
    code, _, err = repo.ultramed("pack")
    assert code == 1 and err.count("\n") == 1
    assert err.startswith(f"ERROR {segment}: is damaged: its content does not match its name; remove it, then")


def test_a_damaged_reply_is_found_costs_itself_and_is_not_packed(repo: Repo) -> None:
    assert repo.told("verify") == {"replies": 12, "damaged": []}
    repo.spoil(KEYS[4])
    code, out, _ = repo.ultramed("verify")
    assert code == 1 and out.startswith("12 replies, 1 damaged: they will be asked for again; `ultramed ledger prune")
    assert set(repo.ledger.get(KEYS)) == {*KEYS} - {KEYS[4]}
    repo.told("pack")
    other = Ledger(repo.root / "other")
    assert segments.unpack(other, repo.root / "ledger") == 11


def test_prune_takes_out_what_nothing_is_made_of_when_it_is_told_to(repo: Repo) -> None:
    repo.spoil(KEYS[1])
    expected = {"damaged": 1, "unused": 10, "price_usd": 2.5}
    assert repo.told("prune") == expected | {"removed": 0}
    assert repo.told("prune", "--yes") == expected | {"removed": 11}
    assert set(repo.ledger.get(KEYS)) == {KEYS[2]}


@pytest.mark.parametrize(("given", "count"), [(("--text", '3 of "Mrs Example"'), 1), (("--row", "MedQA,2"), 1)])
def test_what_is_purged_is_gone_from_every_byte_here(repo: Repo, given: tuple[str, str], count: int) -> None:
    word = b"Mrs Example" if given[0] == "--text" else b"Reply 2 "
    repo.told("pack")
    assert repo.told("purge", *given) == {"found": count, "removed": 0, "segments_replaced": 0}
    assert word in repo.bytes()
    assert repo.told("purge", *given, "--yes") == {"found": count, "removed": count, "segments_replaced": 1}
    assert word not in repo.bytes()
    assert len(repo.ledger.get(KEYS)) == 11 and repo.told("pack")["new_segments"] == 0
    assert "ledger.dvc" in repo.run("git", "status", "--porcelain", "-uall")


@pytest.mark.parametrize(("arguments", "said"), [
    (("purge",), "ERROR ultramed ledger purge: expected either --row or --text\n"),
    (("purge", "--row", "a", "--text", "b"), "ERROR ultramed ledger purge: expected either --row or --text\n"),
    (("pull",), "ledger.dvc: not found; whoever has the replies must run `ultramed ledger pack` and commit it\n"),
])
def test_what_cannot_be_done_is_one_line(repo: Repo, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = repo.ultramed(*arguments)
    assert (code, out) == (1, "") and err.endswith(said) and err.count("\n") == 1


def test_outside_a_repository_no_ledger_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DVC_ROOT", raising=False)
    for command in ("stats", "pack", "verify", "prune"):
        done = subprocess.run([sys.executable, "-m", "ultramed.cli", "ledger", command], cwd=tmp_path, text=True,
                              capture_output=True, check=False)
        assert done.returncode == 1 and done.stderr == (
            "ERROR dvc.yaml: not found; run from the root of the repository\n")
    assert list(tmp_path.iterdir()) == []


def test_a_pull_without_storage_is_one_line(repo: Repo, tmp_path: Path) -> None:
    repo.told("pack")
    repo.commit()
    other = Repo(tmp_path / "other", repo.root)
    code, _, err = other.ultramed("pull")
    assert code == 1 and err.startswith("ERROR dvc pull: failed: ") and err.count("\n") == 1


def test_a_damaged_ledger_is_rescued_from_its_pages_and_the_segments(repo: Repo) -> None:
    with closing(repo.ledger) as ledger:
        segments.pack(ledger, repo.root / "ledger", {KEYS[0]})
        ledger.compact()
    path = repo.root / ".ultramed/ledger/ledger.sqlite"
    assert repo.told("rescue")["kept"] is None
    path.write_bytes(b"\xff" * 100 + path.read_bytes()[100:].replace(b"Reply 0", b"Reply 9"))
    code, _, err = repo.ultramed("stats")
    assert code == 1 and "`ultramed ledger rescue` makes a new ledger" in err
    kept = str(path.parent / "damaged-1")
    assert repo.told("rescue") == {"rescued": 11, "from_segments": 1, "damaged": 1, "kept": kept}
    assert repo.told("stats")["replies"] == 12
