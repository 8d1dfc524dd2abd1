"""What every answer carries, and which requests are not even looked at."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from redraft_ui.access.site import ANY_NAME, Site

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",  # not even Streamlit's own inline script, which only waits for crawlers
        "style-src 'self' 'unsafe-inline'",  # Streamlit styles its elements as it goes
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

_HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
_READING = ("GET", "HEAD", "OPTIONS")


class SecurityHeaders:
    """Adds the headers to every answer that does not have its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class OwnSite:
    """Refuses what is meant for another host, and what a page of another site wants to open or change here.

    Streamlit would let every page from this machine, whatever its port, open a session with the visitor's cookies.
    """

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not self._is_ours(headers.get("host", "")):
            await _refuse(400, "There is no such host here.", scope, receive, send)
        elif _changes(scope) and not self._is_same(headers):
            await _refuse(403, "Pages of other sites may not do this.", scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        return ANY_NAME in self._site.names or _name(host) in self._site.names

    def _is_same(self, headers: Headers) -> bool:
        """Programs that are no browsers send no origin, and hold no cookie that anybody could borrow."""
        origin = headers.get("origin")
        return origin is None or origin == self._site.url or _authority(origin) == headers.get("host", "").lower()


def _changes(scope: Scope) -> bool:
    return scope["type"] == "websocket" or scope["method"] not in _READING


def _authority(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _name(host: str) -> str:
    """The name in a Host header; empty if it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        return "" if parts.username or parts.path or parts.query else (parts.hostname or "").rstrip(".")
    except ValueError:
        return ""


async def _refuse(status: int, why: str, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": why})
    else:
        await PlainTextResponse(why, status)(scope, receive, send)
