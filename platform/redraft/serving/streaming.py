"""Server-sent events while an answer is written, and clients that go away before they have it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import StreamingResponse
from openai.types.chat import ChatCompletionChunk
from starlette.types import Receive, Scope, Send

from redraft.errors import RedraftError
from redraft.serving.completions import Chunks
from redraft.serving.drawing import Said
from redraft.serving.refusals import Refused, for_callers
from redraft.serving.underway import Underway

T = TypeVar("T")

_GONE = 499
"""As nginx has it: the client closed the connection. Nobody reads it."""

_log = logging.getLogger(__name__)


class EventStream(StreamingResponse):
    """Sends an answer as it is written; however that ends, the request is left."""

    def __init__(self, underway: Underway, include_usage: bool, headers: dict[str, str]) -> None:
        unbuffered = headers | {"X-Accel-Buffering": "no"}  # else nginx would keep the chunks for itself
        super().__init__(_events(underway, include_usage), media_type="text/event-stream", headers=unbuffered)
        self._underway = underway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As the parent does."""
        with self._underway:
            await super().__call__(scope, receive, send)


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of the work, which is given up when the client closes the connection. The body must have been read.

    Raises:
        Refused: the client is gone.
    """
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Refused("the client closed the connection", status=_GONE)
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _events(underway: Underway, include_usage: bool) -> AsyncIterator[str]:
    """What has come by one moment is sent in one piece, an event a chunk."""
    chunks, written = Chunks(underway.head), 0
    begun: set[int] = set()
    try:
        async for said in underway.news():
            yield "".join(_event(chunk) for one in said for chunk in _chunks(chunks, one, begun))
            written += sum(one.answer.tokens for one in said if one.answer is not None)
    except RedraftError as e:  # the status is sent already
        _log.error("a stream broke off: %s", e)
        yield f"data: {for_callers(e)[1].model_dump_json()}\n\n"
        return
    if include_usage:
        yield _event(chunks.usage(written))
    yield "data: [DONE]\n\n"


def _chunks(chunks: Chunks, said: Said, begun: set[int]) -> Iterator[ChatCompletionChunk]:
    if said.choice not in begun:
        begun.add(said.choice)
        yield chunks.role(said.choice)
    if said.pieces:
        yield chunks.pieces(said.choice, said.pieces)
    if said.answer is not None:
        yield chunks.end(said.choice, said.answer)


def _event(chunk: ChatCompletionChunk) -> str:
    return f"data: {chunk.model_dump_json(exclude_none=True)}\n\n"
