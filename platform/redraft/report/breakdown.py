"""Charts of where the errors are: by hallucination type, and each scene's typical objects inside and elsewhere."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from redraft.records import Evaluation, HallucinationType, Record, SceneRate
from redraft.report.chart import Chart
from redraft.report.history import History
from redraft.report.style import Theme


class TypeRow(Record):
    """Errors of one type per mention; ``after`` is empty until a promotion has replaced the base."""

    type: HallucinationType
    before: float
    after: float | None


class SceneRow(Record):
    """How often mentions of a scene's typical objects are invented, inside the scene and elsewhere."""

    scene: str
    inside_before: float
    elsewhere_before: float
    inside_after: float | None
    elsewhere_after: float | None


def breakdown_charts(history: History) -> list[Chart]:
    """Errors by type and over-generalisation by scene; none before the base is evaluated."""
    before = history.measured(history.base.id) if history.base else None
    if before is None:
        return []
    pair = history.final_pair()
    after = pair[1] if pair else None
    charts = [_types(before, after)]
    if before.over_generalisation:
        charts.append(_scenes(before, after))
    return charts


def _types(before: Evaluation, after: Evaluation | None) -> Chart:
    rows = [
        TypeRow(type=kind, before=share, after=after.by_type.get(kind, 0.0) if after else None)
        for kind, share in before.by_type.items()
        if share or (after and after.by_type.get(kind))
    ] or [TypeRow(type=HallucinationType.OBJECT, before=0.0, after=0.0 if after else None)]
    rows.sort(key=lambda row: row.before)
    return Chart(
        name="types",
        title="Errors by type",
        note=f"Wrong claims per 100 mentions, test split{', base and policy in force' if after else ''}.",
        rows=rows,
        draw=lambda figure, theme: _draw_types(figure, theme, rows),
        size=(5.4, 1.3 + 0.5 * len(rows)),
    )


def _scenes(before: Evaluation, after: Evaluation | None) -> Chart:
    later: dict[str, SceneRate] = {rate.scene: rate for rate in after.over_generalisation} if after else {}
    rows = [
        SceneRow(
            scene=rate.scene,
            inside_before=rate.inside,
            elsewhere_before=rate.elsewhere,
            inside_after=later[rate.scene].inside if rate.scene in later else None,
            elsewhere_after=later[rate.scene].elsewhere if rate.scene in later else None,
        )
        for rate in before.over_generalisation
    ]
    rows.sort(key=lambda row: row.inside_before)
    return Chart(
        name="over_generalisation",
        title="Over-generalisation by scene",
        note="Share of the mentions of a scene's typical objects that are invented. Inside the scene the policy "
        "expects them; far more inventions there than elsewhere is over-generalisation.",
        rows=rows,
        draw=lambda figure, theme: _draw_scenes(figure, theme, rows),
        size=(5.4, 1.6 + 0.5 * len(rows)),
    )


def _draw_types(figure: Figure, theme: Theme, rows: list[TypeRow]) -> None:
    axes = figure.subplots()
    for y, row in enumerate(rows):
        _change(axes, theme, y, row.before, row.after)
    _finish(axes, [row.type.value for row in rows], max(max(row.before, row.after or 0) for row in rows))
    _legend(axes, theme, after=rows[0].after is not None, elsewhere=False)


def _draw_scenes(figure: Figure, theme: Theme, rows: list[SceneRow]) -> None:
    axes = figure.subplots()
    for y, row in enumerate(rows):
        _change(axes, theme, y, row.inside_before, row.inside_after)
        elsewhere = row.elsewhere_before if row.elsewhere_after is None else row.elsewhere_after
        axes.plot(elsewhere, y, marker="|", markersize=15, markeredgewidth=2, color=theme.third, zorder=2)
    top = max(max(row.inside_before, row.inside_after or 0, row.elsewhere_before) for row in rows)
    _finish(axes, [row.scene for row in rows], top)
    _legend(axes, theme, after=rows[0].inside_after is not None, elsewhere=True)


def _change(axes: Axes, theme: Theme, y: int, before: float, after: float | None) -> None:
    """An orange square at ``before`` and, if there is one, a blue disc at ``after``."""
    if after is not None:
        axes.plot([before, after], [y, y], color=theme.grid, linewidth=5, solid_capstyle="round", zorder=1)
        axes.plot(after, y, marker="o", markersize=8, color=theme.first, zorder=4)
    axes.plot(before, y, marker="s", markersize=8, color=theme.second, zorder=3)


def _finish(axes: Axes, names: list[str], top: float) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlim(0, 1.1 * top or 0.01)
    axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)


def _legend(axes: Axes, theme: Theme, *, after: bool, elsewhere: bool) -> None:
    where = " inside" if elsewhere else ""
    axes.plot([], [], "s", color=theme.second, label=f"base{where}")
    if after:
        axes.plot([], [], "o", color=theme.first, label=f"policy in force{where}")
    if elsewhere:
        label = "policy in force elsewhere" if after else "base elsewhere"
        axes.plot([], [], "|", markersize=13, markeredgewidth=2, color=theme.third, label=label)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=2,
        frameon=False,
        handletextpad=0.3,
        columnspacing=1.2,
        borderaxespad=0.2,
    )
