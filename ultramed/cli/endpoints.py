"""What a look at a remote model's endpoint shows. `look` costs nothing: it lists models, or sends an empty request that
every endpoint refuses. `send` asks."""

import json
import os
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError

from ultramed.inference.client import remote_target
from ultramed.inference.http import wire
from ultramed.inference.http.endpoint import Target
from ultramed.params import RemoteModel
from ultramed.params.models import on_this_machine

WAIT_S = 5.0
ADDRESS = "check base_url: it ends before /chat/completions, mostly in /v1"


def endpoints(name: str, model: RemoteModel) -> Iterator[tuple[bool, str]]:
    """For each address whether it can be used, and its answer. A list without the model is no error: not all providers
    list what they serve."""
    target = remote_target(name, model)
    for base_url in model.base_urls:
        fine, said = _look(target, base_url)
        yield fine, f"{base_url} {said}"


def send(target: Target, base_url: str, body: str | None, path: str, wait_s: float = WAIT_S) -> tuple[int, str]:
    """Status and text of an answer. Raises OSError, HTTPException or ValueError where there is none."""
    key = os.environ.get(target.api_key_env or "", "")
    direct = [urllib.request.ProxyHandler({})] if on_this_machine(base_url) else []
    asked = urllib.request.Request(str(target.url(base_url, path)), data=body.encode() if body is not None else None)
    for header, value in ({"Content-Type": "application/json"} | target.all_headers(key)).items():
        asked.add_unredirected_header(header, value)
    try:
        with urllib.request.build_opener(*direct).open(asked, timeout=wait_s) as response:
            return response.status, response.read().decode(errors="replace")
    except HTTPError as error:
        return error.code, wire.refusal(error.code, error.read(2000).decode(errors="replace"), key).said


def _look(target: Target, base_url: str) -> tuple[bool, str]:
    try:
        status, text = send(target, base_url, None, "models")
        if status == 200:
            listed, wanted = _listed(text), target.dialect.model
            return True, "answers" if not listed or wanted in listed else f"answers, but does not list '{wanted}'"
        if status not in (404, 405):
            return False, f"answers {text}"
        status, text = send(target, base_url, "{}", "chat/completions")  # it lists nothing; is it there at all?
    except (OSError, HTTPException, ValueError) as error:
        return False, f"does not answer ({getattr(error, 'reason', error)})"
    return (True, "answers") if status in (400, 413, 422) else (False, f"answers {text}; {ADDRESS}")


def _listed(text: str) -> list[str]:
    """Ids of the models in a list; none where it is no such list."""
    try:
        models: Any = json.loads(text)["data"]
        return [str(one["id"]) for one in models]
    except (ValueError, KeyError, TypeError):
        return []
