"""A request that is being answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from redraft.serving.answers import Answer
from redraft.serving.batching import Place
from redraft.serving.completions import Completed, Head
from redraft.serving.drawing import Mailbox, Said
from redraft.serving.tallies import Became, against


class Underway:
    """News of a request, until it is left; then its rows are dropped from the batch."""

    def __init__(
        self,
        head: Head,
        place: Place[Any, None],
        mailbox: Mailbox,
        choices: int,
        over: Callable[[Iterable[Became]], None],
    ) -> None:
        """``over`` is told once, when the request is left, what is to be said against its answer."""
        self.head = head
        self._place, self._mailbox, self._choices, self._over = place, mailbox, choices, over
        self._answers: list[Answer] = []
        self._failed = False
        place.when_over(lambda: mailbox.post(None))

    async def news(self) -> AsyncIterator[list[Said]]:
        """What there is to say, as it comes, until every choice is whole.

        Raises:
            RedraftError: the batch failed; so does whatever else it raised.
        """
        while missing := self._choices - len(self._answers):
            came = await self._mailbox.read()
            said = [one for one in came if one is not None]
            whole = [one.answer for one in said if one.answer is not None]
            self._answers += whole
            if said:
                yield said
            if len(whole) < missing and None in came:
                self._failed = True
                await self._place.answer()
                raise RuntimeError(f"a batch ended without {missing - len(whole)} of its answers")

    async def completed(self) -> Completed:
        """The whole answers."""
        answers = {one.choice: one.answer async for said in self.news() for one in said if one.answer is not None}
        return Completed(self.head, tuple(answers[choice] for choice in range(self._choices)))

    def leave(self) -> None:
        """Nobody listens any more; leaving again changes nothing."""
        if not self._mailbox.left:
            self._over(self._became())
        self._mailbox.left = True
        self._place.leave()

    def _became(self) -> list[Became]:
        if self._failed:
            return ["failed"]
        return against(self._answers) if len(self._answers) == self._choices else ["left"]

    def __enter__(self) -> Underway:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
