"""Refusals in the shape that clients of the OpenAI API read."""

from __future__ import annotations

from redraft.errors import Outage, RedraftError
from redraft.records import Record

_KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}

OURS = "something is wrong on the server: try again in a moment"


class Refused(RedraftError):
    """A request that is not answered: what is wrong with it, and how to mend it.

    ``code`` is a short name for programs, ``param`` the part of the request that it is about.
    """

    def __init__(self, message: str, *, status: int = 400, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.param = status, code, param

    @property
    def body(self) -> ErrorBody:
        """What is sent."""
        return error_body(self.status, str(self), self.code, self.param)


class ErrorDetail(Record):
    """The one entry of an error's body."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorBody(Record):
    """The body of every answer that is an error."""

    error: ErrorDetail


def error_body(status: int, message: str, code: str | None = None, param: str | None = None) -> ErrorBody:
    """An error of this HTTP status."""
    kind = _KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return ErrorBody(error=ErrorDetail(message=message, type=kind, param=param, code=code))


def for_callers(error: RedraftError) -> tuple[int, ErrorBody]:
    """The status and the body; what is no refusal may name files and hosts, and is not told."""
    if isinstance(error, Refused):
        return error.status, error.body
    status = 503 if isinstance(error, Outage) else 500
    return status, error_body(status, OURS)
