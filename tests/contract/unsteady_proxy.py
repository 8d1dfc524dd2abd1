"""A way to a server on which things go wrong, as they do on a network."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

_OF_ONE_CONNECTION = ("connection", "content-length", "keep-alive", "transfer-encoding")
_REFUSAL = "<Error><Code>{code}</Code><Message>{code}</Message></Error>"


class UnsteadyProxy(ThreadingHTTPServer):
    """Passes requests on to ``target`` and answers back, but for what its fields say."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.target = urlsplit(target).netloc
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.busy = 0
        """So many requests are refused with 503 first."""
        self.broken_bodies = 0
        """So many answers end in the middle of their body."""
        self.unconditional = False
        """Requests with a condition are not understood."""
        self.passed: list[str] = []
        """What was passed on: method and path."""


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: UnsteadyProxy

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.server.busy > 0:
            self.server.busy -= 1
            return self._refuse(503, "SlowDown")
        if self.server.unconditional and "If-None-Match" in self.headers:
            return self._refuse(501, "NotImplemented")
        self.server.passed.append(f"{self.command} {self.path.partition('?')[0]}")
        connection = http.client.HTTPConnection(self.server.target, timeout=60)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        data = answer.read()
        length = answer.getheader("Content-Length", "0") if self.command == "HEAD" else str(len(data))
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in _OF_ONE_CONNECTION}
        if self.server.broken_bodies > 0 and len(data) > 1 and self.command == "GET":
            self.server.broken_bodies -= 1
            data, self.close_connection = data[: len(data) // 2], True
        self._answer(answer.status, headers | {"Content-Length": length}, data)
        connection.close()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass

    def log_message(self, *_: object) -> None:
        pass

    def _refuse(self, status: int, code: str) -> None:
        data = _REFUSAL.format(code=code).encode()
        self._answer(status, {"Content-Length": str(len(data)), "Content-Type": "application/xml"}, data)

    def _answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else data)


@contextmanager
def unsteady_proxy(target: str) -> Iterator[UnsteadyProxy]:
    """A proxy that ends with the block."""
    with UnsteadyProxy(target) as proxy:
        thread = Thread(target=proxy.serve_forever, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
