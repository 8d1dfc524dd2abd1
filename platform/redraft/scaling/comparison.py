"""Arm against arm: in labels for an equal rate, and in rates at equal recall."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from redraft.records import Interval, Record
from redraft.scaling.differences import beside_reference
from redraft.scaling.lines import Line
from redraft.scaling.matched import common_recall, lowest_rate, rate_at_recall
from redraft.scaling.resample import Floats, Resamples, interval
from redraft.scaling.targets import Bounded, Reach, bounded, labels_needed

_TARGETS = (0.4, 0.3, 0.25, 0.2, 0.15, 0.1, 0.05)
"""Rates asked for beside the study's own target, so that no conclusion hangs on one choice."""


ENOUGH_SIZES = 3
"""With fewer, a line is no curve that labels could be read from."""


class LabelsNeeded(Record):
    """Labels that a line needs for a rate, and how many times the reference's number that is.

    ``recall`` is what has to be kept as well, the untrained base's; None where the rate alone counts.
    """

    line: Line
    target: float
    recall: float | None
    labels: Bounded
    reference: str
    ratio: Bounded | None


class LabelsCompared(Record):
    """Labels of one line and of another for the same rate; ``recall`` is what both had to keep, None if none."""

    labels: Bounded
    other: Bounded
    ratio: Bounded
    recall: float | None


class AtRecall(Record):
    """What a line's rate is where its recall is ``recall``, and the lowest that it reaches with at least that.

    None where the line does not have that recall, in the study or in too many resamples. Differences are to the
    reference's line.
    """

    line: Line
    recall: float
    of_base: bool
    passing: Interval | None
    passing_difference: Interval | None
    lowest: Interval | None
    lowest_difference: Interval | None


def labels_to_targets(drawn: Resamples) -> list[LabelsNeeded]:
    """For every line of enough sizes and every rate: labels needed, with and without keeping the base's recall."""
    target = drawn.results.config.target
    kept = drawn.mean(drawn.cells("recall", None, 0))
    rows = []
    for asked in (target, *(other for other in _TARGETS if other != target)):
        for recall in (None, kept) if not np.isnan(kept[0]) else (None,):
            rows += list(_needed(drawn, asked, recall))
    return rows


def compare_labels(drawn: Resamples, line: Line, other: Line, target: float, *, keep_recall: bool) -> LabelsCompared:
    """Labels for ``target`` of two lines; with ``keep_recall``, at no less than the base's recall, if it is known."""
    kept = drawn.mean(drawn.cells("recall", None, 0)) if keep_recall else np.full(drawn.draws, np.nan)
    recall = None if np.isnan(kept[0]) else kept
    reaches = [_reach(drawn, each, target, recall) for each in (line, other)]
    return LabelsCompared(
        labels=bounded(reaches[0]),
        other=bounded(reaches[1]),
        ratio=bounded(reaches[0].over(reaches[1])),
        recall=None if recall is None else float(recall[0]),
    )


def at_recalls(drawn: Resamples) -> list[AtRecall]:
    """Every line at the base's recall, and in the middle of the recalls that it shares with the reference."""
    kept = drawn.mean(drawn.cells("recall", None, 0))
    rows = []
    for line, reference in beside_reference(drawn.results):
        if min(len(drawn.results.sizes(line)), len(drawn.results.sizes(reference))) < ENOUGH_SIZES:
            continue
        curves = [_rate_and_recall(drawn, each) for each in (line, reference)]
        if not np.isnan(kept[0]):
            rows.append(_at_recall(line, curves, kept, of_base=True, itself=line == reference))
        shared = common_recall([recalls for _, recalls in curves])
        if shared is not None and line != reference:
            middle = np.full(drawn.draws, sum(shared) / 2)
            rows.append(_at_recall(line, curves, middle, of_base=False, itself=False))
    return rows


def _needed(drawn: Resamples, target: float, recall: Floats | None) -> Iterator[LabelsNeeded]:
    results = drawn.results
    lines = [line for line in results.lines if len(results.sizes(line)) >= ENOUGH_SIZES]
    reaches = {line: _reach(drawn, line, target, recall) for line in lines}
    reference = results.config.reference()
    for line, reach in reaches.items():
        beside = results.beside(line, reference)
        ratio = bounded(reach.over(reaches[beside])) if beside in reaches and beside != line else None
        yield LabelsNeeded(
            line=line,
            target=target,
            recall=None if recall is None else float(recall[0]),
            labels=bounded(reach),
            reference=reference,
            ratio=ratio,
        )


def _reach(drawn: Resamples, line: Line, target: float, recall: Floats | None) -> Reach:
    rates, recalls = _rate_and_recall(drawn, line)
    return labels_needed(drawn.results.sizes(line), rates, target, None if recall is None else recalls, recall)


def _at_recall(
    line: Line, curves: list[tuple[Floats, Floats]], recall: Floats, *, of_base: bool, itself: bool
) -> AtRecall:
    passing, passing_there = (rate_at_recall(*curve, recall) for curve in curves)
    lowest, lowest_there = (lowest_rate(*curve, recall) for curve in curves)
    return AtRecall(
        line=line,
        recall=float(recall[0]),
        of_base=of_base,
        passing=interval(passing),
        passing_difference=None if itself else interval(passing - passing_there),
        lowest=interval(lowest),
        lowest_difference=None if itself else interval(lowest - lowest_there),
    )


def _rate_and_recall(drawn: Resamples, line: Line) -> tuple[Floats, Floats]:
    return drawn.curve("response_rate", line), drawn.curve("recall", line)
