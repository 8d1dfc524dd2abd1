"""The server as one ASGI application.

GET  /health                 the process lives           POST /v1/chat/completions   an answer, whole or in pieces
GET  /ready                  a policy is loaded          GET  /v1/models             what may be asked for
"""

from __future__ import annotations

import logging
import time
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from openai.types import Model
from starlette.exceptions import HTTPException

from redraft import __version__
from redraft.errors import RedraftError
from redraft.logs import FILE_ONLY
from redraft.records import Record
from redraft.serving.completions import completion, model
from redraft.serving.refusals import OURS, Refused, error_body, for_callers
from redraft.serving.remote import MAX_IMAGE_BYTES
from redraft.serving.requests import LONGEST_TEXT, MODEL_ALIAS, read_request
from redraft.serving.server import PolicyServer
from redraft.serving.streaming import EventStream, unless_gone

MAX_BODY = MAX_IMAGE_BYTES * 4 // 3 + 8 * LONGEST_TEXT + 100_000
"""Bytes; the largest picture as base64 and the longest text, escaped, fit."""

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

_log = logging.getLogger(__name__)


class Health(Record):
    """That the process lives."""

    status: str = "alive"


class Readiness(Record):
    """Which versions answer, and which share the candidate has."""

    policy: str
    candidate: str | None = None
    canary_share: float = 0.0


async def the_server(request: Request) -> PolicyServer:
    """The server that the application was built on."""
    server: PolicyServer = request.app.state.server
    return server


Server = Annotated[PolicyServer, Depends(the_server)]


async def admitted(request: Request, server: Server) -> None:
    """Look at who asks before anything else is looked at."""
    await server.admit(request.headers.get("authorization"), request.headers.get("host"))


open_to_all = APIRouter()
guarded = APIRouter(prefix="/v1", dependencies=[Depends(admitted)])


@open_to_all.get("/health")
async def health() -> Health:
    """The process lives."""
    return Health()


@open_to_all.get("/ready")
async def ready(server: Server) -> Readiness:
    """A policy is loaded; 503 until one is."""
    line_up = server.line_up
    candidate = line_up.candidate.version.id if line_up.candidate else None
    return Readiness(policy=line_up.promoted.version.id, candidate=candidate, canary_share=line_up.share)


@guarded.get("/models")
async def models(server: Server) -> Response:
    """The alias of whatever is served, and the versions by name."""
    now = int(time.time())
    names = [MODEL_ALIAS, *(hosted.version.id for hosted in server.line_up.hosted)]
    return JSONResponse({"object": "list", "data": [_plain(model(name, now)) for name in names]}, headers=_HEADERS)


@guarded.get("/models/{name}")
async def one_model(server: Server, name: str) -> Response:
    """One of them."""
    server.line_up.choose(name, None)
    return JSONResponse(_plain(model(name, int(time.time()))), headers=_HEADERS)


@guarded.post("/chat/completions")
async def chat_completions(request: Request, server: Server) -> Response:
    """Answer about one picture; a client that goes away is not answered to the end."""
    asked = read_request(await _body(request))
    if asked.stream:
        question = await unless_gone(request, server.prepare(asked))
        usage = asked.stream_options is not None and asked.stream_options.include_usage
        return EventStream(server.begin(question), usage, _HEADERS)
    done = await unless_gone(request, server.complete(asked))
    text = completion(done).model_dump_json(exclude_none=True)
    return Response(text, media_type="application/json", headers=_HEADERS)


def build_app(server: PolicyServer) -> FastAPI:
    """The application that asks ``server``."""
    app = FastAPI(title="Redraft policy", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.server = server
    app.include_router(open_to_all)
    app.include_router(guarded)
    app.add_exception_handler(RedraftError, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)
    return app


async def _body(request: Request) -> bytes:
    """The body, measured while it comes.

    A browser sends JSON to another origin only if that origin agrees, which this one never does.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused("send the body as JSON, with the header Content-Type: application/json", status=415)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            raise Refused(f"the body is over {MAX_BODY // 1_000_000} MB: send a smaller picture", status=413)
    return bytes(body)


def _plain(entry: Model) -> dict[str, object]:
    return entry.model_dump(exclude_none=True)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RedraftError)
    if not isinstance(error, Refused):
        _log.error("%s %s: %s", request.method, request.url.path, error)
    status, body = for_callers(error)
    headers = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "1"}, 503: {"Retry-After": "1"}}
    return JSONResponse(body.model_dump(mode="json"), status, _HEADERS | headers.get(status, {}))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    body = error_body(error.status_code, f"{request.method} {request.url.path}: {error.detail}")
    return JSONResponse(body.model_dump(mode="json"), error.status_code, error.headers)


async def _bug(request: Request, error: Exception) -> Response:
    """The log has the traceback; the caller does not see it."""
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error, extra=FILE_ONLY)
    return JSONResponse(error_body(500, OURS).model_dump(mode="json"), 500)
