"""One batch of the fault endpoint: its input is checked, its lines are answered, its two files are written.

A line gets the fault that an online request with its body would get. Transport faults end up in the error file: with a
status or, if no byte would arrive, as `batch_expired`. Lines are answered from the last to the first, evenly over
`batch_s`, and the output keeps that order, so that no client can rely on the order of its input.

    validating → in_progress → finalizing → completed, or expired if a line is left without an answer
    validating → failed, if the input is invalid         any of the first three → cancelling → cancelled
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from ultramed.fakes.faults.files import Files
from ultramed.fakes.faults.kinds import TRANSPORT_FAULTS, Script, refusal

Answer = Callable[[bytes], tuple[str, bytes]]  # the body of a request → the fault that hits it or "", its completion
WINDOW_S = 24 * 3600
STATUSES = {"400": 400, "429": 429, "429-after": 429}  # of a failed line; any other transport fault is a 500
SILENT = {"stall", "trickle"}
UNDONE = {"expired": "The completion window ended before this request could be executed.",
          "cancelled": "The batch was cancelled before this request was executed."}


class BatchJob:
    """`shown` is the API's batch object without its counts."""

    def __init__(self, batch_id: str, asked: dict[str, Any], script: Script, answer: Answer, files: Files) -> None:
        now = int(time.time())
        self.shown = asked | {
            "id": batch_id, "object": "batch", "status": "validating", "errors": None, "created_at": now,
            "expires_at": now + WINDOW_S, "output_file_id": None, "error_file_id": None,
        }
        self.script, self.answer, self.files = script, answer, files
        self.fault: str | None = None  # of the whole batch
        self.accepted = 0  # lines
        self.waiting: dict[str, dict[str, Any]] = {}  # bodies without an answer, by custom_id
        self.done: dict[str, list[dict[str, Any]]] = {"completed": [], "failed": []}  # lines of the two files

    def view(self) -> dict[str, Any]:
        counts = {kind: len(lines) for kind, lines in self.done.items()}
        return self.shown | {"request_counts": {"total": self.accepted, **counts}}

    def turn(self, status: str) -> None:
        self.shown |= {"status": status, f"{status}_at": int(time.time())}

    async def run(self, content: bytes, fault: str | None) -> None:
        """Run from validation to the end; `fault` hits the batch as a whole."""
        self.fault = fault
        began = asyncio.get_running_loop().time()
        errors = [_error("scripted", "failed as scripted")] if fault == "failed" else unfit(content, self.script)
        if errors:
            self.shown["errors"] = {"object": "list", "data": errors}
            self.turn("failed")
            return
        self.waiting = {line["custom_id"]: line["body"] for line in map(json.loads, content.splitlines())}
        self.accepted = len(self.waiting)
        self.turn("in_progress")
        reached = self.accepted // 2 if fault == "expired" else self.accepted
        for number, custom_id in enumerate(list(reversed(self.waiting))[:reached]):
            await _until(began + 0.9 * self.script.batch_s * number / self.accepted)
            self._execute(custom_id)
        self.turn("finalizing")
        await _until(began + self.script.batch_s)
        self.close("expired" if self.waiting else "completed")

    def close(self, status: str) -> None:
        """End the batch; the error file lists the lines that were never executed."""
        for custom_id in list(self.waiting):
            self._write("failed", custom_id, error={"code": f"batch_{status}", "message": UNDONE[status]})
        for name, kind in (("output", "completed"), ("error", "failed")):
            if lines := self.done[kind]:  # an empty file is not written, and its id stays null
                content = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
                content = damaged(lines) if self.fault == "damaged" else content
                file = self.files.keep("batch_output", f"{self.shown['id']}_{name}.jsonl", content)
                self.shown[f"{name}_file_id"] = file["id"]
        self.turn(status)

    def _execute(self, custom_id: str) -> None:
        try:
            fault, body = self.answer(json.dumps(self.waiting[custom_id]).encode())
        except Exception as error:  # a body that the oracle cannot answer fails its line, not the batch
            failure = {"error": {"message": repr(error), "type": "oracle", "code": None}}
            self._write("failed", custom_id, {"status_code": 500, "body": failure})
            return
        if fault not in TRANSPORT_FAULTS:
            self._write("completed", custom_id, {"status_code": 200, "body": json.loads(body)})
        elif fault not in SILENT:
            self._write("failed", custom_id, {"status_code": STATUSES.get(fault, 500), "body": refusal(fault)})

    def _write(self, kind: str, custom_id: str, response: dict[str, Any] | None = None,
               error: dict[str, str] | None = None) -> None:
        number = f"{self.shown['id'].removeprefix('batch_')}-{len(self.waiting):06}"
        if response is not None:
            response["request_id"] = f"req_{number}"
        line = {"id": f"batch_req_{number}", "custom_id": custom_id, "response": response, "error": error}
        self.done[kind].append(line)
        del self.waiting[custom_id]


def damaged(lines: list[dict[str, Any]]) -> bytes:
    """The same lines after a bad transfer: the first is cut, the second has no usage, blank ones and one that is no
    JSON are among them, and the file ends without a line break."""
    first, *others = (json.dumps(line) for line in lines)
    if others:
        lines[1]["response"]["body"].pop("usage", None)
        others[0] = json.dumps(lines[1])
    return "\n".join(["", first[: len(first) // 2], "  ", *others[:1], "no JSON", *others[1:]]).encode()


def unfit(content: bytes, script: Script) -> list[dict[str, Any]]:
    """What is wrong with the input of a batch, in the API's form of `errors`; empty if it is valid."""
    lines = content.splitlines()
    if len(content) > script.batch_max_bytes:
        return [_error("file_too_large", f"{len(content)} bytes; at most {script.batch_max_bytes} are allowed")]
    if len(lines) > script.batch_max_requests:
        return [_error("too_many_tasks", f"{len(lines)} requests; at most {script.batch_max_requests} are allowed")]
    if not lines:
        return [_error("empty_file", "the input file is empty")]
    seen: dict[str, str] = {}
    problems = ((number, _unfit_line(line, seen)) for number, line in enumerate(lines, 1))
    return [_error(*problem, number) for number, problem in problems if problem]


def _unfit_line(line: bytes, seen: dict[str, str]) -> tuple[str, str] | None:
    """Code and message of what is wrong; `seen` has the models by custom_id so far, and gains this line's."""
    try:
        value = json.loads(line)
    except ValueError:
        return "invalid_json_line", "this line is not JSON"
    match value:
        case {"custom_id": str(custom_id), "method": "POST", "url": "/v1/chat/completions",
              "body": {"model": str(model), "messages": list()}}:
            if custom_id in seen:
                return "duplicate_custom_id", f"the custom_id {custom_id!r} is used more than once"
            seen[custom_id] = model
            return None if model == next(iter(seen.values())) else ("mismatched_model", f"a second model: {model}")
    return "invalid_request", "expected custom_id, method POST, url /v1/chat/completions and a body of a chat request"


def _error(code: str, message: str, line: int | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "line": line, "param": None}


async def _until(moment: float) -> None:
    """Sleep until a moment of the loop's clock; other requests run even if it has passed."""
    await asyncio.sleep(max(0.0, moment - asyncio.get_running_loop().time()))
