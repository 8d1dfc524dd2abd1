"""Requests that wait at one time share a batch, if they can.

    join ──► the open batch of the key ──► full, or waited ──► its turn ──► run(key, items) ──► each its own answer

A batch takes more requests until its turn comes, so that under load batches grow by themselves, and without load
nobody waits for longer than ``wait_seconds``. Batches run one at a time, in the order in which they were ready.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

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

    def join(self, key: Key, item: Item, rows: int = 1) -> Place[Item, Answer]:
        """Put an item, which takes ``rows`` of a batch, where it waits for its turn; its place must be left again.

        Raises:
            Refused: too many wait already.
        """
        if self.waiting >= self._max_waiting:
            raise Refused("too many requests wait already: try again in a moment", status=429, code="overloaded")
        batch = self._open.get(key)
        if batch is None or batch.rows + rows > self._max_rows:
            batch = self._begin(key, batch)
        place = Place(self, batch, item, rows)
        if batch.rows >= self._max_rows:
            self._close(key, batch)
        return place

    async def submit(self, key: Key, item: Item, rows: int = 1) -> Answer:
        """The answer to one item; what ``run`` raises, all of its batch get.

        Raises:
            Refused: as ``join``.
        """
        with self.join(key, item, rows) as place:
            return await place.answer()

    def _begin(self, key: Key, full: _Batch[Item, Answer] | None) -> _Batch[Item, Answer]:
        if full is not None:
            self._close(key, full)
        batch: _Batch[Item, Answer] = _Batch()
        self._open[key] = batch
        batch.answers = asyncio.ensure_future(self._work(key, batch))
        return batch

    async def _work(self, key: Key, batch: _Batch[Item, Answer]) -> Mapping[int, Answer]:
        with suppress(TimeoutError):
            await asyncio.wait_for(batch.closed.wait(), self._wait_seconds)
        async with self._turn:
            self._close(key, batch)
            batch.begun = True
            if not batch.items:
                return {}
            return dict(zip(batch.items, await self._run(key, tuple(batch.items.values())), strict=True))

    def _close(self, key: Key, batch: _Batch[Item, Answer]) -> None:
        batch.closed.set()
        if self._open.get(key) is batch:
            del self._open[key]


class _Batch(Generic[Item, Answer]):
    """Items that will be run together, by the order in which they came, and the answers to come."""

    answers: asyncio.Future[Mapping[int, Answer]]

    def __init__(self) -> None:
        self.items: dict[int, Item] = {}
        self.came, self.rows = 0, 0
        self.begun = False
        self.closed = asyncio.Event()


class Place(Generic[Item, Answer]):
    """An item's place in a batch; whoever leaves it before the batch begins is not run."""

    def __init__(self, batcher: Batcher[Any, Item, Answer], batch: _Batch[Item, Answer], item: Item, rows: int) -> None:
        self._batcher, self._batch, self._rows, self._left = batcher, batch, rows, False
        self._number = batch.came
        batch.items[self._number] = item
        batch.came += 1
        batch.rows += rows
        batcher.waiting += 1

    async def answer(self) -> Answer:
        """Wait for it; whoever stops waiting does not take the batch along."""
        return (await asyncio.shield(self._batch.answers))[self._number]

    def when_over(self, call: Callable[[], None]) -> None:
        """Call when the batch has run, or failed."""
        self._batch.answers.add_done_callback(lambda _: call())

    def leave(self) -> None:
        """Nobody waits here any more; leaving again changes nothing."""
        if self._left:
            return
        self._left = True
        self._batcher.waiting -= 1
        if not self._batch.begun:
            del self._batch.items[self._number]
            self._batch.rows -= self._rows

    def __enter__(self) -> Place[Item, Answer]:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
