"""The chart of a study with one or two numbers of labels, which has no curves: a row a line, a colour a base."""

from __future__ import annotations

from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from redraft.report.chart import Chart
from redraft.report.study.palette import StudyChart, legend, legend_height, looks
from redraft.report.study.panels import few_sizes, highest, schedules_of, sizes_of, spread
from redraft.report.style import Theme
from redraft.scaling.curves import ALL_BASES, CurvePoint, points_of
from redraft.scaling.lines import Line
from redraft.scaling.resample import Resamples
from redraft.scaling.wording import line_name, schedule_name

_ROW = 0.2
"""Height of one base in a row, in inches."""


def level_chart(drawn: Resamples, points: list[CurvePoint]) -> list[Chart]:
    """Rates of every line, a panel a number of labels and schedule; none for a study that has curves."""
    results = drawn.results
    config, lines = results.config, results.lines
    if not lines or not few_sizes(config):
        return []
    bases = list(results.bases) if len(results.bases) > 1 else [ALL_BASES]
    panels = [(schedule, size) for schedule in schedules_of(lines) for size in sizes_of(drawn, lines)]
    names = list(dict.fromkeys(_name(drawn, line) for line in lines))
    rows = [p for base in bases for line in [None, *lines] for p in points_of(points, line, base)]

    def draw(figure: Figure, theme: Theme) -> None:
        grid = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
        for axes, (schedule, size) in zip(grid, panels, strict=True):
            _panel(axes, drawn, points, [line for line in lines if line.schedule == schedule], size, names, bases)
            axes.set_title(f"{size:,} labels, {schedule_name(config, schedule)}")
            axes.set_xlim(0, highest(rows))
        grid[0].set_yticks(range(len(names)), names[::-1])
        legend(figure, grid[0])

    width = 3.4 + 3.2 * len(panels)
    return [
        StudyChart(
            name="levels",
            title="Hallucination by arm",
            note="Descriptions with at least one error, test split, greedy; mean over trainings with 95 % intervals "
            "over pictures and trainings. Dotted: the untrained base; dashed: the target.",
            rows=rows,
            draw=draw,
            size=(width, 1.1 + max(0.3, _ROW * len(bases)) * len(names) + legend_height(_series(bases), width)),
        )
    ]


def _panel(
    axes: Axes,
    drawn: Resamples,
    points: list[CurvePoint],
    lines: list[Line],
    size: int,
    names: list[str],
    bases: list[str],
) -> None:
    styles = looks(bases)
    conditions = [next(line.condition for line in drawn.results.lines if _name(drawn, line) == name) for name in names]
    for at, base in enumerate(bases):
        shift = 0.6 * (at - (len(bases) - 1) / 2) / len(bases)
        mine = [(line, p) for line in lines for p in points_of(points, line, base) if p.labels == size]
        found = [point.response_rate for _, point in mine]
        axes.errorbar(
            [each.value for each in found],
            [len(names) - 1 - names.index(_name(drawn, line)) - shift for line, _ in mine],
            xerr=spread(found),
            color=styles[base].colour,
            marker=styles[base].marker,
            linestyle="none",
            markersize=5.5,
            elinewidth=1.2,
            capsize=2,
            label=_series(bases)[at],
        )
        for point in points_of(points, None, base):
            axes.axvline(point.response_rate.value, color=styles[base].colour, linestyle=":", linewidth=1.4)
    muted = axes.spines["bottom"].get_edgecolor()
    axes.axvline(drawn.results.config.target, color=muted, linewidth=1, linestyle=(0, (6, 3)), zorder=1)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.grid(axis="x")
    axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.set_xlabel("descriptions with an error")
    for y, (above, below) in enumerate(pairwise(conditions)):
        if above != below:
            axes.axhline(len(names) - 1.5 - y, color=muted, linewidth=0.5, alpha=0.35)


def _name(drawn: Resamples, line: Line) -> str:
    config = drawn.results.config
    condition = f"{line.condition}: " if len(config.conditions) > 1 else ""
    return f"{condition}{line_name(config, line)}"


def _series(bases: list[str]) -> list[str]:
    return ["mean over trainings"] if bases == [ALL_BASES] else [f"from {base}" for base in bases]
