"""Requests that wait at one time share a batch, and each gets its own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redraft.errors import PolicyError
from redraft.serving import Refused
from redraft.serving.batching import Batcher


class Recorder:
    """Doubles numbers, and notes which came together and whether two batches ever ran at once."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, tuple[int, ...]]] = []
        self.running = 0

    async def __call__(self, key: str, items: Sequence[int]) -> list[int]:
        self.running += 1
        assert self.running == 1
        await asyncio.sleep(0)
        self.batches.append((key, tuple(items)))
        self.running -= 1
        if -1 in items:
            raise PolicyError("it fell over")
        return [2 * item for item in items]


def batcher(run: Recorder, max_rows: int = 4, max_waiting: int = 100) -> Batcher[str, int, int]:
    return Batcher(run, max_rows=max_rows, wait_seconds=0.001, max_waiting=max_waiting)


def test_equal_keys_share_a_batch_and_others_do_not() -> None:
    run = Recorder()

    async def scenario() -> list[int]:
        asks = batcher(run)
        return await asyncio.gather(*(asks.submit(key, item) for key, item in [("a", 1), ("b", 2), ("a", 3)]))

    assert asyncio.run(scenario()) == [2, 4, 6]
    assert sorted(run.batches) == [("a", (1, 3)), ("b", (2,))]


def test_what_comes_while_a_batch_runs_makes_the_next_one() -> None:
    run, gate, seen = Recorder(), asyncio.Event(), []

    async def held(key: str, items: Sequence[int]) -> list[int]:
        seen.append(tuple(items))
        await gate.wait()
        return await run(key, items)

    async def scenario() -> None:
        asks: Batcher[str, int, int] = Batcher(held, max_rows=8, wait_seconds=0.0, max_waiting=100)
        first = asyncio.ensure_future(asks.submit("a", 1))
        while not seen:
            await asyncio.sleep(0)
        later = []
        for item in (2, 3, 4):  # longer after each other than a batch waits
            later.append(asyncio.ensure_future(asks.submit("a", item)))
            await asyncio.sleep(0.002)
        gate.set()
        assert await asyncio.gather(first, *later) == [2, 4, 6, 8]

    asyncio.run(scenario())
    assert run.batches == [("a", (1,)), ("a", (2, 3, 4))]


@given(
    asked=st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 99), st.integers(1, 3)), min_size=1, max_size=30),
    max_rows=st.integers(3, 6),
)
@settings(max_examples=25, deadline=None)
def test_everybody_gets_their_own_answer_and_no_batch_is_too_large(
    asked: list[tuple[str, int, int]], max_rows: int
) -> None:
    run = Recorder()

    async def scenario() -> list[int]:
        asks = batcher(run, max_rows)
        return await asyncio.gather(*(asks.submit(key, item * 10 + rows, rows) for key, item, rows in asked))

    assert asyncio.run(scenario()) == [2 * (item * 10 + rows) for _, item, rows in asked]
    assert all(sum(item % 10 for item in items) <= max_rows for _, items in run.batches)
    assert sum(len(items) for _, items in run.batches) == len(asked)


def test_a_batch_that_fails_fails_alone_and_a_caller_who_leaves_takes_nobody_along() -> None:
    run = Recorder()

    async def scenario() -> None:
        asks = batcher(run)
        bad, good, leaver, stayer = (
            asyncio.ensure_future(asks.submit(key, item)) for key, item in [("a", -1), ("b", 1), ("c", 2), ("c", 3)]
        )
        await asyncio.sleep(0)
        leaver.cancel()
        assert await good == 2
        assert await stayer == 6
        with pytest.raises(PolicyError, match="fell over"):
            await bad
        assert asks.waiting == 0

    asyncio.run(scenario())


def test_too_many_are_told_to_come_back() -> None:
    async def scenario() -> None:
        asks = batcher(Recorder(), max_waiting=2)
        waiting = [asyncio.ensure_future(asks.submit("a", item)) for item in (1, 2)]
        await asyncio.sleep(0)
        with pytest.raises(Refused, match="too many") as refused:
            await asks.submit("a", 3)
        assert refused.value.status == 429
        assert await asyncio.gather(*waiting) == [2, 4]
        assert await asks.submit("a", 3) == 6

    asyncio.run(scenario())
