"""What the quality page shows, read from the store alone, and its tables: figures with intervals, and in words."""

from __future__ import annotations

from collections.abc import Sequence

from redraft.quality import (
    Agreement,
    AnchoringReport,
    Change,
    GoldScore,
    Person,
    Reliability,
    Week,
    agreement,
    anchoring,
    drift,
    gold_scores,
    people,
    reliabilities,
    weekly,
)
from redraft.quality.anchoring import Anchoring, Habit
from redraft.quality.drift import CONFIDENCE, Figure
from redraft.records import Interval, Record
from redraft.store import Store

NEWEST = 5000
"""Older answers are left out, so that the page stays quick however long a project runs."""

GOOD, FAIR = 0.8, 0.667
"""Krippendorff's own marks (Content Analysis, 2004, chapter 11): rely on it; draw tentative conclusions alone."""

NOTHING = "\u2013"
"""Stands where there is no figure."""

Table = tuple[list[str], list[list[str]]]

SHARES = {Figure.TOO_FAST, Figure.CLEAN, Figure.PASSED, Figure.GOLD, Figure.REVIEW}


class QualityView(Record):
    """Everything that is known of the annotators of one project; ``left_out`` older answers are not in it."""

    answers: int
    left_out: int
    agreement: Agreement | None
    people: tuple[Person, ...]
    golds: tuple[GoldScore, ...]
    changes: tuple[Change, ...]
    weeks: tuple[Week, ...]
    anchoring: AnchoringReport
    reliability: dict[str, Reliability]


def view_quality(store: Store, project: str, *, threshold: float, training: int, newest: int = NEWEST) -> QualityView:
    """Read a project's newest answers and measure.

    Agreement and anchoring are of ordinary tasks; gold ones, which everybody gets, count for the rest.

    Args:
        threshold: from which score on spans are shaded, in ``[0, 1]``.
        training: how many gold answers of each annotator had feedback.
    """
    everything = store.corrections(project=project, gold=True)
    answers = everything[-newest:]
    golds = {gold.task_id: gold for gold in store.golds(project)}
    ordinary = [answer for answer in answers if not answer.gold]
    tasks = {id: store.task(id) for id in dict.fromkeys(answer.task_id for answer in ordinary)}
    return QualityView(
        answers=len(answers),
        left_out=len(everything) - len(answers),
        agreement=agreement(ordinary),
        people=tuple(people(answers)),
        golds=tuple(gold_scores(answers, golds, training=training)),
        changes=tuple(drift(answers, golds)),
        weeks=tuple(weekly(answers, golds)),
        anchoring=anchoring(ordinary, tasks, golds, threshold=threshold),
        reliability=reliabilities(answers, golds, training=training),
    )


def alphas(found: Agreement) -> list[tuple[str, Interval | None]]:
    """What the alphas are about, each with its interval."""
    return [
        ("Which characters are wrong", found.edited),
        ("What kind of mistake it is", found.types),
        ("Whether a response is wrong at all", found.wrong),
    ]


def agreement_table(found: Agreement) -> Table:
    """Alphas and span F1, and what they mean."""
    rows = [[about, plain_interval(alpha), alpha_in_words(alpha)] for about, alpha in alphas(found)]
    for about, f1, what in (
        ("The same spans, exactly", found.exact, "of the spans that two people mark are the same"),
        ("Spans that overlap", found.overlapping, "of the spans that two people mark touch one of the other's"),
    ):
        said = "nobody found anything wrong" if f1 is None else f"{f1.value:.0%} {what}"
        rows.append([about, plain_interval(f1), said])
    return ["About", "Agreement (95 % interval)", "In words"], rows


def alpha_in_words(alpha: Interval | None) -> str:
    """What an alpha means for whoever reads these corrections."""
    if alpha is None:
        return "everybody says the same of everything, which chance would give as well"
    said, at_worst = _class(alpha.value), _class(alpha.low)
    return said if said == at_worst else f"{said}; so few tasks may also mean: {at_worst}"


def work_table(rows: Sequence[Person]) -> Table:
    """Who answered what, and how fast."""
    head = ["Annotator", "Answers", "Corrected", "Clean", "Marked", "Skipped or flagged", "Edits each"]
    head += ["Corrections an active hour", "Median seconds", "Seconds per 100 words", "Idle", "Too fast"]
    return head, [
        [
            row.annotator,
            *(f"{n:,}" for n in (row.answers, row.corrected, row.clean, row.marked)),
            f"{row.passed.value:.0%}",
            f"{row.edits:.1f}",
            *(_plain(x) for x in (row.speed.corrections_per_hour, row.speed.median_seconds)),
            _plain(row.speed.median_seconds_per_100_words),
            NOTHING if row.speed.idle is None else f"{row.speed.idle:.0%}",
            f"{row.speed.too_fast:,} of {row.speed.timed:,}",
        ]
        for row in rows
    ]


def standing_table(rows: Sequence[Person], known: dict[str, Reliability]) -> Table:
    """How everybody's answers stood up: to colleagues, to review, and all told."""
    head = ["Annotator", "Overlap with colleagues (F1)", "Reviewed", "Changed by review", "Reliability"]
    return head, [
        [
            row.annotator,
            percent_interval(row.agrees),
            f"{row.reviewed:,}",
            percent_interval(row.changed),
            percent_interval(known[row.annotator].value if row.annotator in known else None),
        ]
        for row in rows
    ]


def gold_table(rows: Sequence[GoldScore]) -> Table:
    """Everybody against the known answers."""
    head = ["Annotator", "Tasks", "Answers", "All right", "Marked and wrong indeed", "Wrong and found"]
    return [*head, "Spans, F1", "Right type"], [
        [
            row.annotator,
            "training" if row.training else "silent",
            f"{row.answers:,}",
            *(percent_interval(x) for x in (row.right, row.precision, row.recall, row.f1, row.types)),
        ]
        for row in rows
    ]


def warnings(changes: Sequence[Change]) -> list[str]:
    """One sentence for every figure that drifted."""
    return [_drifted(change) for change in changes if change.drifted]


def figure_in_words(figure: Figure, value: float, *, signed: bool = False) -> str:
    """A figure of drift with its unit."""
    sign = "+" if signed else ""
    if figure in SHARES:
        return f"{value:{sign}.0%}"
    return f"{value:{sign}.1f}{' s' if figure is Figure.PACE else ''}"


def week_table(weeks: Sequence[Week], annotator: str) -> Table:
    """One annotator's weeks, the newest first."""
    head = ["Week from", "Answers", *(begun(figure.value) for figure in Figure)]
    return head, [
        [
            week.monday.replace("-", "\u2011"),
            f"{week.answers:,}",
            *(figure_in_words(f, week.figures[f]) if f in week.figures else NOTHING for f in Figure),
        ]
        for week in reversed(weeks)
        if week.annotator == annotator
    ]


def anchoring_table(report: AnchoringReport) -> Table:
    """Every habit with shading, without, and the difference."""
    rows = []
    for row in report.habits:
        said = plain_interval if row.habit is Habit.ELSEWHERE else percent_interval
        change = NOTHING if row.difference is None else said(row.difference)
        rows.append([begun(row.habit.value), said(row.shaded), said(row.unshaded), change, anchoring_in_words(row)])
    return ["Habit", "With shading", "Without", "Difference (95 % interval)", "In words"], rows


def anchoring_in_words(row: Anchoring) -> str:
    """What a difference tells."""
    if row.difference is None:
        return "not enough answers"
    if not row.differs:
        return "no difference that could not be chance"
    return "more with shading" if row.difference.value > 0 else "less with shading"


def plain_interval(interval: Interval | None) -> str:
    """Two decimals, the interval in brackets."""
    return NOTHING if interval is None else f"{interval.value:.2f} ({interval.low:.2f} to {interval.high:.2f})"


def percent_interval(interval: Interval | None) -> str:
    """Whole percent, the interval in brackets."""
    return NOTHING if interval is None else f"{interval.value:.0%} ({interval.low:.0%} to {interval.high:.0%})"


def begun(text: str) -> str:
    """With a capital letter, the rest as it is."""
    return text[0].upper() + text[1:]


def _drifted(change: Change) -> str:
    figure = change.figure
    low, high = (figure_in_words(figure, end, signed=True) for end in (change.difference.low, change.difference.high))
    return (
        f"{change.annotator}: {figure.value} went from {figure_in_words(figure, change.before)} to "
        f"{figure_in_words(figure, change.lately)} in the last {change.answers_lately:,} answers "
        f"({CONFIDENCE:.0%} interval of the change: {low} to {high})."
    )


def _class(alpha: float) -> str:
    if alpha >= GOOD:
        return "people agree well: rely on it"
    if alpha >= FAIR:
        return "people agree fairly: draw careful conclusions"
    if alpha > 0:
        return "people often disagree: make the guidelines clearer"
    return "no more agreement than by chance"


def _plain(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1f}" if value < 100 else f"{value:.0f}"
