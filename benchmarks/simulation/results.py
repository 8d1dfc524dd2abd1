"""What came out of a simulation; the last results are kept beside the tables made of them."""

from __future__ import annotations

from pathlib import Path

from redraft.records import Record

FILE = Path(__file__).parents[2] / "docs" / "results" / "growth" / "simulated.jsonl"


class Result(Record):
    """What came out. Times are hours; ``idle`` is the share of requests for work that found none.

    Attributes:
        depth: the most tasks that were open, ``depth_end`` at the end; ``skipped_end`` of those were skipped before.
        oldest: the greatest age of the round that the oldest open task was of.
        waited: from the worklist to the answer, median; ``waited_p95`` the 95th percentile.
        stale: share of tasks handed out that were written by a policy with one successor in force or more.
        staler: the same with two or more.
        idle_in_steps: ``idle`` while the loop computes.
        idle_hours: of all people together, waiting for tasks.
        late: answers refused because their lease had run out and the task was somebody else's.
        left: open and leased tasks when the loop ended.
        faults: what must not happen.
    """

    scenario: str
    seed: int
    people: int
    days: float
    ended: str | None
    rounds: int
    promoted: int
    tasks: int
    answers: int
    corrections: int
    skips: int
    retired: int
    depth: int
    depth_end: int
    skipped_end: int
    oldest: float
    waited: float
    waited_p95: float
    stale: float
    staler: float
    idle: float
    idle_in_steps: float
    idle_hours: float
    late: int
    minutes: float
    gpu_hours: float
    left: int
    faults: tuple[str, ...]


def kept() -> list[Result]:
    """The results that are kept."""
    return [Result.model_validate_json(line) for line in FILE.read_text().splitlines()]
