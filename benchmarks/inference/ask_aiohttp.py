"""Bare aiohttp: 64 workers, nothing kept. See `contenders.Contender` for what is printed."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator

import aiohttp

from benchmarks.inference.questions import question


async def work(session: aiohttp.ClientSession, url: str, numbers: Iterator[int]) -> int:
    ok = 0
    for number in numbers:
        turns = [{"role": "user", "content": question(number)}]
        body = {"model": "faults", "messages": turns, "temperature": 0.0, "max_tokens": 64, "seed": 1}
        async with session.post(url, json=body) as response:
            ok += bool((await response.json())["choices"][0]["message"]["content"])
    return ok


async def ask(address: str, count: int) -> int:
    numbers = iter(range(count))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        return sum(await asyncio.gather(*(work(session, f"{address}/chat/completions", numbers) for _ in range(64))))


def main() -> None:
    cpu, began = time.process_time(), time.monotonic()
    ok = asyncio.run(ask(sys.argv[1], int(sys.argv[2])))
    print(json.dumps({"ok": ok, "cpu_s": time.process_time() - cpu, "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main()
