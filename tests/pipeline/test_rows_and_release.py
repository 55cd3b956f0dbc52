"""Rows that explain themselves, and releases that read back as they were sent."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from workspace import Workspace

pytestmark = pytest.mark.slow


def _ids(built: Workspace, files: str, where: str) -> list[str]:
    return [r[0] for r in duckdb.sql(
        f"SELECT id FROM read_parquet('{built.root}/data/{files}') WHERE {where} ORDER BY id LIMIT 2").fetchall()]


def test_every_row_ever_seen_explains_itself(built: Workspace) -> None:
    seen = [
        *_ids(built, "collected/*/verdicts-*.parquet", "outcome = 'quarantined'"),
        *_ids(built, "screened/verdicts-*.parquet", "code = 'leak'"),
        *_ids(built, "screened/verdicts-*.parquet", "outcome = 'quarantined'"),
        *_ids(built, "evolved/*/verdicts-*.parquet", "outcome = 'dropped'"),
        *_ids(built, "curated/verdicts-*.parquet", "code = 'low_score'"),
        *_ids(built, "completed/verdicts-*.parquet", "code = 'key_mismatch'"),
        *_ids(built, "paired/verdicts-*.parquet", "outcome = 'kept'"),
    ]
    assert len(seen) >= 10
    for row_id in seen:
        story = json.loads(built.ultramed("explain", row_id, "--json"))
        assert story["verdicts"], row_id
        assert all(v["reason"] for v in story["verdicts"] if v["outcome"] != "kept"), row_id


def test_a_kept_row_tells_its_whole_life(built: Workspace) -> None:
    row_id = _ids(built, "paired/verdicts-*.parquet", "outcome = 'kept' AND id LIKE 'Med%'")[0]
    story = json.loads(built.ultramed("explain", row_id, "--json"))
    assert story["rows"][0]["origin"] and story["scores"] and story["split"] and story["pairs"] and story["feedback"]
    assert all("reply" in r for r in story["requests"])
    told = built.ultramed("explain", row_id)
    assert "verdicts" in told and "origin" in told


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("hub")
    process = subprocess.Popen(
        [sys.executable, "-m", "ultramed.fakes.loopback_hub", "--port", "0", "--root", str(root)],
        stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = process.stdout.readline().strip().split()[-1]
    yield url
    process.terminate()
    process.wait(10)


@pytest.mark.parametrize("profile", ["open", "research", "recipe"])
def test_published_and_read_back(built: Workspace, hub: str, profile: str, tmp_path: Path) -> None:
    env = {"HF_ENDPOINT": hub, "HF_TOKEN": "hf_loopback", "HF_HOME": str(tmp_path)}
    repo = f"tester/ultramedical-{profile}"
    dry = built.ultramed("publish", "data", "--repo-id", repo, "--profile", profile, "--tag", "v1", "--dry-run", **env)
    assert "ready to publish" in dry
    built.ultramed("publish", "data", "--repo-id", repo, "--profile", profile, "--tag", "v1", **env)
    script = ("import datasets, json, sys; d = datasets.load_dataset(sys.argv[1], revision='v1'); "
              "print(json.dumps({k: v.num_rows for k, v in d.items()}))")
    command = [sys.executable, "-c", script, repo]
    done = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, check=True)
    rows = json.loads(done.stdout.splitlines()[-1])
    sent = built.root / f"data/release/{profile}/data/instructions"
    for split, count in rows.items():
        rows_sent = duckdb.sql(f"SELECT count(*) FROM read_parquet('{sent}/{split}-*.parquet')").fetchall()[0]
        assert rows_sent == (count,)
