"""Charts over the number of labels: the rate with its base and target, each base alone, recall and length, the fit."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from redraft.report.chart import Chart
from redraft.report.study.palette import Look, StudyChart, labels_axis, legend, legend_height
from redraft.report.study.panels import (
    Of,
    base_band,
    draw_lines,
    errorbars,
    few_sizes,
    file_name,
    first_condition,
    highest,
    legend_names,
    of_condition,
    rate_panel,
    schedules_of,
    sizes_of,
)
from redraft.report.style import Theme, percent_axis
from redraft.scaling.comparison import ENOUGH_SIZES
from redraft.scaling.curves import ALL_BASES, CurvePoint, points_of
from redraft.scaling.design import StudyConfig
from redraft.scaling.fit import LAW, fit_law, precision
from redraft.scaling.lines import Line
from redraft.scaling.resample import Floats, Resamples
from redraft.scaling.targets import clear_rise
from redraft.scaling.wording import line_name, schedule_name


def curve_charts(drawn: Resamples, points: list[CurvePoint]) -> list[Chart]:
    """The response rate against labels, one chart a condition and one panel a schedule."""
    config = drawn.results.config
    charts: list[Chart] = []
    for condition in () if few_sizes(config) else config.conditions:
        lines = [line for line in drawn.results.lines if line.condition == condition]
        if lines:
            first = condition == next(iter(config.conditions))
            charts.append(
                _chart(
                    "curve" if first else f"curve-{file_name(condition)}",
                    f"Hallucination against labels{of_condition(config, condition)}",
                    "Descriptions with at least one error, test split, greedy; mean over trainings with 95 % "
                    "intervals over pictures and trainings. Dotted with a band: the untrained base; dashed: the "
                    f"target of {100 * config.target:g} %.",
                    points,
                    lines,
                    config,
                )
            )
    return charts


def base_chart(drawn: Resamples, points: list[CurvePoint]) -> list[Chart]:
    """The same for each base alone, under the study's first condition; none with a single base."""
    config, bases = drawn.results.config, drawn.results.bases
    lines = first_condition(drawn)
    if len(bases) < 2 or not lines or few_sizes(config):
        return []
    schedules = schedules_of(lines)
    rows = [point for line in lines for base in bases for point in points_of(points, line, base)]
    shown = rows + [point for base in bases for point in points_of(points, None, base)]

    def draw(figure: Figure, theme: Theme) -> None:
        grid = figure.subplots(len(schedules), len(bases), sharey=True, squeeze=False)
        for across, base in enumerate(bases):
            for down, schedule in enumerate(schedules):
                mine = [line for line in lines if line.schedule == schedule]
                rate_panel(grid[down, across], theme, points, mine, config, base=base, top=highest(shown))
                grid[down, across].set_title(f"{base}, {schedule_name(config, schedule)}")
        grid[0, 0].set_ylabel("descriptions with an error")
        legend(figure, grid[0, 0])

    width = max(5.4, 4.4 * len(bases))
    return [
        StudyChart(
            name="per_base",
            title="Each base alone",
            note="As above, one base a column; intervals are over pictures and the trainings from that base.",
            rows=rows,
            draw=draw,
            size=(width, 0.6 + 3.0 * len(schedules) + legend_height(legend_names(config, lines), width)),
        )
    ]


def helpfulness_chart(drawn: Resamples, points: list[CurvePoint]) -> list[Chart]:
    """Recall and length against labels, under the study's first condition."""
    config, lines = drawn.results.config, first_condition(drawn)
    if not lines or few_sizes(config):
        return []
    schedules = schedules_of(lines)
    rows = [point for line in lines for point in points_of(points, line)]
    figures: list[tuple[str, Of]] = [("recall of objects", lambda p: p.recall), ("words", lambda p: p.mean_words)]

    def draw(figure: Figure, theme: Theme) -> None:
        grid = figure.subplots(2, len(schedules), sharey="row", squeeze=False)
        for down, (name, of) in enumerate(figures):
            for across, schedule in enumerate(schedules):
                mine = [line for line in lines if line.schedule == schedule]
                axes = grid[down, across]
                draw_lines(axes, points, mine, config, ALL_BASES, of)
                base_band(axes, theme, points, ALL_BASES, of)
                labels_axis(axes, sizes_of(drawn, mine))
                axes.grid(axis="y")
                axes.set_title(f"{name}, {schedule_name(config, schedule)}")
            grid[down, 0].set_ylabel(name)
        legend(figure, grid[0, 0])

    width = max(5.4, 4.6 * len(schedules))
    return [
        StudyChart(
            name="helpfulness",
            title="Recall and length against labels",
            note="Objects named of those present, and words a description; dotted: the untrained base. Fewer errors by "
            "saying less would show here.",
            rows=rows,
            draw=draw,
            size=(width, 5.6 + legend_height(legend_names(config, lines), width)),
        )
    ]


def fit_chart(drawn: Resamples, points: list[CurvePoint]) -> list[Chart]:
    """The reference arm's law under each schedule, with the band of its resamples."""
    config = drawn.results.config
    lines = [
        line for line in first_condition(drawn) if line.arm == config.reference() and line.rounds == config.rounds[0]
    ]
    lines = [line for line in lines if len(drawn.results.sizes(line)) >= ENOUGH_SIZES]
    if not lines:
        return []
    rows = [point for line in lines for point in points_of(points, line)]

    def draw(figure: Figure, theme: Theme) -> None:
        panels = figure.subplots(1, len(lines), sharey=True, squeeze=False)[0]
        for axes, line in zip(panels, lines, strict=True):
            sizes = drawn.results.sizes(line)
            at, law = _law(drawn, line)
            axes.fill_between(
                at, *np.percentile(law[1:], [2.5, 97.5], axis=0), color=theme.first, alpha=0.18, linewidth=0
            )
            axes.plot(at, law[0], color=theme.first, label="fitted law with 95 % band")
            errorbars(axes, points_of(points, line), Look(theme.second, "s", ""), "measured", lambda p: p.response_rate)
            labels_axis(axes, sizes)
            percent_axis(axes, top=highest(rows))
            axes.set_title(f"{line_name(config, line)}, {schedule_name(config, line.schedule)}")
        panels[0].set_ylabel("descriptions with an error")
        legend(figure, panels[0])

    return [
        StudyChart(
            name="fit",
            title=f"Power law of {lines[0].arm}",
            note=f"{LAW}, least squares weighted by how well each size is known; the band is over resamples of "
            "pictures and trainings. Parameters are in the table.",
            rows=rows,
            draw=draw,
            size=(max(5.4, 4.6 * len(lines)), 3.9),
        )
    ]


def _chart(name: str, title: str, note: str, points: list[CurvePoint], lines: list[Line], config: StudyConfig) -> Chart:
    schedules = schedules_of(lines)
    rows = points_of(points, None) + [point for line in lines for point in points_of(points, line)]

    def draw(figure: Figure, theme: Theme) -> None:
        panels = figure.subplots(1, len(schedules), sharey=True, squeeze=False)[0]
        for axes, schedule in zip(panels, schedules, strict=True):
            mine = [line for line in lines if line.schedule == schedule]
            rate_panel(axes, theme, points, mine, config, top=highest(rows))
            axes.set_title(schedule_name(config, schedule))
        panels[0].set_ylabel("descriptions with an error")
        legend(figure, panels[0])

    width = max(6.4, 5.0 * len(schedules))
    height = 4.2 + legend_height(legend_names(config, lines), width)
    return StudyChart(name=name, title=title, note=note, rows=rows, draw=draw, size=(width, height))


def _law(drawn: Resamples, line: Line) -> tuple[Floats, Floats]:
    """Places on the axis, and the law there in each draw."""
    sizes = drawn.results.sizes(line)
    rates = drawn.curve("response_rate", line)
    kept = max(ENOUGH_SIZES, clear_rise(rates))
    law = fit_law(sizes[:kept], rates[:, :kept], precision(rates[:, :kept]))
    at = np.geomspace(sizes[0], sizes[-1], 60)
    return at, law.rate(at)
