"""Remote models in params: presets, other names for parameters, addresses of one's own."""

from typing import Any

import pytest
from pydantic import ValidationError

from ultramed.inference.client import dialect
from ultramed.params import RemoteModel
from ultramed.params.models import in_private_network
from ultramed.params.presets import PRESETS

PLAIN = {"model": "m", "revision": "1", "provider": "p", "base_url": "http://127.0.0.1:8000/v1"}


def remote(**more: Any) -> RemoteModel:
    return RemoteModel.model_validate(PLAIN | more)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_makes_a_whole_model_and_what_is_stated_wins(preset: str) -> None:
    stated = {"preset": preset, "model": "m", "revision": "1"}
    if "base_url" not in PRESETS[preset]:
        stated["base_url"] = "https://clinic.openai.azure.com/openai/v1"
    made = RemoteModel.model_validate(stated)
    assert made.provider and made.base_urls[0].startswith("http") and not made.base_urls[0].endswith("/")
    own = RemoteModel.model_validate(stated | {"provider": "mine", "request": {"seed": None, "n": 1}})
    assert own.provider == "mine" and own.request == PRESETS[preset].get("request", {}) | {"seed": None, "n": 1}


def test_an_unknown_preset_is_named_with_those_there_are() -> None:
    with pytest.raises(ValidationError, match=r"unknown preset 'opennai'; expected one of openai, "):
        remote(preset="opennai")


def test_only_what_can_change_a_reply_is_part_of_the_identity() -> None:
    assert dialect(remote(request={"max_tokens": "max_completion_tokens"})).changed == {}
    assert dialect(remote(request={"temperature": None, "reasoning_effort": "low"})).changed == {
        "temperature": None, "reasoning_effort": "low"}


@pytest.mark.parametrize(("address", "private"), [
    ("http://localhost:8000/v1", True), ("http://10.1.2.3/v1", True), ("http://192.168.0.7:80/v1", True),
    ("http://172.20.1.1/v1", True), ("http://[fd00::1]:8000/v1", True), ("http://gpu7:8000/v1", True),
    ("http://vllm.hospital.internal/v1", True), ("https://api.openai.com/v1", False), ("http://8.8.8.8/v1", False),
    ("http://172.32.0.1/v1", False), ("https://internal.example.com/v1", False),
    ("https://localhost.example.org/v1", False),
])
def test_addresses_of_ones_own_are_told_from_public_ones(address: str, private: bool) -> None:
    assert in_private_network(address) is private
    if private:
        assert remote(base_url=address, trusted=True).trusted
    else:
        with pytest.raises(ValidationError, match="is a public address; write who decided"):
            remote(base_url=address, trusted=True)
        signed = {"by": "Data protection officer", "on": "2026-11-01", "because": "A server of ours behind a contract."}
        assert remote(base_url=address, trusted=signed).trusted


def test_one_public_replica_is_enough_to_refuse_trust() -> None:
    with pytest.raises(ValidationError, match=r"https://api\.example\.com/v1 is a public address"):
        remote(base_url=["http://10.0.0.1/v1", "https://api.example.com/v1"], trusted=True)
