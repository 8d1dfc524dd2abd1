"""The curves: what each line reaches at each number of labels, over all trainings and for each base alone."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from redraft.records import Interval, Record
from redraft.scaling.design import Schedule
from redraft.scaling.lines import Line
from redraft.scaling.resample import Figure, Resamples, interval

ALL_BASES = "all"


class CurvePoint(Record):
    """One point of a curve, with 95 % intervals; ``arm`` is empty and ``labels`` 0 for an untrained base.

    ``cells`` trainings were averaged; with one of them, the intervals cover the choice of pictures alone.
    """

    base: str
    arm: str
    condition: str
    schedule: Schedule | None
    rounds: int
    labels: int
    cells: int
    steps: float
    segments: float
    train_seconds: float
    response_rate: Interval
    mention_rate: Interval
    recall: Interval
    mean_words: Interval


FIGURES: tuple[Figure, ...] = ("response_rate", "mention_rate", "recall", "mean_words")


def curve_points(drawn: Resamples) -> list[CurvePoint]:
    """The bases first, then line by line; each over all bases, then base by base if there are several."""
    results = drawn.results
    alone = list(results.bases) if len(results.bases) > 1 else []
    points = [point for base in [ALL_BASES, *alone] for point in _point(drawn, None, 0, base)]
    for line in results.lines:
        for base in [ALL_BASES, *alone]:
            points += [point for labels in results.sizes(line) for point in _point(drawn, line, labels, base)]
    return points


def points_of(points: list[CurvePoint], line: Line | None, base: str = ALL_BASES) -> list[CurvePoint]:
    """The points of one line, or of the untrained base."""
    if line is None:
        return [point for point in points if not point.labels and point.base == base]
    return [
        point
        for point in points
        if (point.base, point.arm, point.condition, point.schedule, point.rounds)
        == (base, line.arm, line.condition, line.schedule, line.rounds)
    ]


def _point(drawn: Resamples, line: Line | None, labels: int, base: str) -> Iterator[CurvePoint]:
    """The point, if there is anything to average."""
    results = drawn.results
    units = [unit for unit in results.units if base in (ALL_BASES, unit.base)]
    found = [cell for unit in units if (cell := results.at(line, labels, unit)) is not None]
    only = None if base == ALL_BASES else base
    figures = {name: interval(drawn.mean(drawn.cells(name, line, labels), only)) for name in FIGURES}
    if found:
        yield CurvePoint.model_validate(
            {
                "base": base,
                "arm": line.arm if line else "",
                "condition": line.condition if line else "",
                "schedule": line.schedule if line else None,
                "rounds": line.rounds if line else 1,
                "labels": labels,
                "cells": len({id(cell) for cell in found}),
                "steps": fmean(cell.steps for cell in found),
                "segments": fmean(cell.segments for cell in found),
                "train_seconds": fmean(cell.train_seconds for cell in found),
                **figures,
            }
        )
