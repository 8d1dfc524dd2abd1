"""The routes by which people come and go: /join, /leave, and /healthz for whoever watches the app.

    link /join#SECRET ──page, whose script takes the secret out of the address──► POST /join ──► session cookie

What stands behind the # never leaves the browser on its own: it is in no server's log and in no Referer.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from redraft.errors import NotAllowed, StorageError
from redraft.records import MAIN_PROJECT
from redraft_ui.access.limits import Attempts, address_of, too_often
from redraft_ui.access.site import Site
from redraft_ui.workplace import Workplace

COOKIE = "redraft_session"
"""Holds the secret of a session; never readable by a script."""

OWN_REQUEST = "x-redraft"
"""The header that a page of another site cannot send."""

_MOST_BYTES = 4096
_FILES = Path(__file__).parent / "static"


def routes(work: Workplace, site: Site, attempts: Attempts) -> list[BaseRoute]:
    """The routes, to be put in front of Streamlit's own."""

    async def join(request: Request) -> Response:
        return await _join(request, work, site, attempts)

    async def leave(request: Request) -> Response:
        return await _leave(request, work, site)

    async def healthz(request: Request) -> Response:
        try:
            await run_in_threadpool(work.store.project, MAIN_PROJECT)
        except StorageError:
            return JSONResponse({"status": "the database cannot be reached"}, 503)
        return JSONResponse({"status": "ok"})

    return [
        Route("/join", _file("join.html"), methods=["GET"]),
        Route("/join.js", _file("join.js"), methods=["GET"]),
        Route("/join.css", _file("join.css"), methods=["GET"]),
        Route("/enter.js", _file("enter.js"), methods=["GET"]),
        Route("/join", join, methods=["POST"]),
        Route("/leave", leave, methods=["POST"]),
        Route("/healthz", healthz, methods=["GET"]),
    ]


def _file(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def send(request: Request) -> Response:
        return FileResponse(_FILES / name, headers={"Cache-Control": "no-cache"})

    return send


async def _join(request: Request, work: Workplace, site: Site, attempts: Attempts) -> Response:
    """Redeem an invitation, and set the cookie of the session that it gives."""
    if request.headers.get(OWN_REQUEST) != "1":
        return _error(403, "csrf", "This request did not come from the sign-in page: open your link again.")
    address = address_of(request.scope)
    if not attempts.may_try(address):
        return too_often()
    seconds = work.config.annotate.session_hours * 3600
    try:
        secret = _secret(await _body(request))
        _, session = await run_in_threadpool(work.store.redeem_invite, secret, seconds=seconds)
    except NotAllowed as error:
        attempts.failed(address)
        return _error(403, "not_allowed", _sentence(error))
    except StorageError:
        return _error(503, "unavailable", "The database cannot be reached just now: try again in a moment.")
    answer = Response(status_code=204, headers={"Cache-Control": "no-store"})
    answer.set_cookie(
        COOKIE, session, max_age=int(seconds), httponly=True, samesite="strict", secure=_secure(request, site)
    )
    return answer


async def _leave(request: Request, work: Workplace, site: Site) -> Response:
    """End the session in the store, and take the cookie back."""
    if request.headers.get(OWN_REQUEST) != "1":
        return _error(403, "csrf", "This request did not come from a page of this app.")
    await run_in_threadpool(work.store.end_session, request.cookies.get(COOKIE, ""))
    answer = Response(status_code=204, headers={"Cache-Control": "no-store"})
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=_secure(request, site))
    return answer


def _secure(request: Request, site: Site) -> bool:
    return site.encrypted or request.url.scheme == "https"


async def _body(request: Request) -> bytes:
    """The body; cut off where it has grown too long to be of this kind."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            break
    return body


def _secret(body: bytes) -> str:
    """The field ``secret`` of a JSON object; empty, which is nobody's, if there is none."""
    try:
        sent = json.loads(body)
    except ValueError:
        return ""
    secret = sent.get("secret") if isinstance(sent, dict) else None
    return secret if isinstance(secret, str) else ""


def _sentence(error: NotAllowed) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"code": code, "message": message}, status, {"Cache-Control": "no-store"})
