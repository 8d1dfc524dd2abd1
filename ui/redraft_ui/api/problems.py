"""Every refusal as a ``Problem``: one place that knows which mistake has which status and code."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from redraft.errors import DataError, EditError, LeaseLost, NotAllowed, RedraftError, StorageError, WorklistError
from redraft.logs import FILE_ONLY
from redraft_ui.annotating.refusals import Asked, NotThere, Refused, TooFast
from redraft_ui.annotating.views import Problem

_log = logging.getLogger(__name__)

_KNOWN: tuple[tuple[type[RedraftError], int, str], ...] = (
    (LeaseLost, 409, "lease_lost"),
    (NotAllowed, 403, "not_allowed"),
    (NotThere, 404, "not_found"),
    (TooFast, 422, "too_fast"),
    (WorklistError, 409, "conflict"),
    (Asked, 422, "question"),
    (Refused, 422, "refused"),
    (EditError, 422, "edits"),
    (DataError, 422, "data"),
    (StorageError, 503, "storage"),
    (RedraftError, 500, "server"),
)
"""The first that fits counts."""

_HTTP = {
    400: ("malformed", "The body cannot be read: send JSON as the documentation describes it."),
    404: ("not_found", "There is nothing at this address: look it up in the documentation."),
    405: ("method", "This address does not take that method: look it up in the documentation."),
}
_OURS = "Something is wrong on the server: try again in a moment, and tell whoever runs this project if it stays so."


class Declined(HTTPException):
    """A refusal that is no mistake of the library's: nobody is signed in, or a header is missing."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, message)
        self.code = code


def problem(status: int, code: str, message: str, question: str | None = None) -> JSONResponse:
    """A refusal as a response."""
    body = Problem(code=code, message=message, question=question)
    return JSONResponse(body.model_dump(mode="json"), status)


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the documentation of a route: with which statuses it refuses, besides those that every route has."""
    return {status: {"model": Problem, "description": _DESCRIPTIONS[status]} for status in (401, 403, 422, *statuses)}


_DESCRIPTIONS = {
    401: "`signed_out`: neither a session nor a good token came with the call",
    403: "`not_allowed`: the caller may not do this; `csrf`: the header `X-Redraft: 1` is missing",
    404: "`not_found`: there is none, or the caller may not see it",
    409: "`lease_lost`: the task went back to the others; `conflict`: it is not in the state for this",
    413: "`too_large`: the body is over 200 kB",
    422: "`malformed`: not as described; of answers also `edits`, `refused`, `too_fast`, `data`; and `question`, which "
    "asks to send it again with the question confirmed",
    503: "`storage`: the server cannot reach its store; try again",
}


def explain_problems(app: FastAPI) -> None:
    """Make the application answer every exception with a ``Problem``."""
    app.add_exception_handler(RedraftError, _redraft)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)


async def _redraft(request: Request, error: Exception) -> JSONResponse:
    status, code = next((status, code) for kind, status, code in _KNOWN if isinstance(error, kind))
    if status >= 500:  # such a sentence may name files and hosts
        _log.error("%s %s: %s", request.method, request.url.path, error)
        return problem(status, code, _OURS)
    return problem(status, code, _sentence(str(error)), error.question.name if isinstance(error, Asked) else None)


def _sentence(text: str) -> str:
    """The library's one sentence as people write them."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?', '!')) else '.'}"


async def _malformed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return problem(400, "malformed", "The body is no JSON: send an object as the documentation describes it.")
    where = ".".join(str(part) for part in first["loc"] if part != "body") or "the body"
    return problem(422, "malformed", f"{where}: {first['msg']}")


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error, Declined):
        code, message = error.code, error.detail
    else:
        code, message = _HTTP.get(error.status_code, ("refused", _sentence(error.detail)))
    answer = problem(error.status_code, code, message)
    answer.headers.update(error.headers or {})
    return answer


async def _bug(request: Request, error: Exception) -> JSONResponse:
    """The log has the traceback; the caller does not see it."""
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error, extra=FILE_ONLY)
    return problem(500, "server", _OURS)
