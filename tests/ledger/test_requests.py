"""The key of a request: everything that can change a reply, nothing else, and the same forever."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel, Field

from ultramed.ledger.requests import Reply, Request, Sampling, digest
from ultramed.prompts import Prompt


class Pick(BaseModel):
    answer: str = Field(max_length=1)


class Other(BaseModel):
    answer: str = Field(max_length=2)


PROMPT = Prompt("solve", "0123456789abcdef", (("system", "You answer."), ("user", "Naïve question?\nA. 1 µg\nB. <2")))
ASKED = Request("MedQA,1", "attempt-1", PROMPT, Sampling(0.7, 16, 1960383731), Pick, 2, "recipe")
GOLDEN = "4cbcd51355a12ac94256d5349f082208cf7e08af372414e2707d12490ac0a854"
GOLDEN_FREE = "679d33568f249bd582fa5dc19e565e6ccf338fd2a3fcb9a7feb02539047bec2d"
REPLY = Reply("B \U0001f9ec", "stop", "served", 10, 2, [{"B": -0.25}])


def test_the_key_is_final() -> None:
    """A ledger outlives the code that wrote it: if this fails, replies already bought are not found again.
    Another shape of the key needs another KEY_VERSION and a way to keep the old one."""
    assert ASKED.key("local:abc") == GOLDEN
    assert replace(ASKED, reply_type=None, sample=0).key("local:abc") == GOLDEN_FREE


def test_the_key_is_the_hash_of_the_canonical_json_of_what_is_asked() -> None:
    asked = {
        "version": 1, "model": "local:abc", "sample": 2,
        "messages": [{"role": "system", "content": "You answer."},
                     {"role": "user", "content": "Naïve question?\nA. 1 µg\nB. <2"}],
        "sampling": {"temperature": 0.7, "max_tokens": 16, "seed": 1960383731, "top_p": 1.0, "top_logprobs": 0},
        "schema": {"title": "Pick", "type": "object", "required": ["answer"],
                   "properties": {"answer": {"title": "Answer", "type": "string", "maxLength": 1}}},
    }
    text = json.dumps(asked, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert ASKED.key("local:abc") == hashlib.sha256(text.encode()).hexdigest()


def sampled(**change: Any) -> Request:
    return replace(ASKED, sampling=replace(ASKED.sampling, **change))


def turned(*messages: tuple[str, str]) -> Request:
    return replace(ASKED, prompt=replace(PROMPT, messages=messages))


@pytest.mark.parametrize("other", [
    sampled(temperature=0.8), sampled(max_tokens=17), sampled(seed=1), sampled(top_p=0.9), sampled(top_logprobs=20),
    replace(ASKED, sample=3), replace(ASKED, reply_type=None), replace(ASKED, reply_type=Other),
    turned(("user", "You answer."), PROMPT.messages[1]), turned(PROMPT.messages[1]),
    turned(PROMPT.messages[0], ("user", "Naïve question?\nA. 1 µg\nB. <3")), turned(*reversed(PROMPT.messages)),
])
def test_each_part_of_what_is_asked_changes_the_key(other: Request) -> None:
    assert other.key("local:abc") != ASKED.key("local:abc")


def test_the_model_changes_the_key() -> None:
    assert ASKED.key("local:abd") != ASKED.key("local:abc")


@pytest.mark.parametrize("change", [
    {"row_id": "MedQA,2"}, {"step": "attempt-2"}, {"rights": "open"}, {"prompt": replace(PROMPT, name="n", hash="h")},
])
def test_what_cannot_change_a_reply_is_not_in_the_key(change: dict[str, Any]) -> None:
    """Two rows with the same question share one reply. Address, port and concurrency are not part of a request."""
    assert replace(ASKED, **change).key("local:abc") == ASKED.key("local:abc")


def test_the_hash_of_a_reply_covers_every_part_of_it() -> None:
    assert REPLY.hash == digest({
        "text": "B \U0001f9ec", "finish_reason": "stop", "model": "served", "prompt_tokens": 10, "completion_tokens": 2,
        "logprobs": [{"B": -0.25}]})
    others = [replace(REPLY, **c) for c in (
        {"text": "C"}, {"finish_reason": "length"}, {"model": "m"}, {"prompt_tokens": 9}, {"completion_tokens": 1},
        {"logprobs": [{"B": -0.5}]})]
    assert len({REPLY.hash, *(r.hash for r in others)}) == 7


def test_the_order_of_names_is_no_part_of_a_digest() -> None:
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1}) != digest({"a": 1, "b": [3]})
