"""The data half with a teacher as real ones are: it thinks aloud, and refuses, breaks off or rambles now and then."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator

import duckdb
import pytest
from oracle_endpoint import Body, Served, says, settings
from workspace import Workspace, clone

pytestmark = pytest.mark.slow

REFUSED, CUT, PROSE = 2, 5, 10  # of a hundred requests: 2 are refused, 3 cut, 5 answered in prose
THOUGHT = "The user asks about a patient. The answer is {letter}. No, wait."
TEXTS = ("synthetic/*/rows", "evolved/*/rows", "completed/rows", "candidates/*/rows", "judged/rows",
         "instructions/*/rows", "preferences/*/rows", "release/research/data/*/")


def spoil(body: Body, reply: Body) -> None:
    """What becomes of a reply, by the hash of its request: the same in each run."""
    asked = json.dumps(body["messages"], sort_keys=True)
    number = int(hashlib.sha256(asked.encode()).hexdigest(), 16) % 100
    message = reply["choices"][0]["message"]
    if number < REFUSED:
        says(reply, "I'm sorry, but I can't help with that request.")
    elif number < CUT:
        says(reply, f"<think>{THOUGHT}", "length")
    elif number < PROSE:
        says(reply, "<think>Hm.</think>That depends on a number of things, and on the patient above all.")
    elif number % 2:
        message["content"] = f"<think>{THOUGHT.format(letter='ABCD'[number % 4])}</think>\n\n{message['content']}"
    else:
        message["reasoning_content"] = THOUGHT.format(letter="ABCD"[number % 4])


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Served]]:
    """A workspace whose data half that teacher made; it knows the keys of the screened exam items."""
    base = tmp_path_factory.mktemp("teacher")
    workspace = clone(base / "repo", base / "ledger")
    with Served() as oracle:
        params = settings(oracle.address, score__method="text", evolve__max_tokens=1024, candidates__prompts=40)
        (workspace.root / "params.yaml").write_text(json.dumps(params.model_dump(mode="json", by_alias=True)))
        workspace.run("dvc", "repro", "check-screened")
        known = rows(workspace, """SELECT messages[-1].content, key, options FROM '{}/screened/rows-*.parquet'
            WHERE key IS NOT NULL""")
        oracle.oracle.truth = {"answers": {
            stem: next(o["text"] for o in options if o["letter"] == key) for stem, key, options in known}}
        oracle.spoil = spoil
        workspace.run("dvc", "repro", "check-instructions", "check-preferences", "release@research")
        yield workspace, oracle


def rows(workspace: Workspace, query: str) -> list[tuple]:
    return duckdb.sql(query.format(workspace.root / "data")).fetchall()


def test_no_thinking_is_in_any_text(taught: tuple[Workspace, Served]) -> None:
    workspace, oracle = taught
    assert sum("<think>" in json.dumps(b) for b in oracle.bodies) == 0, "nor in what a model is sent"
    for place in TEXTS:
        files = sorted((workspace.root / "data").glob(f"{place}*.parquet"))
        assert files, place
        for file in files:
            text = json.dumps(duckdb.sql(f"SELECT * FROM '{file}'").fetchall(), default=str)
            assert "think>" not in text and "The user asks about a patient" not in text, file


def test_no_letter_is_read_wrongly(taught: tuple[Workspace, Served]) -> None:
    """Every accepted answer names the key, and says so in its own words."""
    workspace, _ = taught
    accepted = rows(workspace, """SELECT c.text, c.extracted, i.key FROM '{0}/completed/rows-*.parquet' c
        JOIN '{0}/curated/rows-*.parquet' i ON i.id = c.instruction_id WHERE i.key IS NOT NULL""")
    assert len(accepted) > 20
    for text, letter, key in accepted:
        assert letter == key and re.search(rf"the answer is {key}\.", text)


def test_every_row_is_accounted_for_with_its_reason(taught: tuple[Workspace, Served]) -> None:
    workspace, _ = taught
    verdicts = Counter(rows(workspace, "SELECT outcome, code FROM '{}/completed/verdicts-*.parquet'"))
    (handed,) = rows(workspace, "SELECT count(*) FROM '{}/curated/rows-*.parquet'")[0]
    assert sum(verdicts.values()) == handed
    unusable = {code for (outcome, code) in verdicts if outcome == "quarantined"}
    assert unusable <= {"refused", "truncated", "unreadable", "invalid", "no_letter", "contested", "contradicts"}
    assert {"refused", "truncated"} & unusable and verdicts["kept", "accepted"] > handed / 2


def test_a_second_run_asks_nothing(taught: tuple[Workspace, Served]) -> None:
    workspace, oracle = taught
    before = len(oracle.bodies)
    workspace.run("dvc", "repro", "--force", "--single-item", "complete")
    assert len(oracle.bodies) == before
