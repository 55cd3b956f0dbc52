"""The fault endpoint's Batch API, seen through OpenAI's own SDK: its states, files, faults and refusals."""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import openai
import pytest
from faulty import always, endpoint, post, told
from openai.types import Batch

from ultramed.fakes.faults.kinds import KINDS, Script

URL: Final = "/v1/chat/completions"
OPEN = ("validating", "in_progress", "finalizing", "cancelling")
STATUSES = {"400": 400, "429": 429, "429-after": 429, "500": 500, "reset": 500, "truncated": 500, "garbage": 500}


def body(text: str, model: str = "m") -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}]}


def line(number: int, **more: Any) -> dict[str, Any]:
    """The request `r<number>`, whose prompt has `number` words: the answer's `prompt_tokens`."""
    return {"custom_id": f"r{number}", "method": "POST", "url": URL, "body": body("w " * number), **more}


def lines(count: int) -> list[dict[str, Any]]:
    return [line(number) for number in range(1, count + 1)]


@contextmanager
def served(folder: Path, **script: Any) -> Iterator[tuple[openai.OpenAI, str]]:
    with (
        endpoint(folder, **script) as address,
        openai.DefaultHttpxClient(trust_env=False) as direct,
        openai.OpenAI(base_url=address, api_key="x", max_retries=0, http_client=direct) as client,
    ):
        yield client, address


def submit(client: openai.OpenAI, content: list[dict[str, Any]] | bytes, **more: Any) -> Batch:
    """A new batch, as returned on creation."""
    if isinstance(content, list):
        content = "\n".join(map(json.dumps, content)).encode()
    file = client.files.create(file=("in.jsonl", content), purpose="batch")
    return client.batches.create(input_file_id=file.id, endpoint=URL, completion_window="24h", **more)


def ended(client: openai.OpenAI, batch: Batch) -> Batch:
    while (current := client.batches.retrieve(batch.id)).status in OPEN:
        time.sleep(0.01)
    return current


def told_by(client: openai.OpenAI, file_id: str | None) -> dict[str, dict[str, Any]]:
    """Lines of an output or error file by custom_id, in the file's order."""
    assert file_id is not None
    content = client.files.content(file_id).text
    return {told["custom_id"]: told for told in map(json.loads, content.splitlines())}


def counts(batch: Batch) -> tuple[int, int, int]:
    assert batch.request_counts is not None
    return batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed


def test_a_batch_answers_every_line_and_not_in_their_order(tmp_path: Path) -> None:
    with served(tmp_path, batch_s=0.2) as (client, address):
        begun = submit(client, lines(5), metadata={"part": "1"})
        assert (begun.status, begun.output_file_id, counts(begun)) == ("validating", None, (0, 0, 0))
        batch = ended(client, begun)
        assert (batch.status, batch.error_file_id, counts(batch)) == ("completed", None, (5, 5, 0))
        assert (batch.metadata, batch.endpoint, batch.completion_window) == ({"part": "1"}, URL, "24h")
        assert batch.in_progress_at and batch.finalizing_at and batch.completed_at and not batch.failed_at
        output = told_by(client, batch.output_file_id)
        assert sorted(output) == [f"r{n}" for n in range(1, 6)] and list(output) != sorted(output)
        for number in range(1, 6):
            response = output[f"r{number}"]["response"]
            assert response["status_code"] == 200 and output[f"r{number}"]["error"] is None
            assert response["body"]["usage"]["prompt_tokens"] == number
        ids = [identity for told in output.values() for identity in (told["id"], told["response"]["request_id"])]
        assert len(set(ids)) == 10
        assert told(address) == {"tries": 5, "requests": 5, "by_fault": {"none": 5},
                                 "batches": 1, "batch_lines": 5, "files": 2}


def test_files_are_held_until_they_are_deleted(tmp_path: Path) -> None:
    with served(tmp_path) as (client, address):
        content = b'{"a": "\xc3\xa9"}\r\n--boundary\n'
        file = client.files.create(file=("in.jsonl", content), purpose="batch")
        assert client.files.retrieve(file.id) == file
        assert (file.bytes, file.filename, file.purpose) == (len(content), "in.jsonl", "batch")
        assert client.files.content(file.id).content == content
        assert client.files.delete(file.id).deleted and told(address)["files"] == 0
        for gone in (client.files.retrieve, client.files.content, client.files.delete):
            with pytest.raises(openai.NotFoundError):
                gone(file.id)


def test_lines_meet_every_kind_of_fault_once(tmp_path: Path) -> None:
    faults = [{"kind": kind, "share": 0.07} for kind in KINDS]
    with served(tmp_path, faults=faults, reply='{"score": 5}') as (client, address):
        sent = lines(150)
        batch = ended(client, submit(client, sent))
        hit = {attempt["key"]: attempt for attempt in told(address, "tries")}
        output, errors = told_by(client, batch.output_file_id), told_by(client, batch.error_file_id)
        for asked in sent:
            attempt = hit[hashlib.sha256(json.dumps(asked["body"]).encode()).hexdigest()]
            check(attempt["fault"], output.get(asked["custom_id"]), errors.get(asked["custom_id"]))
            assert (attempt["went"] is None) == (asked["custom_id"] in errors)
        assert {attempt["fault"] for attempt in hit.values()} == {*KINDS, ""}, "or the loop above proves too little"
        assert batch.status == "expired" and counts(batch) == (150, len(output), len(errors))
        again = ended(client, submit(client, [asked for asked in sent if asked["custom_id"] in errors]))
        assert (again.status, counts(again)) == ("completed", (len(errors), len(errors), 0))


def check(fault: str, output: dict[str, Any] | None, error: dict[str, Any] | None) -> None:
    """A line with this fault is in the right file, with the right content."""
    if fault in ("stall", "trickle"):
        assert output is None and error is not None
        assert error["response"] is None and error["error"]["code"] == "batch_expired"
    elif fault in STATUSES:
        assert output is None and error is not None and error["error"] is None
        assert error["response"]["status_code"] == STATUSES[fault]
        assert error["response"]["body"]["error"]["code"] == fault
    else:
        assert error is None and output is not None
        choice = output["response"]["body"]["choices"][0]
        content = {"empty": "", "refusal": "I'm sorry, I can't help with that.", "wrong": '{"score": 99}'}
        assert choice["message"]["content"] == content.get(fault, '{"score": 5}')
        assert choice["finish_reason"] == ("length" if fault == "length" else "stop")


def test_the_same_requests_are_hit_online_and_in_a_batch(tmp_path: Path) -> None:
    with served(tmp_path, faults=[{"kind": "500", "share": 0.4, "times": None}]) as (client, address):
        batch = ended(client, submit(client, lines(40)))
        online = {f"r{number}" for number in range(1, 41) if post(address, "w " * number)[0] == 500}
        assert online == set(told_by(client, batch.error_file_id)) and 5 < len(online) < 35


def test_a_batch_without_one_sound_line_has_no_output_file(tmp_path: Path) -> None:
    with served(tmp_path, **always("400")) as (client, _):
        batch = ended(client, submit(client, lines(2)))
        assert (batch.status, batch.output_file_id, counts(batch)) == ("completed", None, (2, 0, 2))


def test_a_body_that_the_oracle_cannot_answer_costs_its_line_alone(tmp_path: Path) -> None:
    with served(tmp_path) as (client, _):
        batch = ended(client, submit(client, [line(1), line(2, body={"model": "m", "messages": []})]))
        assert (batch.status, counts(batch)) == ("completed", (2, 1, 1))
        assert told_by(client, batch.error_file_id)["r2"]["response"]["status_code"] == 500


def test_a_cancelled_batch_keeps_what_was_answered(tmp_path: Path) -> None:
    with served(tmp_path, batch_s=3600) as (client, _):
        batch = submit(client, lines(4))
        while counts(client.batches.retrieve(batch.id)) != (4, 1, 0):  # the first answer arrives at once
            time.sleep(0.01)
        assert client.batches.retrieve(batch.id).status == "in_progress"
        assert client.batches.cancel(batch.id).status == "cancelling"
        batch = client.batches.retrieve(batch.id)
        assert (batch.status, counts(batch)) == ("cancelled", (4, 1, 3)) and batch.cancelled_at
        output, errors = told_by(client, batch.output_file_id), told_by(client, batch.error_file_id)
        assert len(output) == 1 and sorted([*output, *errors]) == ["r1", "r2", "r3", "r4"]
        assert {told["error"]["code"] for told in errors.values()} == {"batch_cancelled"}
        with pytest.raises(openai.ConflictError):
            client.batches.cancel(batch.id)


def test_a_cancelled_batch_stays_so(tmp_path: Path) -> None:
    with served(tmp_path, batch_s=2) as (client, address):
        batch = submit(client, lines(2))
        client.batches.cancel(batch.id)
        left = ended(client, batch)
        asked = told(address)["tries"]
        ended(client, submit(client, lines(1)))  # by now the first one would have ended as well
        assert client.batches.retrieve(batch.id) == left and told(address)["tries"] == asked + 1


def test_batches_are_listed_from_the_newest_in_pages(tmp_path: Path) -> None:
    with served(tmp_path) as (client, _):
        assert client.batches.list().data == []
        made = [submit(client, lines(1)).id for _ in range(5)][::-1]
        page = client.batches.list(limit=2)
        assert [batch.id for batch in page.data] == made[:2] and page.has_more
        assert [batch.id for batch in page] == made, "the SDK goes through the pages"
        last = client.batches.list(limit=2, after=made[2])
        assert [batch.id for batch in last.data] == made[3:] and not last.has_more
        with pytest.raises(openai.BadRequestError):
            client.batches.list(limit=101)
        with pytest.raises(openai.NotFoundError):
            client.batches.list(after="batch_none")


def test_a_lost_answer_leaves_a_batch_behind(tmp_path: Path) -> None:
    with served(tmp_path, batch_fault="lost") as (client, address):
        with pytest.raises(openai.APIConnectionError):
            submit(client, lines(3), metadata={"part": "7"})
        (left,) = client.batches.list().data
        assert left.metadata == {"part": "7"} and counts(ended(client, left)) == (3, 3, 0)
        assert ended(client, submit(client, lines(2))).status == "completed", "only the first one is lost"
        report = told(address)
        assert (report["batches"], report["batch_lines"], report["tries"], report["requests"]) == (2, 5, 5, 3)


def test_the_first_batch_expires_with_half_of_its_lines(tmp_path: Path) -> None:
    with served(tmp_path, batch_fault="expired") as (client, _):
        batch = ended(client, submit(client, lines(5)))
        assert (batch.status, counts(batch)) == ("expired", (5, 2, 3)) and batch.expired_at
        errors = told_by(client, batch.error_file_id)
        assert {told["error"]["code"] for told in errors.values()} == {"batch_expired"}
        assert set(told_by(client, batch.output_file_id)) == {f"r{n}" for n in range(1, 6)} - set(errors)
        assert ended(client, submit(client, lines(5))).status == "completed"


def test_the_first_batch_fails(tmp_path: Path) -> None:
    with served(tmp_path, batch_fault="failed") as (client, address):
        batch = ended(client, submit(client, lines(2)))
        assert batch.status == "failed" and batch.failed_at and batch.errors and batch.errors.data
        assert (batch.output_file_id, batch.error_file_id) == (None, None)
        assert told(address)["tries"] == 0
        assert ended(client, submit(client, lines(2))).status == "completed"
        assert told(address)["batch_lines"] == 2


def test_input_that_is_unfit_fails_its_batch(tmp_path: Path) -> None:
    with served(tmp_path, batch_max_requests=3, batch_max_bytes=600) as (client, address):
        for content, expected in [
            (lines(3), []),
            (lines(4), [("too_many_tasks", None)]),
            ([line(300)], [("file_too_large", None)]),
            (b"", [("empty_file", None)]),
            ([line(1), line(2), line(1)], [("duplicate_custom_id", 3)]),
            (b'{"custom_id": "r1"\n[]', [("invalid_json_line", 1), ("invalid_request", 2)]),
            ([line(1, url="/v1/embeddings"), line(2, method="GET")], [("invalid_request", 1), ("invalid_request", 2)]),
            ([line(1), line(2, body=body("q", "other"))], [("mismatched_model", 2)]),
        ]:
            batch = ended(client, submit(client, content))
            errors = [(error.code, error.line) for error in (batch.errors and batch.errors.data) or []]
            assert (batch.status, errors) == ("failed" if expected else "completed", expected)
        report = told(address)
        assert (report["batches"], report["batch_lines"], report["tries"]) == (8, 3, 3)


def test_requests_that_openai_refuses(tmp_path: Path) -> None:
    with served(tmp_path) as (client, address):
        file = client.files.create(file=("in.jsonl", json.dumps(line(1)).encode()), purpose="batch")
        sound: dict[str, Any] = {"input_file_id": file.id, "endpoint": URL, "completion_window": "24h"}
        for wrong in ({"endpoint": "/v1/embeddings"}, {"completion_window": "1h"}, {"metadata": {"k": "v" * 513}}):
            with pytest.raises(openai.BadRequestError):
                client.batches.create(**sound | wrong)
        with pytest.raises(openai.NotFoundError):
            client.batches.create(**sound | {"input_file_id": "file-none"})
        with pytest.raises(openai.NotFoundError):
            client.batches.retrieve("batch_none")
        with pytest.raises(openai.BadRequestError):
            client.files.create(file=("in.jsonl", b"{}"), purpose="fine-tune")
        assert told(address)["batches"] == 0 and told(address)["files"] == 1


@pytest.mark.parametrize("mistake", [
    {"batch_fault": "gone"}, {"batch_s": -1}, {"batch_s": "soon"}, {"batch_max_requests": None},
])
def test_a_script_with_a_mistake_names_it(mistake: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(mistake))} is "):
        Script.read(mistake)
