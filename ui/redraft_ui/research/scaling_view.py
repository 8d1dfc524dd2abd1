"""What a correction buys: every measured figure of every policy, against what people put in until then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from redraft.evaluate import ImageBootstrap, descriptions
from redraft.records import Evaluation, HallucinationType, Interval, Outcome, Record, Split
from redraft.store import Store
from redraft_ui.research.charts import WHOLE, Point
from redraft_ui.research.loop_view import line_in_force, verdict_on

TypeRates = Callable[[Evaluation], dict[HallucinationType, Interval]]


class Metric(StrEnum):
    """What is measured; the value is the title of its axis."""

    RESPONSES = "Responses with a hallucination"
    MENTIONS = "Mentions that are wrong"
    TYPES = "Wrong claims per mention, by type"
    RECALL = "Objects found (recall)"
    WORDS = "Words per description"
    QUESTIONS = "Short questions answered rightly"

    @property
    def percent(self) -> bool:
        """Whether it is a share."""
        return self is not Metric.WORDS

    @property
    def from_zero(self) -> bool:
        """Whether it is small where things go well, so that its distance from zero says something."""
        return self in (Metric.RESPONSES, Metric.MENTIONS, Metric.TYPES)


class Axis(StrEnum):
    """What it is drawn against; the value is the title of the axis."""

    CORRECTIONS = "Corrections so far"
    MINUTES = "Annotator minutes so far"
    ROUND = "Round"


@dataclass(frozen=True)
class Measured:
    """One round's policy with what had been put in by then; round 0 is the policy that the run starts from."""

    round: int
    policy: str
    evaluation: Evaluation
    corrections: int
    minutes: float
    note: str
    in_force: bool


class FigureRow(Record):
    """One line of the file that people download."""

    round: int
    policy: str
    corrections: int
    annotator_minutes: float
    split: Split
    measure: str
    series: str
    value: float
    low: float
    high: float
    in_force: bool
    verdict: str


def measured(store: Store, split: Split) -> list[Measured]:
    """Every policy that was measured on ``split``, in the order of its rounds."""
    found = {e.policy: e for e in store.evaluations() if e.split is split}
    policies = {policy.id: policy for policy in store.policies()}
    line = line_in_force(policies.values())
    effort = {put.round: put for put in store.effort()}
    rounds = sorted(store.rounds(), key=lambda row: row.number)
    rows = [_row(0, rounds[0].incumbent, found, "the start", line)] if rounds else []
    corrections, seconds = 0, 0.0
    for round in rounds:
        if round.number in effort:
            corrections += effort[round.number].corrected
            seconds += effort[round.number].seconds
        if round.number:
            note = verdict_on(round, policies.get(round.candidate or ""), line)
            row = _row(round.number, round.candidate, found, note, line)
            rows.append(row and replace(row, corrections=corrections, minutes=seconds / 60))
    return [row for row in rows if row is not None]


def curve(rows: Sequence[Measured], metric: Metric, axis: Axis, rates: TypeRates) -> list[Point]:
    """The points of one metric; a policy without a value for it is left out. ``rates`` tells the errors by type."""
    return [
        _point(row, axis, series, interval)
        for row in rows
        for series, interval in _values(row.evaluation, metric, rates)
        if interval is not None
    ]


def type_rates(outcomes: Sequence[Outcome], *, bootstrap: int, seed: int) -> dict[HallucinationType, Interval]:
    """Wrong claims of each type per mention, over descriptions, with 95 % intervals over images.

    Raises:
        DataError: there is no description among the outcomes.
    """
    described = descriptions(outcomes)
    resampled = ImageBootstrap([o.image_id for o in described], resamples=bootstrap, seed=seed)
    errors = [Counter(o.error_types) for o in described]
    mentions = [o.mentions for o in described]
    kinds = [kind for kind in HallucinationType if any(count[kind] for count in errors)]
    return {kind: resampled.ratio([count[kind] for count in errors], mentions) for kind in kinds}


def table(points: Sequence[Point], metric: Metric, axis: Axis) -> tuple[list[str], list[list[str]]]:
    """Head and rows, as text."""
    named = any(point.series != WHOLE for point in points)
    form = "{:.1%}" if metric.percent else "{:.1f}"
    head = [*(["Round"] if axis is not Axis.ROUND else []), axis.value, "Policy", *(["Type"] if named else [])]
    rows = [
        [
            *([str(p.round)] if axis is not Axis.ROUND else []),
            f"{p.x:,.0f}",
            p.policy,
            *([p.series] if named else []),
            form.format(p.value),
            "" if p.low is None or p.high is None else f"{form.format(p.low)} to {form.format(p.high)}",
            p.note,
        ]
        for p in points
    ]
    return [*head, metric.value, "95 % interval", "Verdict"], rows


def figures(rows: Sequence[Measured], metric: Metric, rates: TypeRates) -> list[FigureRow]:
    """The same unrounded, with every axis, for a file."""
    return [
        FigureRow(
            round=row.round,
            policy=row.policy,
            corrections=row.corrections,
            annotator_minutes=row.minutes,
            split=row.evaluation.split,
            measure=metric.value,
            series=series,
            value=interval.value,
            low=interval.low,
            high=interval.high,
            in_force=row.in_force,
            verdict=row.note,
        )
        for row in rows
        for series, interval in _values(row.evaluation, metric, rates)
        if interval is not None
    ]


def _row(
    number: int, policy: str | None, found: dict[str, Evaluation], note: str, line: frozenset[str]
) -> Measured | None:
    """A policy before anything is put in; None if it was not measured."""
    if policy is None or policy not in found:
        return None
    return Measured(number, policy, found[policy], 0, 0.0, note, policy in line)


def _values(evaluation: Evaluation, metric: Metric, rates: TypeRates) -> list[tuple[str, Interval | None]]:
    match metric:
        case Metric.RESPONSES:
            return [(WHOLE, evaluation.response_rate)]
        case Metric.MENTIONS:
            return [(WHOLE, evaluation.mention_rate)]
        case Metric.RECALL:
            return [(WHOLE, evaluation.recall)]
        case Metric.WORDS:
            return [(WHOLE, evaluation.mean_words)]
        case Metric.QUESTIONS:
            return [(WHOLE, evaluation.question_accuracy)]
        case Metric.TYPES:
            return [(kind.value, interval) for kind, interval in rates(evaluation).items()]


def _point(row: Measured, axis: Axis, series: str, interval: Interval) -> Point:
    across = {Axis.CORRECTIONS: float(row.corrections), Axis.MINUTES: row.minutes, Axis.ROUND: float(row.round)}
    return Point(
        series=series,
        x=across[axis],
        value=interval.value,
        low=interval.low,
        high=interval.high,
        round=row.round,
        policy=row.policy,
        note=row.note,
        in_force=row.in_force,
    )
