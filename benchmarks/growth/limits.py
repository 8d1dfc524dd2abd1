"""What is full first, from how many people on, and what to change then."""

from __future__ import annotations

from collections.abc import Callable

from growth.inputs import Assumptions
from growth.measured import Measured
from growth.model import Day, a_day

POLL_SECONDS = 2.0
"""Between two looks of a controller that waits."""
MONTH_DAYS = 30.0

CHANGES = {
    "loop": "the loop does one step after the other: more GPUs for its steps, fewer passes or rounds",
    "PostgreSQL": "a server with more cores than the two here",
    "SQLite": "PostgreSQL",
    "controller": "fewer new corrections at a time: a lower `loop.train_after`",
    "disk": "a larger one, or a bucket: pictures, samples and policies are all kept",
}


def loads(day: Day, a: Assumptions, m: Measured) -> dict[str, float]:
    """How full each part is in its busiest hour, 1 when it can do no more.

    The loop: steps against the day. Databases: calls a second against those of 32 annotators who never think, measured.
    Controller: a decision against the pause between two. Disk: 30 days' growth against the shared folder.
    """
    calls = day.answers_s * (2 + a.drafts)
    grown = (day.policies_gib + day.blobs_gib) * MONTH_DAYS
    return {
        "loop": day.loop,
        "PostgreSQL": calls / (2 * m.calls_of("postgresql").together),
        "SQLite": calls / (2 * m.calls_of("sqlite").together),
        "controller": m.decision_s(day.pairs) / POLL_SECONDS,
        "disk": grown / (a.disk_tib * 1024),
    }


def full_first(day: Day, a: Assumptions, m: Measured) -> tuple[str, float]:
    """The fullest part on a cluster, which has PostgreSQL."""
    found = {name: load for name, load in loads(day, a, m).items() if name != "SQLite"}
    name = max(found, key=lambda part: found[part])
    return name, found[name]


def most_people(part: str, gpus: int, a: Assumptions, m: Measured) -> float:
    """With how many annotators a part is full; infinite if a hundred thousand do not fill it."""
    return _root(lambda people: loads(a_day(people, gpus, a, m), a, m)[part])


def _root(load: Callable[[float], float]) -> float:
    low, high = 1e-3, 1e5
    if load(high) < 1:
        return float("inf")
    while high - low > 1e-3 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if load(middle) < 1 else (low, middle)
    return low
