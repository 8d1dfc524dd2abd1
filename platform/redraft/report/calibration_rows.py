"""A calibration study as flat rows, for CSV files and charts."""

from __future__ import annotations

from redraft.records import Interval, Record
from redraft.uncertainty.evaluating import Arms, CalibrationStudy, Discrimination, Level


class DiscriminationRow(Record):
    """One signal's figures, with 95 % intervals; empty where one class is missing."""

    signal: str
    level: Level
    arm: Arms
    responses: int
    count: int
    wrong: int
    auroc: float | None
    auroc_low: float | None
    auroc_high: float | None
    average_precision: float | None
    average_precision_low: float | None
    average_precision_high: float | None


class ReliabilityRow(Record):
    """One bin of one probe's chances on the random arm; ``error`` is the ECE over all its bins."""

    signal: str
    level: Level
    low: float
    high: float
    count: int
    predicted: float
    observed: float
    observed_low: float
    observed_high: float
    error: float


def discrimination_rows(study: CalibrationStudy) -> list[DiscriminationRow]:
    """A row for every signal, level and arm."""
    return [_discrimination_row(one) for one in study.discrimination]


def reliability_rows(study: CalibrationStudy) -> list[ReliabilityRow]:
    """A row for every bin that is not empty."""
    return [
        ReliabilityRow(
            signal=one.signal,
            level=one.level,
            low=bin.low,
            high=bin.high,
            count=bin.count,
            predicted=bin.predicted,
            observed=bin.observed.value,
            observed_low=bin.observed.low,
            observed_high=bin.observed.high,
            error=one.error,
        )
        for one in study.reliability
        for bin in one.bins
    ]


def _discrimination_row(one: Discrimination) -> DiscriminationRow:
    area, area_low, area_high = _parts(one.auroc)
    precision, precision_low, precision_high = _parts(one.average_precision)
    return DiscriminationRow(
        signal=one.signal,
        level=one.level,
        arm=one.arm,
        responses=one.responses,
        count=one.count,
        wrong=one.wrong,
        auroc=area,
        auroc_low=area_low,
        auroc_high=area_high,
        average_precision=precision,
        average_precision_low=precision_low,
        average_precision_high=precision_high,
    )


def _parts(interval: Interval | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if interval is None else (interval.value, interval.low, interval.high)
