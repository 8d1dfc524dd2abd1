"""The whole API as one ASGI application."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.routing import APIRoute

from redraft import __version__
from redraft_ui.api import answers, pictures, reviews, tasks
from redraft_ui.api.problems import explain_problems
from redraft_ui.api.transport import Transport
from redraft_ui.workplace import Workplace

_DESCRIPTION = """\
Take a task, save drafts, answer, skip or flag it, look at earlier answers, and review.

Positions are Unicode code points of the original text, half-open `[start, end)`. Times are UTC seconds. Every refusal
is a `Problem`. With the session cookie, every call but GET needs the header `X-Redraft: 1`; with a token it does not.
"""


def build_api(work: Workplace) -> FastAPI:
    """The API on one run; mount it at ``API_PREFIX``: its own paths begin behind that."""
    app = FastAPI(
        title="Redraft",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        generate_unique_id_function=_operation,
    )
    app.state.work = work
    for module in (tasks, pictures, answers, reviews):
        app.include_router(module.router)
    explain_problems(app)
    app.add_middleware(Transport)
    return app


def _operation(route: APIRoute) -> str:
    return route.name
