"""How often somebody may fail to prove who they are."""

from __future__ import annotations

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FAILURES_EACH = parse("20/minute")
FAILURES_OF_ALL = parse("400/minute")
TOO_OFTEN = "Too many attempts to sign in have failed: wait a minute, then try again."
_ALL = "everybody"


class Attempts:
    """Counts failures to sign in, by address and in all, within this process.

    Only failures count, so that people who share an address do not lock each other out by working. A secret has 256
    bits: the limit spares the database, and makes guessing visible.
    """

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def may_try(self, address: str) -> bool:
        """Whether ``address`` has not failed too often of late."""
        return self._limiter.test(FAILURES_EACH, address) and self._limiter.test(FAILURES_OF_ALL, _ALL)

    def failed(self, address: str) -> None:
        """Count a failure."""
        self._limiter.hit(FAILURES_EACH, address)
        self._limiter.hit(FAILURES_OF_ALL, _ALL)


class BearerAttempts:
    """Answers 429 to an address whose bearer tokens were refused too often."""

    def __init__(self, app: ASGIApp, attempts: Attempts) -> None:
        self._app = app
        self._attempts = attempts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "authorization" not in Headers(scope=scope):
            await self._app(scope, receive, send)
            return
        address = address_of(scope)
        if not self._attempts.may_try(address):
            await too_often()(scope, receive, send)
            return

        async def send_and_count(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 401:
                self._attempts.failed(address)
            await send(message)

        await self._app(scope, receive, send_and_count)


def address_of(scope: Scope) -> str:
    """The address that a request came from."""
    client = scope.get("client")
    return client[0] if client else "unknown"


def too_often() -> JSONResponse:
    """The answer to somebody who has failed too often."""
    return JSONResponse({"code": "too_often", "message": TOO_OFTEN}, 429, {"Retry-After": "60"})
