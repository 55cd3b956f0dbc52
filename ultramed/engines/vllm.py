"""vLLM: a Transformers folder or a Hub repository on GPUs, in its own process."""

import json
import re
import sys
from typing import Any

from ultramed.engines._engine import CommandEngine, Launch

_ERROR = re.compile(r"(?:^|[\s\])])((?:\w+\.)*\w*(?:Error|Exception): .+)$")  # the end of a traceback
_ELSEWHERE = re.compile(r"root cause|Failed core proc", re.IGNORECASE)  # only says that another process failed


class Vllm(CommandEngine):
    """Options are vLLM's own command-line options: `{tensor-parallel-size: 4}`; true for a flag without a value."""

    name = "vllm"
    fetches_from_hub = True
    start_s = 1800.0  # it may have to fetch weights and compile kernels

    def command(self, launch: Launch, port: int) -> list[str]:
        pointer = launch.weights / "model.json"
        model = json.loads(pointer.read_text("utf-8")) if pointer.exists() else {"hub_id": str(launch.weights)}
        command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", model["hub_id"],
                   "--served-model-name", launch.model, "--host", "127.0.0.1", "--port", str(port),
                   "--max-model-len", str(launch.context), "--max-num-seqs", str(launch.concurrency)]
        if "revision" in model:
            command += ["--revision", model["revision"], "--tokenizer-revision", model["revision"]]
        for name, value in launch.options.items():
            command += [f"--{name}", *([] if value is True else [str(value)])]
        return command

    def cause(self, log: list[str]) -> str:
        """The last error that is not about another process: the API server ends with "See root cause above"; so
        does, on several GPUs, the process between it and the workers."""
        errors = [match[1] for line in log if (match := _ERROR.search(line))]
        return next((error for error in reversed(errors) if not _ELSEWHERE.search(error)), log[-1])

    def gpus(self, options: dict[str, Any]) -> int:
        return int(options.get("tensor-parallel-size", 1))

    def gpu_share(self, options: dict[str, Any]) -> float:
        return float(options.get("gpu-memory-utilization", 0.9))  # vLLM's default


ENGINE = Vllm()
