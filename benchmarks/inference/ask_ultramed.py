"""One pass of `ultramed.inference.client`, as a stage makes it: see `contenders.Contender` for what is printed."""

import argparse
import hashlib
import json
import resource
import time
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any, TextIO

from pydantic import BaseModel

from benchmarks.inference.contenders import REPOSITORY
from benchmarks.inference.questions import question
from ultramed import params, tables
from ultramed.inference.client import Client
from ultramed.inference.http.endpoint import Target
from ultramed.inference.http.wire import Dialect
from ultramed.ledger.requests import Answer, Request, Sampling
from ultramed.params import BudgetUSD, Models, Price, RemoteModel
from ultramed.params.models import Retries
from ultramed.prompts import Prompt
from ultramed.records import Use

CONCURRENCY = 64
SHORT: dict[str, Any] = {"connect_s": 0.5, "first_byte_s": 0.5, "total_s": 0.5, "patience_s": 10.0,
                         "retries": Retries(backoff_s=0.02)}


class EvolvedOpen(BaseModel):
    """A shape for which the endpoint's answer differs from question to question."""

    question: str


def client(target: Target, budget: float | None) -> Client:
    """A client of a remote model, with USD to spend or no limit."""
    model = RemoteModel(base_url=list(target.base_urls), model=target.dialect.model, revision="1", provider="benchmark",
                        rights="open", concurrency=CONCURRENCY, price=Price(prompt=1.0, completion=2.0))
    models = Models(local={}, remote={target.name: model})
    settings = params.load(REPOSITORY / "params.yaml").model_copy(
        update={"models": models, "budget_usd": BudgetUSD(total=budget)})
    return Client(target.name, "benchmark", lambda: nullcontext(target), "identity", settings)


def requests(count: int, shape: type[BaseModel] | None) -> Iterator[Request]:
    for n in range(count):
        prompt = Prompt("solve", "0" * 16, (("user", question(n)),))
        yield Request(f"row-{n}", "attempt-1", prompt, Sampling(0.0, 64, 1), shape)


def note(file: TextIO, answer: Answer, target: Target) -> None:
    """A line of JSON: value, failure, and the hash by which the endpoint knows the request."""
    value = answer.value.model_dump() if isinstance(answer.value, BaseModel) else answer.value
    sent = hashlib.sha256(target.dialect.body(answer.request).encode()).hexdigest()
    file.write(json.dumps({"value": value, "failure": answer.failure, "sent": sent}) + "\n")


def run(given: argparse.Namespace) -> int:
    """Ask all; how many were answered."""
    target = Target("trial", (given.address,), Dialect("faults"), concurrency=CONCURRENCY,
                    **(SHORT if given.short else {}))
    asked, ok = requests(given.count, EvolvedOpen if given.json else None), 0
    with closing(client(target, given.budget)) as asker, open(given.answers or "/dev/null", "w") as file:
        for answer in asker.ask(asked, total=given.count):
            ok += answer.ok
            if given.answers:
                note(file, answer, target)
        if given.manifest:
            with tables.artifact(given.manifest) as folder:
                tables.write(folder, "manifest", Use, asker.manifest)
    return ok


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("count", type=int)
    parser.add_argument("--json", action="store_true", help="ask for JSON of one shape instead of free text")
    parser.add_argument("--short", action="store_true", help="deadlines of half a second")
    parser.add_argument("--budget", type=float, help="USD")
    parser.add_argument("--answers", type=Path, help="file to write all answers to")
    parser.add_argument("--manifest", type=Path, help="folder to write the manifest to")
    given = parser.parse_args()
    cpu, began = time.process_time(), time.monotonic()
    ok = run(given)
    took = {"ok": ok, "cpu_s": time.process_time() - cpu, "seconds": time.monotonic() - began}
    print(json.dumps(took | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
