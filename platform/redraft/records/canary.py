"""How versions of a policy do on people's own requests."""

from __future__ import annotations

from pydantic import Field

from redraft.records.base import Record


class Tally(Record):
    """What became of the requests that one version was to answer.

    Of ``asked``, ``failed`` ended with an error of the server, ``left`` were given up by the client, ``empty`` were
    answered without a word, and ``cut`` were answered up to the greatest length.
    """

    asked: int = Field(0, ge=0)
    failed: int = Field(0, ge=0)
    left: int = Field(0, ge=0)
    empty: int = Field(0, ge=0)
    cut: int = Field(0, ge=0)

    @property
    def bad(self) -> int:
        """Requests without an answer that anybody can read."""
        return self.failed + self.left + self.empty

    def plus(self, other: Tally) -> Tally:
        """Both together."""
        mine, theirs = self.model_dump(), other.model_dump()
        return Tally(**{name: mine[name] + theirs[name] for name in mine})

    def since(self, before: Tally) -> Tally:
        """What came after an earlier count of the same."""
        mine, earlier = self.model_dump(), before.model_dump()
        return Tally(**{name: mine[name] - earlier[name] for name in mine})


class ServerTally(Record):
    """What one server has counted since it was started; ``versions`` answer now."""

    server: str
    versions: tuple[str, ...] = ()
    tallies: dict[str, Tally] = Field(default_factory=dict)


class Canary(Record):
    """How a candidate did while it answered a share of the requests, beside the version that it is to replace.

    ``reason`` is a sentence for the verdict.
    """

    candidate: str
    incumbent: str
    seconds: float
    candidate_tally: Tally
    incumbent_tally: Tally
    well: bool
    reason: str
