"""The openai SDK: 64 workers, nothing kept. See `contenders.Contender` for what is printed."""

import asyncio
import json
import sys
import time
from collections.abc import Iterable

from openai import AsyncOpenAI

from benchmarks.inference.questions import question


async def work(client: AsyncOpenAI, numbers: Iterable[int]) -> int:
    ok = 0
    for number in numbers:
        completion = await client.chat.completions.create(
            model="faults", messages=[{"role": "user", "content": question(number)}], temperature=0.0, max_tokens=64,
            seed=1)
        ok += bool(completion.choices[0].message.content)
    return ok


async def ask(address: str, count: int) -> dict[str, float]:
    async with AsyncOpenAI(base_url=address, api_key="none") as client:
        await work(client, [count])  # it imports parts of itself only now
        cpu, began, numbers = time.process_time(), time.monotonic(), iter(range(count))
        ok = sum(await asyncio.gather(*(work(client, numbers) for _ in range(64))))
        return {"ok": ok, "cpu_s": time.process_time() - cpu, "seconds": time.monotonic() - began}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(ask(sys.argv[1], int(sys.argv[2])))))
