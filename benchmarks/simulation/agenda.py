"""Simulated time: what happens next, in order."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

DAY = 86_400.0


class Agenda:
    """A clock that jumps from one thing to the next; of two at the same time, the one that was planned first."""

    def __init__(self, start: float) -> None:
        self.start = self.now = start
        self._plans: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def clock(self) -> float:
        """UTC seconds, as the store asks for them."""
        return self.now

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Plan something ``seconds`` from now."""
        heapq.heappush(self._plans, (self.now + seconds, next(self._numbers), what))

    def until(self, end: float) -> None:
        """Let everything happen that is planned before ``end``."""
        while self._plans and self._plans[0][0] < end:
            self.now, _, what = heapq.heappop(self._plans)
            what()
        self.now = end
