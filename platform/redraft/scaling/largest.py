"""Each arm at the largest number of labels that all have: against its base, inside training, and in what it cost."""

from __future__ import annotations

from statistics import fmean

from redraft.records import Interval, Record
from redraft.scaling.design import Recipe
from redraft.scaling.differences import common_sizes
from redraft.scaling.lines import Line, Results
from redraft.scaling.resample import Figure, Floats, Resamples, interval


class AtLargest(Record):
    """One line against the bases that it was trained from, paired by training and picture.

    ``reduction`` is 1 - rate / rate of the base; ``words_change`` is relative, the other changes are differences.
    ``chosen_change`` and ``rejected_change`` are nats per token over the reference at the end of training, and their
    intervals cover trainings alone; ``chosen_fell`` of ``trainings`` ended with chosen responses less likely.
    """

    line: Line
    labels: int
    trainings: int
    base_rate: Interval
    rate: Interval
    reduction: Interval
    recall_change: Interval
    words_change: Interval
    chosen_change: Interval | None
    rejected_change: Interval | None
    chosen_fell: int
    steps: float
    segments: float
    train_seconds: float
    recipe: Recipe | None


def at_largest(drawn: Resamples) -> list[AtLargest]:
    """A row a line, at the largest size that all lines of its condition and schedule have; none without a base."""
    rows = []
    for line in drawn.results.lines:
        labels = largest_size(drawn.results, line)
        made = _row(drawn, line, labels) if labels is not None else None
        if made is not None:
            rows.append(made)
    return rows


def largest_size(results: Results, line: Line) -> int | None:
    """The largest number of labels that every line beside this one, and this one, was measured at."""
    beside = [other for other in results.lines if (other.condition, other.schedule) == (line.condition, line.schedule)]
    return max(common_sizes(results, beside), default=None)


def _row(drawn: Resamples, line: Line, labels: int) -> AtLargest | None:
    cells = drawn.results.trainings(line, labels)
    after: dict[Figure, Floats] = {}
    before: dict[Figure, Floats] = {}
    for figure in _COMPARED:
        after[figure] = drawn.cells(figure, line, labels)
        # Only the bases of the trainings that are there.
        before[figure] = drawn.cells(figure, None, 0) + 0 * after[figure]
    rates = drawn.mean(after["response_rate"]), drawn.mean(before["response_rate"])
    words = drawn.mean(after["mean_words"]), drawn.mean(before["mean_words"])
    figures = {
        "rate": interval(rates[0]),
        "base_rate": interval(rates[1]),
        "reduction": interval(1 - rates[0] / rates[1]),
        "recall_change": interval(drawn.mean(after["recall"] - before["recall"])),
        "words_change": interval(words[0] / words[1] - 1),
    }
    if any(figure is None for figure in figures.values()):
        return None
    logs = {name: _over_trainings(drawn, line, labels, name) for name in ("chosen_change", "rejected_change")}
    return AtLargest.model_validate(
        {
            "line": line,
            "labels": labels,
            "trainings": len(cells),
            **figures,
            **logs,
            "chosen_fell": sum((cell.chosen_change or 0) < 0 for cell in cells),
            "steps": fmean(cell.steps for cell in cells),
            "segments": fmean(cell.segments for cell in cells),
            "train_seconds": fmean(cell.train_seconds for cell in cells),
            "recipe": cells[0].cell.recipe,
        }
    )


_COMPARED: tuple[Figure, ...] = ("response_rate", "recall", "mean_words")


def _over_trainings(drawn: Resamples, line: Line, labels: int, name: str) -> Interval | None:
    cells = [drawn.results.at(line, labels, unit) for unit in drawn.results.units]
    return interval(drawn.mean(drawn.fixed([getattr(cell, name) if cell else None for cell in cells])))
