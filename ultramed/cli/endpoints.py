"""Probe a remote model's endpoint before any request is paid for: `GET /models` is free."""

import json
import os
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from urllib.error import HTTPError

from ultramed.inference.http import wire
from ultramed.params import RemoteModel
from ultramed.params.models import on_this_machine

WAIT_S = 5.0


def endpoints(model: RemoteModel) -> Iterator[tuple[bool, str]]:
    """For each address, whether it is usable and what it answered. A list without the model is not an error: some
    providers do not list what they serve."""
    key = os.environ.get(model.api_key_env or "", "")
    for base_url in model.base_urls:
        fine, said = _probe(base_url, model.model, key)
        yield fine, f"{base_url} {said}"


def _probe(base_url: str, model: str, key: str) -> tuple[bool, str]:
    direct = [urllib.request.ProxyHandler({})] if on_this_machine(base_url) else []
    try:
        request = urllib.request.Request(f"{base_url}/models")
        if key:
            request.add_unredirected_header("Authorization", f"Bearer {key}")
        with urllib.request.build_opener(*direct).open(request, timeout=WAIT_S) as response:
            listed = _listed(response.read())
    except HTTPError as error:
        said = wire.refusal(error.code, error.read(1000).decode(errors="replace"), key).said
        return error.code in (404, 405), f"answers {said}"
    except (OSError, HTTPException, ValueError) as error:
        return False, f"does not answer ({getattr(error, 'reason', error)})"
    return True, "answers" if not listed or model in listed else f"answers, but does not list '{model}'"


def _listed(text: bytes) -> list[str]:
    try:
        return [str(model["id"]) for model in json.loads(text)["data"]]
    except (ValueError, KeyError, TypeError):
        return []
