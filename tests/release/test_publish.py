"""`ultramed publish data` in a small Git and DVC repository, against the loopback Hub."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from release_world import LoopbackHub, run

pytestmark = pytest.mark.slow  # dvc, servers and clients


def publish(
    hub: LoopbackHub, repository: Path, *options: str, profile: str = "open", **more: str
) -> subprocess.CompletedProcess[str]:
    """The command's result; the repository on the Hub is me/<profile>."""
    command = ("-m", "ultramed.cli.publish", "data", "--repo-id", f"me/{profile}", "--profile", profile)
    done = hub.run(*command, *options, cwd=repository, **more)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def refusals(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 1
    return [line for line in done.stderr.splitlines() if line.startswith("ERROR")]


def touched(hub: LoopbackHub) -> bool:
    return (hub.root / "requests.jsonl").exists()


def rows(repository: Path, profile: str, config: str) -> dict[str, list[dict]]:
    folder = repository / "data/release" / profile / "data" / config
    return {path.name.split("-")[0]: pq.read_table(path).to_pylist() for path in folder.iterdir()}


@pytest.mark.parametrize("profile", ["open", "research", "recipe"])
def test_what_dvc_versioned_is_what_load_dataset_reads(
    start_hub: Callable[..., LoopbackHub], repository: Path, profile: str
) -> None:
    hub = start_hub()
    done = publish(hub, repository, "--tag", "v1", profile=profile)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"load_dataset('me/{profile}', revision='v1')"
    assert f"{hub.url}/datasets/me/{profile}" in done.stdout
    for config in ("instructions", "preference"):
        assert hub.load(f"me/{profile}", config, "v1") == rows(repository, profile, config)
    unseen = hub.run("-c", f"import datasets; datasets.load_dataset('me/{profile}', revision='v1')", HF_TOKEN="")
    assert unseen.returncode != 0  # private
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repository, capture_output=True, text=True).stdout[:12]
    state = json.loads((hub.root / "state.json").read_text())[0]
    assert f"from Git commit {commit}" in next(c["title"] for c in state["commits"].values() if c["parent"])
    again = publish(hub, repository, "--tag", "v1", profile=profile)
    assert again.stdout == done.stdout


def test_a_dry_run_shows_everything_and_asks_nobody(start_hub: Callable[..., LoopbackHub], repository: Path) -> None:
    hub = start_hub()
    done = publish(hub, repository, "--dry-run", "--tag", "v1", HF_TOKEN="")
    assert done.returncode == 0, done.stderr
    assert "UltraMedical, profile open → me/open (private, tag v1)" in done.stdout
    assert "data/instructions/train-00000-of-00001.parquet" in done.stdout
    assert "1 rows   instructions train" in done.stdout
    assert "token and Hub repository were not checked" in done.stdout
    assert not touched(hub)


def test_a_packed_ledger_that_is_not_here_stops_nothing(
    start_hub: Callable[..., LoopbackHub], repository: Path
) -> None:
    """It is not part of a release, and absent from a fresh clone until somebody pulls it."""
    (repository / "ledger").mkdir()
    (repository / "ledger/segment.parquet").write_bytes(b"replies")
    run(repository, sys.executable, "-m", "dvc", "add", "-q", "ledger")
    run(repository, "git", "add", "-A")
    run(repository, "git", "commit", "-q", "-m", "replies")
    shutil.rmtree(repository / "ledger")
    done = publish(start_hub(), repository, "--dry-run")
    assert done.returncode == 0, done.stderr


def test_all_refusals_are_named_at_once(start_hub: Callable[..., LoopbackHub], repository: Path) -> None:
    hub = start_hub()
    (repository / "stray.txt").write_text("x")
    gate = repository / "quality/curated.json"
    gate.write_text(json.dumps(json.loads(gate.read_text()) | {"success": False, "failures": ["few rows"]}))
    shard = repository / "data/release/open/data/instructions/train-00000-of-00001.parquet"
    shard.unlink()  # an output may be a link into the cache
    other = repository / "data/release/research/data/instructions/train-00000-of-00001.parquet"
    pq.write_table(pq.read_table(other), shard)
    found = refusals(publish(hub, repository, "--dry-run"))
    assert [line.split(": ")[0] for line in found] == [
        "ERROR data/release/open", "ERROR git", "ERROR dvc", "ERROR gate 'curated'"
    ]
    assert "1 row(s) may not be published as 'open', which carries open: medinstruct_52k" in found[0]
    assert "stray.txt" in found[1]
    assert "check-curated, release@open are not up to date" in found[2]
    assert "did not pass: 1 expectation(s) failed" in found[3]
    assert len(refusals(publish(hub, repository))) == 4
    assert not touched(hub)


def test_upstream_changes_are_seen(start_hub: Callable[..., LoopbackHub], repository: Path) -> None:
    with (repository / "params.yaml").open("a", encoding="utf-8") as file:
        file.write("# a comment changes no value\n")
    run(repository, "git", "commit", "-q", "-a", "-m", "comment")
    hub = start_hub()
    assert publish(hub, repository, "--dry-run").returncode == 0
    (repository / "data/paired/more.parquet").write_bytes(b"x")
    found = refusals(publish(hub, repository, "--dry-run"))
    assert len(found) == 1 and "dvc: check-paired, release@open" in found[0] and "are not up to date" in found[0]


@pytest.mark.parametrize(("profile", "options", "words"), [
    ("research", ["--public"], "--public: cannot be used with profile 'research'"),
    ("opne", [], "profile: is 'opne'; expected one of open, recipe, research"),
    ("open", ["--tag", "a tag"], "--tag: is 'a tag'"),
])
def test_options_that_make_no_sense_are_refused(
    start_hub: Callable[..., LoopbackHub], repository: Path, profile: str, options: list[str], words: str
) -> None:
    hub = start_hub()
    assert words in refusals(publish(hub, repository, *options, profile=profile))[0]
    assert not touched(hub)


def test_a_wrong_token_is_one_line(start_hub: Callable[..., LoopbackHub], repository: Path) -> None:
    found = refusals(publish(start_hub(), repository, HF_TOKEN="hf_wrong"))
    assert len(found) == 1 and "does not accept the token" in found[0] and "hf_wrong" not in found[0]
