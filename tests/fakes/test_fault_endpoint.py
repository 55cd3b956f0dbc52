"""The fault endpoint fails by script and counts its requests, and the client gets past faults that clear."""

import json
import subprocess
import sys
import time
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from clients import ask, values
from faulty import always, endpoint, post, told
from loopback import question, settings

CLEARING = ("429", "429-after", "500", "reset", "truncated", "garbage")


def choice(body: bytes) -> dict[str, Any]:
    return json.loads(body)["choices"][0]


@pytest.mark.parametrize(("kind", "status", "after"), [
    ("400", 400, None), ("429", 429, None), ("429-after", 429, "0.2"), ("500", 500, None),
])
def test_refusals_carry_their_status(tmp_path: Path, kind: str, status: int, after: str | None) -> None:
    with endpoint(tmp_path, **always(kind)) as address:
        code, _, headers = post(address)
        assert (code, headers.get("Retry-After")) == (status, after)
        assert told(address).items() >= {"tries": 1, "requests": 1, "by_fault": {kind: 1}}.items()


@pytest.mark.parametrize("kind", ["reset", "stall", "trickle"])
def test_a_line_that_breaks_brings_no_answer(tmp_path: Path, kind: str) -> None:
    with endpoint(tmp_path, **always(kind, stall_s=60)) as address:
        began = time.monotonic()
        with pytest.raises((OSError, HTTPException)):
            post(address, timeout=0.5)
        assert kind == "trickle" or time.monotonic() - began < 30
        assert told(address, "tries")[0]["went"] is None


def test_a_trickle_ends_in_the_whole_answer(tmp_path: Path) -> None:
    with endpoint(tmp_path, **always("trickle", stall_s=0.2, reply="whole")) as address:
        assert choice(post(address)[1])["message"]["content"] == "whole"


def test_bodies_that_are_no_completion(tmp_path: Path) -> None:
    for kind in ("truncated", "garbage"):
        with endpoint(tmp_path, **always(kind)) as address:
            status, body, _ = post(address)
            with pytest.raises(json.JSONDecodeError):
                json.loads(body)
            assert status == 200


def test_faults_of_content_come_in_a_sound_envelope(tmp_path: Path) -> None:
    said = {}
    for kind in ("length", "empty", "refusal", "wrong"):
        with endpoint(tmp_path, **always(kind, reply='{"ranking": [2, 1], "score": 5}')) as address:
            said[kind] = choice(post(address)[1])
            assert told(address, "tries")[0]["went"] is not None
    assert said["length"]["finish_reason"] == "length"
    assert said["empty"]["message"]["content"] == ""
    assert said["refusal"]["message"]["content"].startswith("I'm sorry")
    assert json.loads(said["wrong"]["message"]["content"]) == {"ranking": [99], "score": 99}


def test_shares_are_drawn_by_content_and_clear_after_so_many_tries(tmp_path: Path) -> None:
    script = {"faults": [{"kind": "500", "share": 0.3, "times": 2}, {"kind": "429", "share": 0.2}]}
    with endpoint(tmp_path, **script) as address:
        first, second, third = ([post(address, f"q{n}")[0] for n in range(100)] for _ in range(3))
        assert 20 <= first.count(500) <= 40 and 10 <= first.count(429) <= 30
        assert [n for n in range(100) if second[n] == 500] == [n for n in range(100) if first[n] == 500]
        assert 429 not in second and set(third) == {200}
        assert told(address)["requests"] == 100 and told(address)["tries"] == 300
    with endpoint(tmp_path, **script, seed=1) as address:
        assert [post(address, f"q{n}")[0] for n in range(100)] != first


def test_the_client_gets_through_what_clears(tmp_path: Path, ledger: Path) -> None:
    faults = [{"kind": kind, "share": 0.15, "times": 2} for kind in CLEARING]
    with endpoint(tmp_path, faults=faults, retry_after=0.05) as address:
        answers, _ = ask(address, (question(f"q{n}") for n in range(60)), settings(8))
        assert values(answers) == ["A planted answer to an open question."] * 60
        report = told(address)
    assert report["requests"] == 60 and {*CLEARING, "none"} == set(report["by_fault"])
    assert report["by_fault"]["none"] == 60, "no answered request is sent again"


@pytest.mark.parametrize(("script", "said"), [
    ({"faults": [{"kind": "flood", "share": 1.0}]}, "unknown kinds of fault ['flood']; expected 429, "),
    ({"latency": 3}, "unexpected keyword argument 'latency'"),
    ({"faults": [{"kind": "500", "part": 1.0}]}, "unexpected keyword argument 'part'"),
])
def test_a_script_with_a_mistake_is_one_line(tmp_path: Path, script: dict, said: str) -> None:
    (tmp_path / "script.json").write_text(json.dumps(script), encoding="utf-8")
    command = [sys.executable, "-m", "ultramed.fakes.faults", "--script", str(tmp_path / "script.json")]
    done = subprocess.run(command, text=True, capture_output=True, check=False, timeout=60)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"ERROR {tmp_path}/script.json: ") and said in done.stderr
