"""The fault endpoint in a process of its own, and what it has to tell."""

import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPLY = "The most likely explanation is an infection of the lung after the operation. So, the answer is B."


@dataclass(frozen=True)
class Endpoint:
    """A running one. `address` ends in /v1."""

    address: str

    def tries(self) -> list[dict[str, Any]]:
        """Each request that came: `key` (hash of its body), `came`, `fault`, `went`; see `faults.Try`."""
        return self._told("tries")

    def count(self) -> int:
        """Requests that came, tries again included."""
        return self._told("report")["tries"]

    def _told(self, page: str) -> Any:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"{self.address.removesuffix('/v1')}/{page}") as reply:
            return json.load(reply)


@contextmanager
def endpoint(**script: Any) -> Iterator[Endpoint]:
    """An endpoint that behaves as the script says."""
    with tempfile.TemporaryDirectory(prefix="ultramed-benchmark-") as folder:
        path = Path(folder) / "script.json"
        path.write_text(json.dumps(script), encoding="utf-8")
        command = [sys.executable, "-m", "ultramed.fakes.faults", "--script", str(path)]
        with (open(path.with_name("log.txt"), "w") as log,  # who hangs up on a slow answer fills it
              subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process):
            try:
                assert process.stdout is not None
                if not (address := process.stdout.readline().strip()):
                    raise RuntimeError(f"the endpoint did not start\n{path.with_name('log.txt').read_text()}")
                yield Endpoint(address)
            finally:
                process.kill()
