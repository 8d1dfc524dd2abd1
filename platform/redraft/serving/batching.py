"""Requests that wait at one time share a batch, if they can.

    submit ──► the open batch of the key ──► full, or waited ──► its turn ──► run(key, items) ──► each its own answer

A batch takes more requests until its turn comes, so that under load batches grow by themselves, and without load
nobody waits for longer than ``wait_seconds``. Batches run one at a time, in the order in which they were ready.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from redraft.serving.refusals import Refused

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Batcher(Generic[Key, Item, Answer]):
    """Gathers items of one key and runs them together, ``max_rows`` rows at most and never two batches at once."""

    def __init__(
        self,
        run: Callable[[Key, Sequence[Item]], Awaitable[Sequence[Answer]]],
        *,
        max_rows: int,
        wait_seconds: float,
        max_waiting: int,
    ) -> None:
        self._run = run
        self._max_rows, self._wait_seconds, self._max_waiting = max_rows, wait_seconds, max_waiting
        self._open: dict[Key, _Batch[Item, Answer]] = {}
        self._turn = asyncio.Lock()
        self.waiting = 0

    async def submit(self, key: Key, item: Item, rows: int = 1) -> Answer:
        """The answer to one item, which takes ``rows`` of a batch; what ``run`` raises, all of its batch get.

        Raises:
            Refused: too many wait already.
        """
        if self.waiting >= self._max_waiting:
            raise Refused("too many requests wait already: try again in a moment", status=429, code="overloaded")
        self.waiting += 1
        try:
            batch = self._open.get(key)
            if batch is None or batch.rows + rows > self._max_rows:
                batch = self._begin(key, batch)
            place = len(batch.items)
            batch.items.append(item)
            batch.rows += rows
            if batch.rows >= self._max_rows:
                self._close(key, batch)
            # A caller who leaves must not take the batch along.
            answers = await asyncio.shield(batch.answers)
            return answers[place]
        finally:
            self.waiting -= 1

    def _begin(self, key: Key, full: _Batch[Item, Answer] | None) -> _Batch[Item, Answer]:
        if full is not None:
            self._close(key, full)
        batch: _Batch[Item, Answer] = _Batch()
        self._open[key] = batch
        batch.answers = asyncio.ensure_future(self._work(key, batch))
        return batch

    async def _work(self, key: Key, batch: _Batch[Item, Answer]) -> Sequence[Answer]:
        with suppress(TimeoutError):
            await asyncio.wait_for(batch.closed.wait(), self._wait_seconds)
        async with self._turn:
            self._close(key, batch)
            return await self._run(key, tuple(batch.items))

    def _close(self, key: Key, batch: _Batch[Item, Answer]) -> None:
        batch.closed.set()
        if self._open.get(key) is batch:
            del self._open[key]


class _Batch(Generic[Item, Answer]):
    """Items that will be run together, and the answers to come."""

    answers: asyncio.Future[Sequence[Answer]]

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.rows = 0
        self.closed = asyncio.Event()
