"""A web site on this machine that serves files, resumes, breaks off and refuses as told."""

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site(ThreadingHTTPServer):
    """`files`: content by path. The connection ends after `break_after` bytes of a reply's body, `breaks` times.
    `refuse`: statuses to answer with before serving anything."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.break_after, self.breaks = 0, 0
        self.refuse: list[int] = []
        self.ranges: list[str | None] = []  # Range header of each request
        self.sent = 0  # bytes of bodies

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def log_message(self, *_arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        site = self.server
        site.ranges.append(self.headers.get("Range"))
        if site.refuse:
            return self.send_error(site.refuse.pop(0))
        content = site.files.get(self.path.partition("?")[0])
        if content is None:
            return self.send_error(404)
        etag = f'"{hash(content)}"'
        start = self._start(etag)
        if start and start >= len(content):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("ETag", etag)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self._send(content[start:])

    def _start(self, etag: str) -> int:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        fresh = self.headers.get("If-Range") in (None, etag)
        return int(asked[1]) if asked and fresh else 0

    def _send(self, body: bytes) -> None:
        site = self.server
        if site.breaks > 0 and len(body) > site.break_after:
            site.breaks -= 1
            body = body[: site.break_after]
        self.wfile.write(body)
        site.sent += len(body)
