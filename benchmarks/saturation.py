"""Is a model's server kept full? Requests running and waiting there, sampled while one pass goes through the layer.

    python -m benchmarks.saturation http://127.0.0.1:8000/v1 --model NAME [--requests 2000] [--concurrency 256]

Reads the server's own Prometheus metrics: vLLM has them at /metrics, llama.cpp when started with `endpoint_metrics`.
Prompts are of mixed length, replies as long as the model makes them, up to 256 tokens. A server is full that runs nine
tenths of what it ever ran in this pass, or has some waiting. Replies go to a ledger of their own, which is removed.
"""

import argparse
import os
import random
import re
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, nullcontext

from ultramed import params
from ultramed.inference.client import Client
from ultramed.inference.http.endpoint import Target
from ultramed.inference.http.wire import Dialect
from ultramed.ledger.requests import Request, Sampling
from ultramed.params import Models, Price, RemoteModel
from ultramed.prompts import Prompt

RUNNING, WAITING = (
    re.compile(rf"^(?:vllm:num_requests_{vllm}|llamacpp:requests_{llama})(?:\{{.*\}})? ([0-9.e+]+)", re.MULTILINE)
    for vllm, llama in (("running", "processing"), ("waiting", "deferred"))
)
EVERY_S = 0.5


class Sampler(threading.Thread):
    """(seconds, running, waiting), until `ending` is set; over all engines of the server."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.address, self.ending = f"{address.removesuffix('/v1')}/metrics", threading.Event()
        self.seen: list[tuple[float, float, float]] = []

    def run(self) -> None:
        began, direct = time.monotonic(), urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while not self.ending.wait(EVERY_S):
            with direct.open(self.address, timeout=10) as reply:
                text = reply.read().decode()
            running, waiting = (sum(map(float, found.findall(text))) for found in (RUNNING, WAITING))
            self.seen.append((time.monotonic() - began, running, waiting))


def questions(count: int) -> Iterator[Request]:
    """Prompts of 10 to 400 words, the same every time."""
    chance = random.Random(0)
    for n in range(count):
        text = f"Case {n}: " + "the patient is well and " * chance.randint(2, 80) + "what is next?"
        prompt = Prompt("benchmark", "0" * 16, (("user", text),))
        yield Request(f"q{n}", "ask", prompt, Sampling(0.0, chance.choice((32, 128, 256)), n))


def show(seen: list[tuple[float, float, float]], seconds: float, tokens: int) -> None:
    """A line for each twentieth of the time, and the share of samples in which the server was full."""
    most = max((running for _, running, _ in seen), default=0.0)
    for at, running, waiting in seen[:: max(1, len(seen) // 20)]:
        bar = "#" * round(40 * running / max(1, most))
        print(f"{at:7.1f} s  running {running:4.0f}  waiting {waiting:4.0f}  {bar}")
    middle = seen[len(seen) // 20 : -max(1, len(seen) // 10)]  # without the start and the last, long replies
    full = sum(waiting > 0 or running >= 0.9 * most for _, running, waiting in middle) / max(1, len(middle))
    print(f"full in {full:.0%} of {len(middle)} samples; {tokens / seconds:,.0f} tokens/s generated")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", help="base URL, ending in /v1")
    parser.add_argument("--model", required=True, help="as the server calls it")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, default=256)
    given = parser.parse_args()
    model = RemoteModel(base_url=given.address, model=given.model, revision="1", provider="here",
                        concurrency=given.concurrency, price=Price(prompt=0.0, completion=0.0))
    settings = params.load().model_copy(update={"models": Models(local={}, remote={"served": model})})
    target = Target("served", (given.address,), Dialect(given.model), concurrency=given.concurrency)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ULTRAMED_LEDGER"] = folder
        sampler, began = Sampler(given.address), time.monotonic()
        with closing(Client("served", "benchmark", lambda: nullcontext(target), "benchmark", settings)) as client:
            sampler.start()
            answers = client.ask(questions(given.requests), "saturation", given.requests, truncated_ok=True)
            tokens = sum(a.reply.completion_tokens for a in answers if a.reply)
        sampler.ending.set()
    show(sampler.seen, time.monotonic() - began, tokens)


if __name__ == "__main__":
    main()
