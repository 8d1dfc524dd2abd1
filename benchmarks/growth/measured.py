"""What was measured: seconds, bytes and rates of one machine, kept in a file beside the tables made of them."""

from __future__ import annotations

from pathlib import Path

from redraft.records import Record

FILE = Path(__file__).parents[2] / "docs" / "results" / "growth" / "measured.json"


class Calls(Record):
    """A database under annotators who never think.

    Medians in ms of one who is alone, and pairs of lease and answer a second of one and of many.
    """

    database: str
    lease_ms: float
    submit_ms: float
    alone: float
    together: float
    annotators: int


class Reading(Record):
    """What the loop reads, by how many answers there are: CPU seconds of a decision, and of what a routing reads."""

    corrections: int
    decision_s: float
    effort_s: float


class Rows(Record):
    """Bytes of the database by how many tasks with their answers are in it."""

    tasks: int
    bytes: int


class Computed(Record):
    """A model of one width: operations that the plan counts for a pair, and seconds that a pair took."""

    hidden: int
    operations: float
    seconds: float


class Kept(Record):
    """What a run of the loop left on the disk, bytes, and what the plan says of one policy."""

    rounds: int
    policies: int
    plan_policy: int


class Measured(Record):
    """All of it."""

    machine: str
    calls: tuple[Calls, ...]
    draft_ms: float
    readings: tuple[Reading, ...]
    rows: tuple[Rows, ...]
    response_bytes: float
    route_s: float
    route_candidates: int
    training: tuple[Computed, ...]
    kept: Kept

    @classmethod
    def load(cls) -> Measured:
        """What was measured last."""
        return cls.model_validate_json(FILE.read_text())

    def calls_of(self, database: str) -> Calls:
        """Of ``sqlite`` or ``postgresql``."""
        return next(calls for calls in self.calls if calls.database == database)

    @property
    def row_bytes(self) -> float:
        """Bytes of the database for one more task with its answer."""
        small, large = self.rows[0], self.rows[-1]
        return (large.bytes - small.bytes) / (large.tasks - small.tasks)

    def decision_s(self, corrections: float) -> float:
        """Seconds of a decision while so many corrections are new, on the line through two points."""
        return _line([(r.corrections, r.decision_s) for r in self.readings], corrections)

    def effort_s(self, corrections: float) -> float:
        """Seconds in which a routing reads all answers so far."""
        return _line([(r.corrections, r.effort_s) for r in self.readings], corrections)


def _line(points: list[tuple[int, float]], at: float) -> float:
    (x0, y0), (x1, y1) = points[0], points[-1]
    return y0 + (y1 - y0) * (at - x0) / (x1 - x0)
