"""A small real server that speaks the chat-completions format and says what a test tells it to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """One answer of the server; a ``text`` makes a completion, a ``body`` is sent as it is."""

    text: str | None = None
    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0.0
    tokens: tuple[int, int] = (100, 10)

    def sent(self, model: str) -> bytes:
        if self.body is not None:
            return self.body
        if self.status != 200:
            return json.dumps({"error": {"message": self.text, "type": "test", "code": None}}).encode()
        message = {"role": "assistant", "content": self.text}
        usage = {"prompt_tokens": self.tokens[0], "completion_tokens": self.tokens[1], "total_tokens": sum(self.tokens)}
        choices = [{"index": 0, "finish_reason": "stop", "message": message}]
        return json.dumps(
            {"id": "1", "object": "chat.completion", "model": model, "choices": choices, "usage": usage}
        ).encode()


Script = Callable[[dict[str, Any], int], Reply]
"""The request's body and how many came before it, to the reply."""


@dataclass
class JudgeServer:
    """Where it listens, and what it was sent: bodies and headers, in their order."""

    url: str
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0


@contextmanager
def served(script: Script, model: str = "judge-2024") -> Iterator[JudgeServer]:
    """A server on a free port of this machine, for the length of a test."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                place = len(seen.bodies)
                seen.bodies.append(body)
                seen.headers.append({name.lower(): value for name, value in self.headers.items()})
                seen.in_flight += 1
                seen.most_in_flight = max(seen.most_in_flight, seen.in_flight)
            reply = script(body, place)
            time.sleep(reply.after)
            with lock:
                seen.in_flight -= 1
            data = reply.sent(model)
            try:
                self.send_response(reply.status)
                for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except (BrokenPipeError, ConnectionResetError):
                pass  # the client gave up waiting

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    seen = JudgeServer(f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
