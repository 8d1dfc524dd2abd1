"""Charts of what corrections bought: hallucination, recall and length by number of corrections."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from redraft.records import Interval, Record, Split
from redraft.report.chart import Chart
from redraft.report.history import History
from redraft.report.style import Theme, end_labels, percent_axis
from redraft.report.summary import Standing, Summary


class ProgressRow(Record):
    """A measured policy: where it stood, and its figures on the test split with 95 % intervals."""

    round: int
    corrections: int
    verdict: Standing
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


def progress_rows(history: History, summary: Summary) -> list[ProgressRow]:
    """One row for each row of the summary."""
    rows = []
    for row in summary.rounds:
        measured = history.evaluations[row.policy, Split.TEST]
        figures = {
            f"{name}{end}": getattr(getattr(measured, name), field)
            for name in ("response_rate", "mention_rate", "recall", "mean_words")
            for end, field in (("", "value"), ("_low", "low"), ("_high", "high"))
        }
        rows.append(ProgressRow(round=row.round, corrections=row.corrections, verdict=row.verdict, **figures))
    return rows


def progress_charts(history: History, summary: Summary) -> list[Chart]:
    """Hallucination against corrections, and recall and length beside it; none before the first evaluation."""
    rows = progress_rows(history, summary)
    if not rows:
        return []
    return [
        Chart(
            name="hallucination",
            title="Hallucination against corrections",
            note="Test split, greedy answers, 95 % intervals over images. "
            "Hollow crosses are candidates that were not promoted.",
            rows=rows,
            draw=lambda figure, theme: _draw_hallucination(figure, theme, rows),
            size=(6.2, 4.4),
        ),
        Chart(
            name="helpfulness",
            title="Recall and length",
            note="Objects named of those present, and words per description: "
            "fewer hallucinations by saying less would show here.",
            rows=rows,
            draw=lambda figure, theme: _draw_helpfulness(figure, theme, rows),
            size=(5.0, 4.6),
        ),
    ]


def _draw_hallucination(figure: Figure, theme: Theme, rows: list[ProgressRow]) -> None:
    axes = figure.subplots()
    shown = _measured(rows)
    percent_axis(axes, top=1.15 * max(row.response_rate_high for row in shown) or 1)
    _corrections_axis(axes, rows)
    for of, colour, marker in ((_rate, theme.first, "o"), (_mentions, theme.second, "s")):
        _line(axes, theme, shown, of, colour, marker)
        for row in shown:
            interval = of(row)
            axes.annotate(
                f"{100 * interval.value:.1f} %",
                (row.corrections, interval.high),
                xytext=(0, 8),
                textcoords="offset points",
                ha="center",
                color=colour,
                fontweight="bold",
                bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 0.6},
                zorder=4,
            )
    last = shown[-1]
    ends = [
        ("responses\nwith an error", last.response_rate, theme.first),
        ("mentions that\nare wrong", last.mention_rate, theme.second),
    ]
    end_labels(axes, last.corrections, ends, offset=26, lines=2)


def _draw_helpfulness(figure: Figure, theme: Theme, rows: list[ProgressRow]) -> None:
    recall, words = figure.subplots(2, 1, sharex=True)
    shown = _measured(rows)
    _line(recall, theme, shown, _recall, theme.first, "o")
    recall.set_title("Recall")
    recall.set_ylim(max(0.0, min(0.9, min(row.recall_low for row in shown) - 0.02)), 1.0)
    recall.grid(axis="y")
    _line(words, theme, shown, _words, theme.first, "o")
    words.set_title("Words per description")
    words.set_ylim(0, 1.2 * max(row.mean_words_high for row in shown) or 1)
    words.grid(axis="y")
    _corrections_axis(words, rows)


def _measured(rows: list[ProgressRow]) -> list[ProgressRow]:
    """Without the rounds that made no policy of their own."""
    return [row for row in rows if row.verdict != "not trained"]


def _line(
    axes: Axes,
    theme: Theme,
    rows: list[ProgressRow],
    of: Callable[[ProgressRow], Interval],
    colour: str,
    marker: str,
) -> None:
    """A line through the policies that were in force; what was not promoted stands beside it, hollow."""
    kept = [row for row in rows if row.verdict in ("base", "promoted")]
    axes.plot([r.corrections for r in kept], [of(r).value for r in kept], color=colour, zorder=2)
    for row in rows:
        interval, in_force = of(row), row in kept
        axes.errorbar(
            row.corrections,
            interval.value,
            yerr=[[interval.value - interval.low], [interval.high - interval.value]],
            color=colour,
            marker=marker if in_force else "X",
            markerfacecolor=colour if in_force else theme.paper,
            markersize=7 if in_force else 11,
            capsize=3,
            elinewidth=1.3,
            zorder=3,
        )


def _corrections_axis(axes: Axes, rows: list[ProgressRow]) -> None:
    """Ticks where something was measured, named for the round."""
    marks: dict[int, str] = {}
    for row in rows:
        marks.setdefault(row.corrections, f"{row.corrections}\n{'base' if row.round == 0 else f'round {row.round}'}")
    axes.set_xticks(list(marks), list(marks.values()))
    axes.set_xlabel("responses corrected so far")
    span = max(marks) or 1
    axes.set_xlim(-0.09 * span, 1.06 * span)


def _rate(row: ProgressRow) -> Interval:
    return Interval(value=row.response_rate, low=row.response_rate_low, high=row.response_rate_high)


def _mentions(row: ProgressRow) -> Interval:
    return Interval(value=row.mention_rate, low=row.mention_rate_low, high=row.mention_rate_high)


def _recall(row: ProgressRow) -> Interval:
    return Interval(value=row.recall, low=row.recall_low, high=row.recall_high)


def _words(row: ProgressRow) -> Interval:
    return Interval(value=row.mean_words, low=row.mean_words_low, high=row.mean_words_high)
