"""What may be routed, and what is."""

from __future__ import annotations

from pydantic import Field

from redraft.records import Arm, Record, Response, ResponseScore
from redraft.routing.effort import Effort


class Candidate(Record):
    """A response that may be routed, and the image it is about.

    ``minutes`` is how long a person is expected to take over it. ``embedding`` places it beside others, and is None
    where nobody measured it.
    """

    score: ResponseScore
    image_id: str
    minutes: float = Field(default=1.0, gt=0)
    embedding: tuple[float, ...] | None = None

    @property
    def id(self) -> str:
        """The response's."""
        return self.score.response_id

    @property
    def rate(self) -> float:
        """Corrected segments expected in a minute."""
        return self.score.segments / self.minutes


def candidate_of(response: Response, score: ResponseScore, effort: Effort) -> Candidate:
    """A scored response as routing sees it."""
    return Candidate(
        score=score,
        image_id=response.image_id,
        minutes=effort.minutes(len(response.text.split()), score.segments),
        embedding=response.trace.embedding,
    )


class Routed(Record):
    """A response that goes to a person; of two, the one with the higher ``priority`` goes first, in ``(0, 1]``."""

    response_id: str
    arm: Arm
    priority: float
