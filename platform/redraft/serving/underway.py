"""A request that is being answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from redraft.serving.batching import Place
from redraft.serving.completions import Completed, Head
from redraft.serving.drawing import Mailbox, Said


class Underway:
    """News of a request, until it is left; then its rows are dropped from the batch."""

    def __init__(self, head: Head, place: Place[Any, None], mailbox: Mailbox, choices: int) -> None:
        self.head = head
        self._place, self._mailbox, self._choices = place, mailbox, choices
        place.when_over(lambda: mailbox.post(None))

    async def news(self) -> AsyncIterator[list[Said]]:
        """What there is to say, as it comes, until every choice is whole.

        Raises:
            RedraftError: the batch failed; so does whatever else it raised.
        """
        missing = self._choices
        while missing:
            came = await self._mailbox.read()
            said = [one for one in came if one is not None]
            missing -= sum(one.answer is not None for one in said)
            if said:
                yield said
            if missing and None in came:
                await self._place.answer()
                raise RuntimeError(f"a batch ended without {missing} of its answers")

    async def completed(self) -> Completed:
        """The whole answers."""
        answers = {one.choice: one.answer async for said in self.news() for one in said if one.answer is not None}
        return Completed(self.head, tuple(answers[choice] for choice in range(self._choices)))

    def leave(self) -> None:
        """Nobody listens any more."""
        self._mailbox.left = True
        self._place.leave()

    def __enter__(self) -> Underway:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
