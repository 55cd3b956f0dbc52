"""bespokelabs-curator with its cache, in an environment of its own. See `contenders.Contender` for what is printed.

Nothing is fetched or sent elsewhere: telemetry is off, prices and tiktoken's vocabulary are those that litellm, which
curator depends on, brings along.
"""

import json
import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.inference.questions import question

os.environ |= {"TELEMETRY_ENABLED": "false", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
if found := find_spec("litellm"):
    os.environ["TIKTOKEN_CACHE_DIR"] = str(Path(found.origin or "").parent / "litellm_core_utils" / "tokenizers")

from bespokelabs import curator

UNLIMITED = 10**9  # a minute


class Asker(curator.LLM):
    def prompt(self, row: dict[str, Any]) -> str:
        return row["question"]

    def parse(self, row: dict[str, Any], response: str) -> dict[str, Any]:
        return {"id": row["id"], "answer": response}


def main() -> None:
    address, count = sys.argv[1], int(sys.argv[2])
    asker = Asker(
        model_name="faults", backend="openai", generation_params={"temperature": 0.0, "max_tokens": 64, "seed": 1},
        backend_params={"base_url": address, "api_key": "none", "max_concurrent_requests": 64,
                        "max_requests_per_minute": UNLIMITED, "max_tokens_per_minute": UNLIMITED},
    )
    rows = [{"id": f"row-{n}", "question": question(n)} for n in range(count)]
    cpu, began = time.process_time(), time.monotonic()
    answers = asker(rows).dataset
    ok = sum(bool(answer) for answer in answers["answer"])
    print(json.dumps({"ok": ok, "cpu_s": time.process_time() - cpu, "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main()
