"""One function a claim: what the intervals say of it, and the sentence that says no more than that."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np

from redraft.config import PromoteConfig
from redraft.records import Interval
from redraft.scaling.breakdown import SceneShare
from redraft.scaling.comparison import ENOUGH_SIZES, compare_labels
from redraft.scaling.curves import ALL_BASES
from redraft.scaling.differences import bases_apart, common_sizes, difference
from redraft.scaling.largest import AtLargest
from redraft.scaling.lines import Line
from redraft.scaling.resample import Figure, Floats, Resamples, interval
from redraft.scaling.targets import Bounded
from redraft.scaling.wording import UNKNOWN, bound_in, line_name, points_in, schedule_in, share, share_in

Verdict = Literal["supported", "contradicted", "undecided"]

TENTH = 5.0
"""*About a tenth* is taken for: five times as many rankings, or more."""

_GUARDS = PromoteConfig()
"""What counts as kept: the margins that the loop promotes by."""


class Judged(NamedTuple):
    """A verdict, and the sentence with its figures."""

    verdict: Verdict
    sentence: str


def steady_fall(drawn: Resamples, line: Line) -> Judged | None:
    """Whether the rate falls over the whole range, over both halves of it, and nowhere clearly rises.

    The steps from size to size share one error probability of 5 % (Bonferroni).
    """
    sizes = drawn.results.sizes(line)
    ends = _change(drawn, line, sizes[0], sizes[-1]) if len(sizes) >= ENOUGH_SIZES else None
    if ends is None:
        return None
    middle = sizes[len(sizes) // 2]
    halves = [_change(drawn, line, *pair) for pair in ((sizes[0], middle), (middle, sizes[-1])) if pair[0] < pair[1]]
    between = list(pairwise(sizes))
    steps = [(pair, _change(drawn, line, *pair, tails=0.05 / len(between))) for pair in between]
    falls = [pair for pair, step in steps if step is not None and step.high < 0]
    rises = [pair for pair, step in steps if step is not None and step.low > 0]
    verdict: Verdict = "undecided"
    if rises or ends.low > 0:
        verdict = "contradicted"
    elif all(half is not None and half.high < 0 for half in [ends, *halves]):
        verdict = "supported"
    config = drawn.results.config
    curve = drawn.curve("response_rate", line)
    text = (
        f"With {line_name(config, line)} {schedule_in(config, line)}, the rate goes from {share(curve[0, 0])} with "
        f"{sizes[0]:,} labels to {share(curve[0, -1])} with {sizes[-1]:,}: {points_in(ends, 'points')}, "
        f"{points_in(_per_doubling(sizes, curve), 'points')} a doubling. Of {len(steps)} steps between sizes, "
        f"{len(falls)} fall clearly and {_rising(rises)}"
    )
    second = halves[-1]
    if len(halves) == 2 and (second is None or second.high >= 0):
        text += f" Beyond {middle:,} labels, no further fall is certain."
    return Judged(verdict, text)


def fewer_labels(drawn: Resamples, line: Line, rankings: Line) -> Judged | None:
    """Whether rankings need at least :data:`TENTH` times as many labels as corrections for the study's target."""
    config, results = drawn.results.config, drawn.results
    if min(len(results.sizes(line)), len(results.sizes(rankings))) < ENOUGH_SIZES:
        return None
    plain = compare_labels(drawn, rankings, line, config.target, keep_recall=False)
    ratio = plain.ratio
    verdict: Verdict = "undecided"
    if ratio.low >= TENTH:
        verdict = "supported"
    elif ratio.high is not None and ratio.high < TENTH:
        verdict = "contradicted"
    text = (
        f"To err in no more than {100 * config.target:g} % of descriptions {schedule_in(config, line)}, {line.arm} "
        f"needs {bound_in(plain.other)} labels and {rankings.arm} {bound_in(plain.labels)}: {_times(ratio)}."
    )
    kept = compare_labels(drawn, rankings, line, config.target, keep_recall=True)
    if kept.recall is not None:
        text += (
            f" With recall no lower than the base's {kept.recall:.3f}: {bound_in(kept.other)} and "
            f"{bound_in(kept.labels)}, {_times(kept.ratio)}."
        )
    return Judged(verdict, text)


def lower_rate(drawn: Resamples, line: Line, other: Line) -> Judged | None:
    """Whether ``line`` errs less than ``other`` at equal numbers of labels, over all sizes that both have."""
    sizes = common_sizes(drawn.results, [line, other])
    pooled = difference(drawn, line, other, "response_rate", sizes) if sizes else None
    if pooled is None:
        return None
    at_sizes = [(size, difference(drawn, line, other, "response_rate", [size])) for size in sizes]
    lower = [size for size, row in at_sizes if row is not None and row.difference.high < 0]
    higher = [size for size, row in at_sizes if row is not None and row.difference.low > 0]
    recall = difference(drawn, line, other, "recall", sizes)
    config = drawn.results.config
    text = (
        f"{schedule_in(config, line).capitalize()}, the rate of {line_name(config, line)} minus that of "
        f"{line_name(config, other)} is {points_in(pooled.difference, 'points')} {_at_sizes(sizes)}. "
        f"It is lower in {pooled.below} of {pooled.trainings} trainings"
    )
    if len(sizes) > 1:
        text += f", clearly lower at {_these(lower)} and clearly higher at {_these(higher)}"
    text += "."
    if recall is not None:
        text += f" In recall the difference is {points_in(recall.difference, 'points')}."
    return Judged(_below_zero(pooled.difference), text + _by_base(drawn, line, other, sizes))


def generalises_less(drawn: Resamples, line: Line, scenes: Sequence[SceneShare]) -> Judged | None:
    """Whether typical objects are invented less where they are expected, over and above what they are elsewhere."""
    mean = next((row for row in scenes if row.line == line and row.scene == "mean"), None)
    if mean is None:
        return None
    config = drawn.results.config
    return Judged(
        _below_zero(mean.gap_change),
        f"Over scenes, the base invents {share_in(mean.inside_before)} of the typical objects that it names inside "
        f"their scene and {share_in(mean.elsewhere_before)} elsewhere; after {mean.labels:,} labels of "
        f"{line_name(config, line)} {schedule_in(config, line)} it is {share_in(mean.inside_after)} and "
        f"{share_in(mean.elsewhere_after)}. The gap changes by {points_in(mean.gap_change, 'points')}.",
    )


def keeps_helping(drawn: Resamples, line: Line, rows: Sequence[AtLargest]) -> Judged | None:
    """Whether recall and length stay within the margins that the loop promotes by."""
    row = next((row for row in rows if row.line == line), None)
    if row is None:
        return None
    recall, words = row.recall_change, row.words_change
    drop, change = _GUARDS.max_recall_drop, _GUARDS.max_length_change
    verdict: Verdict = "undecided"
    if recall.low >= -drop and words.low >= -change and words.high <= change:
        verdict = "supported"
    elif recall.high < -drop or words.high < -change or words.low > change:
        verdict = "contradicted"
    config = drawn.results.config
    return Judged(
        verdict,
        f"After {row.labels:,} labels of {line_name(config, line)} {schedule_in(config, line)}, recall has changed "
        f"by {points_in(recall, 'points')} and length by {points_in(words, '%')} against the base. Kept means: recall "
        f"down by at most {100 * drop:g} points, length changed by at most {100 * change:g} %.",
    )


def _times(ratio: Bounded) -> str:
    said = bound_in(ratio)
    return "how many times as many is not known" if said == UNKNOWN else f"{said} times as many"


def _below_zero(found: Interval) -> Verdict:
    return "supported" if found.high < 0 else "contradicted" if found.low > 0 else "undecided"


def _by_base(drawn: Resamples, line: Line, other: Line, sizes: Sequence[int]) -> str:
    """The same difference for each base alone, if there are several."""
    apart = [base for base in bases_apart(drawn.results) if base != ALL_BASES]
    rows = [difference(drawn, line, other, "response_rate", sizes, base) for base in apart]
    told = [f"{row.base} {points_in(row.difference, 'points')}" for row in rows if row is not None]
    return f" By base: {', '.join(told)}." if told else ""


def _change(drawn: Resamples, line: Line, first: int, last: int, tails: float = 0.05) -> Interval | None:
    """The rate at ``last`` labels minus that at ``first``, over the trainings that have both."""
    figure: Figure = "response_rate"
    return interval(drawn.mean(drawn.cells(figure, line, last) - drawn.cells(figure, line, first)), tails)


def _per_doubling(sizes: Sequence[int], curve: Floats) -> Interval:
    """The slope of a straight line over the logarithm of the labels."""
    doublings = np.log2(np.array(sizes, dtype=np.float64))
    around = doublings - doublings.mean()
    found = interval(curve @ around / (around @ around))
    assert found is not None
    return found


def _rising(rises: Sequence[tuple[int, int]]) -> str:
    if not rises:
        return "none rises clearly."
    return (
        f"{len(rises)} rise{'s' if len(rises) == 1 else ''} clearly, from "
        + ", ".join(f"{first:,} to {last:,}" for first, last in rises)
        + "."
    )


def _at_sizes(sizes: Sequence[int]) -> str:
    return f"at equal labels, the mean over {len(sizes)} sizes" if len(sizes) > 1 else f"at {sizes[0]:,} labels"


def _these(sizes: Sequence[int]) -> str:
    return f"{', '.join(f'{size:,}' for size in sizes)} labels" if sizes else "no size"
