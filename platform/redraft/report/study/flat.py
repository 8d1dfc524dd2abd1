"""The points of the curves as plain rows, for ``curves.csv``."""

from __future__ import annotations

from collections.abc import Iterable

from redraft.records import Record
from redraft.scaling.curves import FIGURES, CurvePoint


class CurveRow(Record):
    """One point with the ends of its 95 % intervals; shares are of one, times in seconds."""

    base: str
    arm: str
    condition: str
    schedule: str
    rounds: int
    labels: int
    cells: int
    steps: float
    segments: float
    train_seconds: float
    response_rate: float
    response_rate_low: float
    response_rate_high: float
    mention_rate: float
    mention_rate_low: float
    mention_rate_high: float
    recall: float
    recall_low: float
    recall_high: float
    mean_words: float
    mean_words_low: float
    mean_words_high: float


def curve_rows(points: Iterable[CurvePoint]) -> list[CurveRow]:
    """Row by row, rounded to five decimals."""
    return [_row(point) for point in points]


def _row(point: CurvePoint) -> CurveRow:
    plain = point.model_dump(exclude=set[str](FIGURES))
    for name in FIGURES:
        found = getattr(point, name)
        for end, value in (("", found.value), ("_low", found.low), ("_high", found.high)):
            plain[f"{name}{end}"] = round(value, 5)
    plain["train_seconds"] = round(point.train_seconds, 3)
    return CurveRow.model_validate(plain | {"schedule": point.schedule or ""})
