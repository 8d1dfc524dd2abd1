"""What a walk found, and the folder of results that makes the study resumable.

OUT/walks/ID.json   one result, written whole
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from redraft.records import Record
from redraft.routing_study.design import RoutingStudyConfig, Walk
from redraft.scaling.measured import Kept, Measured


class RoundResult(Measured):
    """One round of a walk; round 0 is the untrained base, which nobody was asked about.

    ``tasks``, ``corrections``, ``segments`` and ``minutes`` are of this round alone, the last as ``Effort`` guesses
    them from what was mended. ``random_to_mend`` of the ``random_tasks`` drawn at random were corrected, and the share
    ``pool_to_mend`` of all that was sampled would have been. What is measured is of the test pictures.
    """

    scorer: str
    tasks: int
    corrections: int
    segments: int
    minutes: float
    random_tasks: int
    random_to_mend: int
    pool_to_mend: float
    steps: int


class WalkResult(Record):
    """A whole walk, round 0 first."""

    walk: Walk
    rounds: tuple[RoundResult, ...]
    seconds: float


class WalkFolder:
    """The walks of a study so far."""

    def __init__(self, root: Path) -> None:
        self._kept = Kept(root / "walks", WalkResult)

    def has(self, walk: Walk, config: RoutingStudyConfig) -> bool:
        """Whether a walk is done."""
        return self._kept.has(walk.id(config))

    def get(self, walk: Walk, config: RoutingStudyConfig) -> WalkResult:
        """A walk's result; DataError if there is none."""
        return self._kept.get(walk.id(config))

    def put(self, result: WalkResult, config: RoutingStudyConfig) -> None:
        """Keep a result; a kill leaves it whole or not there."""
        self._kept.put(result.walk.id(config), result)


_COUNTED = (
    *("scorer", "tasks", "corrections", "segments", "minutes"),
    *("random_tasks", "random_to_mend", "pool_to_mend", "steps"),
)
COLUMNS = ("base", "strategy", "seed", "round", *_COUNTED, "response_rate", "recall", "mean_words")


def write_rows(results: Iterable[WalkResult], file: Path) -> None:
    """One row a round as CSV, vectors left out."""
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for result in results:
            for number, one in enumerate(result.rounds):
                row: dict[str, object] = {**result.walk.model_dump(mode="json"), "round": number}
                row |= {name: getattr(one, name) for name in _COUNTED}
                row |= {name: round(getattr(one, name), 5) for name in ("response_rate", "recall", "mean_words")}
                writer.writerow(row | {"minutes": round(one.minutes, 3), "pool_to_mend": round(one.pool_to_mend, 5)})
