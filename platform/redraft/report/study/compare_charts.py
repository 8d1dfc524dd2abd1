"""Charts of arms against each other: rate over recall, and differences at equal labels in every condition."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from redraft.report.chart import Chart
from redraft.report.study.palette import StudyChart, legend, legend_height, looks
from redraft.report.study.panels import first_condition, highest, legend_names, schedules_of, spread
from redraft.report.style import Theme, percent_axis
from redraft.scaling.curves import ALL_BASES, CurvePoint, points_of
from redraft.scaling.differences import Difference
from redraft.scaling.resample import Resamples
from redraft.scaling.wording import MINUS, line_name, schedule_name


def recall_chart(drawn: Resamples, points: list[CurvePoint]) -> list[Chart]:
    """Rate over recall along each line, under the study's first condition."""
    config, lines = drawn.results.config, first_condition(drawn)
    if not lines:
        return []
    schedules = schedules_of(lines)
    styles = looks([*config.arms, *(line_name(config, line) for line in lines)])
    rows = points_of(points, None) + [point for line in lines for point in points_of(points, line)]

    def draw(figure: Figure, theme: Theme) -> None:
        panels = figure.subplots(1, len(schedules), sharey=True, sharex=True, squeeze=False)[0]
        for axes, schedule in zip(panels, schedules, strict=True):
            for line in [line for line in lines if line.schedule == schedule]:
                name = line_name(config, line)
                _trajectory(axes, points_of(points, line), styles[name].colour, styles[name].marker, name)
            for base in points_of(points, None):
                _cross(axes, [base], theme.ink, linestyle="none")
                at = base.recall.value, base.response_rate.value
                axes.plot(*at, marker="*", markersize=12, linestyle="none", color=theme.ink, label="untrained base")
            percent_axis(axes, top=highest(rows))
            axes.grid(axis="x")
            axes.set_xlabel("recall of objects")
            axes.set_title(schedule_name(config, schedule))
        panels[0].set_ylabel("descriptions with an error")
        legend(figure, panels[0])

    width = max(5.4, 5.0 * len(schedules))
    return [
        StudyChart(
            name="matched",
            title="Rate against recall",
            note="Each line goes from few labels (small marks) to many (large marks); 95 % intervals both ways. "
            "Lower and further right is better; arms compare fairly where they stand one above the other.",
            rows=rows,
            draw=draw,
            size=(width, 4.2 + legend_height(legend_names(config, lines), width)),
        )
    ]


def difference_chart(drawn: Resamples, differences: Sequence[Difference], name: str, title: str) -> list[Chart]:
    """Pairs of arms in every circumstance, the mean over sizes, for all bases and for each alone."""
    rates = [row for row in differences if row.figure == "response_rate"]
    rows = [row for row in rates if len(row.sizes) == _most_sizes(row, rates)]
    if not rows:
        return []
    places = list(dict.fromkeys(_circumstance(drawn, row) for row in rows))
    pairs = list(dict.fromkeys(_pair(drawn, row) for row in rows))
    styles = looks(pairs)

    def draw(figure: Figure, theme: Theme) -> None:
        axes = figure.subplots()
        axes.axvline(0, color=theme.muted, linewidth=1)
        for at, pair in enumerate(pairs):
            mine = [row for row in rows if _pair(drawn, row) == pair]
            shift = 0.6 * (at - (len(pairs) - 1) / 2) / len(pairs)
            found = [row.difference for row in mine]
            axes.errorbar(
                [100 * each.value for each in found],
                [len(places) - 1 - places.index(_circumstance(drawn, row)) - shift for row in mine],
                xerr=[[100 * length for length in side] for side in spread(found)],
                color=styles[pair].colour,
                marker=styles[pair].marker,
                linestyle="none",
                capsize=2,
                elinewidth=1.3,
                markersize=5.5,
                label=pair,
            )
        axes.set_yticks(range(len(places)), places[::-1])
        axes.set_ylim(-0.6, len(places) - 0.4)
        axes.grid(axis="x")
        axes.set_xlabel("difference in points; left of zero, the first errs less")
        legend(figure, axes)

    needed = max(0.34, 0.2 * len(pairs)) * len(places)
    return [
        StudyChart(
            name=name,
            title=title,
            note="Descriptions with an error at equal labels, the mean over sizes, paired by training and picture, "
            "with 95 % intervals.",
            rows=rows,
            draw=draw,
            size=(7.6, 1.0 + needed + legend_height(pairs, 7.6)),
        )
    ]


def _trajectory(axes: Axes, mine: list[CurvePoint], colour: str, marker: str, name: str) -> None:
    _cross(axes, mine, colour, linestyle="-")
    sizes = [3.5 + 0.9 * math.log2(point.labels / mine[0].labels) for point in mine]
    for at, point in enumerate(mine):
        axes.plot(point.recall.value, point.response_rate.value, marker=marker, markersize=sizes[at], color=colour)
    axes.plot([], [], marker=marker, markersize=6, color=colour, label=name)


def _cross(axes: Axes, points: Sequence[CurvePoint], colour: str, *, linestyle: str) -> None:
    """Intervals in both directions."""
    recall, rate = [point.recall for point in points], [point.response_rate for point in points]
    axes.errorbar(
        [each.value for each in recall],
        [each.value for each in rate],
        xerr=spread(recall),
        yerr=spread(rate),
        color=colour,
        linestyle=linestyle,
        linewidth=1.3,
        elinewidth=0.7,
        alpha=0.9,
    )


def _most_sizes(row: Difference, rows: Sequence[Difference]) -> int:
    """How many sizes the mean over all of them covers, for the pair of a row."""
    same = (each for each in rows if (each.line, each.other, each.base) == (row.line, row.other, row.base))
    return max(len(each.sizes) for each in same)


def _pair(drawn: Resamples, row: Difference) -> str:
    if row.line.arm == row.other.arm:
        return f"{row.line.rounds} rounds {MINUS} {row.other.rounds} of {row.line.arm}"
    return f"{row.line.arm} {MINUS} {row.other.arm}"


def _circumstance(drawn: Resamples, row: Difference) -> str:
    config, line = drawn.results.config, row.line
    parts = [line.condition] if len(config.conditions) > 1 else []
    if len(config.rounds) > 1 and line.arm != row.other.arm:
        parts.append(f"{line.rounds} round{'s' if line.rounds > 1 else ''}")
    parts += [schedule_name(config, line.schedule)] if len(config.schedules) > 1 or not parts else []
    parts += [f"from {row.base}"] if row.base != ALL_BASES else []
    return ", ".join(parts)
