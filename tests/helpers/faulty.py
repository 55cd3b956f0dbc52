"""What the tests of the fault endpoint share: a process of it, a script of one kind, a request, what it tells."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def endpoint(folder: Path, **script: Any) -> Iterator[str]:
    """Address of a fault endpoint that runs in a process of its own."""
    (folder / "script.json").write_text(json.dumps(script), encoding="utf-8")
    command = [sys.executable, "-m", "ultramed.fakes.faults", "--script", str(folder / "script.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def always(kind: str, **more: Any) -> dict[str, Any]:
    return {"faults": [{"kind": kind, "share": 1.0, "times": None}], **more}


def post(address: str, text: str = "q", timeout: float = 5.0) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of a chat request."""
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
    request = urllib.request.Request(f"{address}/chat/completions", body, {"Content-Type": "application/json"})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=timeout) as reply:
            return reply.status, reply.read(), dict(reply.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read(), dict(error.headers)


def told(address: str, page: str = "report") -> Any:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"{address.removesuffix('/v1')}/{page}") as reply:
        return json.load(reply)
