"""A Hub on this machine, for tests and trials: real uploads, downloads and `load_dataset` without a network.

    python -m ultramed.fakes.loopback_hub --root DIR [--port 0] [--token TOKEN]

prints its address; set `HF_ENDPOINT` to it and `HF_TOKEN` to the token. It tests the client's side (what is
sent, in which order, what is refused), not what the real Hub would answer. Large files go through Xet into
`DIR/cas` or, from clients without Xet, over HTTP. Each request adds a line to `DIR/requests.jsonl`, with
the bytes stored afterwards. `--fail-after N --fail-for M` answers 503 to M requests after the first N.
"""

import argparse
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from ultramed.fakes.hub.routes import Request, Response, dispatch
from ultramed.fakes.hub.store import HubError, Store

ALWAYS = 10**9


class LoopbackHub(ThreadingHTTPServer):
    """Serves one store; every thread shares it.

    Args:
        token: the accepted token; any other is answered with 401.
        fail_after, fail_for: answer 503 to `fail_for` requests, after the first `fail_after`; None for never.
    """

    daemon_threads = True

    def __init__(
        self, root: Path, port: int, token: str, fail_after: int | None = None, fail_for: int = ALWAYS
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.store, self.token = Store(root), token
        self.failing = range(0) if fail_after is None else range(fail_after, fail_after + fail_for)
        self.base = f"http://127.0.0.1:{self.server_address[1]}"
        self._log, self._count, self._lock = root / "requests.jsonl", 0, threading.Lock()

    def number(self) -> int:
        """Count a request. Returns how many came before it."""
        with self._lock:
            self._count += 1
            return self._count - 1

    def log(self, method: str, path: str, received: int, status: int) -> None:
        line = {"method": method, "path": path, "received": received, "status": status}
        line["stored"] = self.store.stored_bytes()
        with self._lock, self._log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # header and body in one packet: unbuffered, every answer takes 40 ms longer
    server: LoopbackHub

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the server keeps its own log."""

    def handle_any(self) -> None:
        body, parts = self._body(), urlsplit(self.path)
        path = unquote(parts.path)
        try:
            response = self._answer(path, parse_qs(parts.query), body)
        except HubError as error:
            response = _refusal(error)
        # logged before it is answered, so that a client with its answer finds the line
        self.server.log(self.command, path, len(body), response.status)
        self._send(response)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = handle_any

    def _answer(self, path: str, query: dict[str, list[str]], body: bytes) -> Response:
        if self.server.number() in self.server.failing:
            raise HubError(503, "ServiceUnavailable", "asked to fail")
        given = self.headers.get("Authorization")
        if given not in (None, f"Bearer {self.server.token}"):
            raise HubError(401, "Unauthorized", "Invalid credentials in Authorization header")
        headers = {name.lower(): value for name, value in self.headers.items()}
        owner = given is not None
        return dispatch(
            self.server.store,
            Request(self.command, path, query, headers, body, self.server.base, owner),
        )

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in ({"Content-Length": str(len(response.body))} | response.headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)


def _refusal(error: HubError) -> Response:
    headers = {"X-Error-Code": error.code, "X-Error-Message": error.message}
    if error.status == 503:
        headers["Retry-After"] = "0"
    return Response(error.status, json.dumps({"error": error.message}).encode(), headers)


def main() -> None:
    parser = argparse.ArgumentParser(prog="loopback_hub", description="A Hub on this machine.")
    parser.add_argument("--root", type=Path, required=True, help="folder for its state; kept between starts")
    parser.add_argument("--port", type=int, default=0, help="0 for any free port")
    parser.add_argument("--token", default="hf_loopback", help="the accepted token")
    parser.add_argument("--fail-after", type=int, help="requests answered before 503")
    parser.add_argument("--fail-for", type=int, default=ALWAYS, help="requests answered with 503")
    args = parser.parse_args()
    hub = LoopbackHub(args.root, args.port, args.token, args.fail_after, args.fail_for)
    print(hub.base, flush=True)
    try:
        hub.serve_forever()
    except KeyboardInterrupt:
        hub.server_close()


if __name__ == "__main__":
    main()
