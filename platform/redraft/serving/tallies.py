"""What becomes of the requests that each version is to answer, from a server's start on."""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Literal

from redraft.records import ServerTally, Tally
from redraft.serving.answers import Answer
from redraft.serving.refusals import Refused

Became = Literal["failed", "left", "empty", "cut"]


class Tallies:
    """Counts by version; used in one event loop alone."""

    def __init__(self) -> None:
        self._server = secrets.token_hex(8)
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(self, version: str, became: Iterable[Became]) -> None:
        """One more request, and what is to be said against its answer."""
        self._counts[version].update(["asked", *became])

    @contextmanager
    def failing(self, version: str) -> Iterator[None]:
        """Count a request whose ``with`` block ends in an error; not if the request itself is refused."""

        def count(kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
            if isinstance(error, Exception) and not isinstance(error, Refused):
                self.add(version, ["failed"])

        with ExitStack() as stack:
            stack.push(count)
            yield

    def read(self, versions: Iterable[str]) -> ServerTally:
        """All counts so far; ``versions`` answer now."""
        tallies = {version: Tally(**counts) for version, counts in self._counts.items()}
        return ServerTally(server=self._server, versions=tuple(versions), tallies=tallies)


def against(answers: Iterable[Answer]) -> list[Became]:
    """What is to be said against a request's answers: one of them has no words, or was cut off."""
    told: list[Became] = []
    answers = list(answers)
    if any(not answer.text.strip() for answer in answers):
        told.append("empty")
    if any(answer.finish_reason == "length" for answer in answers):
        told.append("cut")
    return told
