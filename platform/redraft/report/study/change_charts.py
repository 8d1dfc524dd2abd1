"""Charts of what changed: errors by type with every arm, and over-generalisation scene by scene."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from redraft.records import Interval
from redraft.report.chart import Chart
from redraft.report.study.palette import StudyChart, legend, legend_height, looks
from redraft.report.study.panels import first_condition, legend_names, spread
from redraft.report.style import Theme
from redraft.scaling.breakdown import SceneShare, TypeShare
from redraft.scaling.lines import Line
from redraft.scaling.resample import Resamples
from redraft.scaling.roles import main_arm
from redraft.scaling.wording import line_name, schedule_name

_ROW = 0.62
"""Height of a row, in inches."""


def type_chart(drawn: Resamples, shares: Sequence[TypeShare]) -> list[Chart]:
    """Errors by type: the base, and each arm at the largest common size, under the first condition and schedule."""
    config = drawn.results.config
    lines = _first_view(drawn)
    rows = [share for share in shares if share.line in lines]
    if not rows:
        return []
    base_line = rows[0].line
    base = [share for share in rows if share.line == base_line]
    kinds = [share.type.value for share in sorted(base, key=lambda share: share.before.value)]
    styles = looks([*config.arms, *(line_name(config, line) for line in lines)])
    names = legend_names(config, lines)

    def draw(figure: Figure, theme: Theme) -> None:
        axes = figure.subplots()
        series = [(theme.ink, "*", "untrained base", [(s.type.value, s.before) for s in base])]
        for line in lines:
            look, name = styles[line_name(config, line)], line_name(config, line)
            mine = [(s.type.value, s.after) for s in rows if s.line == line]
            series.append((look.colour, look.marker, name, mine))
        for at, (colour, marker, name, mine) in enumerate(series):
            shift = 0.66 * (at / max(1, len(series) - 1) - 0.5)
            known = [(kinds.index(kind) - shift, found) for kind, found in mine if kind in kinds]
            _spread(axes, known, colour, marker, name)
        _rows(axes, kinds, "wrong claims per mention")
        legend(figure, axes)

    return [
        StudyChart(
            name="types",
            title="Errors by type, before and after",
            note=f"Wrong claims of each type per mention, {_circumstances(drawn, base_line)}, {rows[0].labels:,} "
            "labels, with 95 % intervals.",
            rows=rows,
            draw=draw,
            size=(6.6, 0.8 + max(_ROW, 0.14 * (len(lines) + 1)) * len(kinds) + legend_height(names, 6.6)),
        )
    ]


def scene_chart(drawn: Resamples, shares: Sequence[SceneShare]) -> list[Chart]:
    """Over-generalisation of the main arm, scene by scene, under the first condition and schedule."""
    main = main_arm(drawn.results.config)
    line = next((line for line in _first_view(drawn) if line.arm == main), None)
    rows = [share for share in shares if share.line == line]
    if line is None or not rows:
        return []
    scenes = [row.scene for row in sorted(rows, key=lambda row: (row.scene != "mean", row.inside_before.value))]

    def draw(figure: Figure, theme: Theme) -> None:
        axes = figure.subplots()
        series = [
            (theme.second, "s", "base, inside its scene", [(r.scene, r.inside_before) for r in rows], 0.24),
            (theme.second, "D", "base, elsewhere", [(r.scene, r.elsewhere_before) for r in rows], 0.08),
            (theme.first, "o", f"{line.arm}, inside its scene", [(r.scene, r.inside_after) for r in rows], -0.08),
            (theme.first, "^", f"{line.arm}, elsewhere", [(r.scene, r.elsewhere_after) for r in rows], -0.24),
        ]
        for colour, marker, name, mine, shift in series:
            _spread(axes, [(scenes.index(scene) + shift, found) for scene, found in mine], colour, marker, name)
        _rows(axes, [f"{s} over scenes" if s == "mean" else s for s in scenes], "invented share of mentions")
        legend(figure, axes)

    return [
        StudyChart(
            name="over_generalisation",
            title="Over-generalisation by scene, before and after",
            note="Of all mentions of a scene's typical objects, those that are nowhere in the picture: in pictures of "
            f"that scene and in others. {line.arm}, {_circumstances(drawn, line)}, {rows[0].labels:,} labels, 95 % "
            "intervals.",
            rows=rows,
            draw=draw,
            size=(6.6, 1.6 + _ROW * len(scenes)),
        )
    ]


def _first_view(drawn: Resamples) -> list[Line]:
    """The lines of the first condition under the first schedule."""
    lines = first_condition(drawn)
    return [line for line in lines if line.schedule == lines[0].schedule]


def _circumstances(drawn: Resamples, line: Line) -> str:
    config = drawn.results.config
    condition = f"condition {line.condition}, " if len(config.conditions) > 1 else ""
    return f"{condition}{schedule_name(config, line.schedule)}"


def _spread(axes: Axes, known: Sequence[tuple[float, Interval]], colour: str, marker: str, name: str) -> None:
    found = [each for _, each in known]
    axes.errorbar(
        [each.value for each in found],
        [y for y, _ in known],
        xerr=spread(found),
        color=colour,
        marker=marker,
        markersize=9 if marker == "*" else 5.5,
        linestyle="none",
        elinewidth=1.2,
        capsize=2,
        label=name,
    )


def _rows(axes: Axes, names: Sequence[str], title: str) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0, labelcolor=axes.title.get_color())
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlim(-0.015 * axes.get_xlim()[1], axes.get_xlim()[1])
    axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.set_xlabel(title)
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    for y in range(len(names) - 1):
        axes.axhline(y + 0.5, color=axes.spines["bottom"].get_edgecolor(), linewidth=0.5, alpha=0.35)
