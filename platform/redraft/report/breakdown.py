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
        size=(5.4, 1.2 + 0.46 * len(rows)),
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
        "expects them: far more inventions there than elsewhere is over-generalisation.",
        rows=rows,
        draw=lambda figure, theme: _draw_scenes(figure, theme, rows),
        size=(5.4, 1.4 + 0.46 * len(rows)),
    )


def _draw_types(figure: Figure, theme: Theme, rows: list[TypeRow]) -> None:
    axes = figure.subplots()
    for y, row in enumerate(rows):
        _change(axes, theme, y, row.before, row.after)
    _finish(axes, [row.type.value for row in rows], max(max(row.before, row.after or 0) for row in rows))
    _legend(axes, theme, [("base", "policy in force")], after=rows[0].after is not None)


def _draw_scenes(figure: Figure, theme: Theme, rows: list[SceneRow]) -> None:
    axes = figure.subplots()
    for y, row in enumerate(rows):
        _change(axes, theme, y, row.inside_before, row.inside_after)
        _mark(axes, theme.second, "s", row.elsewhere_before, y, hollow=theme.paper)
        if row.elsewhere_after is not None:
            _mark(axes, theme.first, "o", row.elsewhere_after, y, hollow=theme.paper)
    top = max(max(r.inside_before, r.inside_after or 0, r.elsewhere_before, r.elsewhere_after or 0) for r in rows)
    _finish(axes, [row.scene for row in rows], top)
    labels = [("base, inside", "in force, inside"), ("base, elsewhere", "in force, elsewhere")]
    _legend(axes, theme, labels, after=rows[0].inside_after is not None)


def _change(axes: Axes, theme: Theme, y: int, before: float, after: float | None) -> None:
    """A square at ``before`` and, if there is one, a disc at ``after``, joined."""
    if after is not None:
        axes.plot([before, after], [y, y], color=theme.grid, linewidth=5, solid_capstyle="round", zorder=1)
        _mark(axes, theme.first, "o", after, y)
    _mark(axes, theme.second, "s", before, y)


def _mark(axes: Axes, colour: str, marker: str, share: float, y: int, *, hollow: str | None = None) -> None:
    axes.plot(
        share,
        y,
        marker=marker,
        markersize=7 if hollow else 8,
        markerfacecolor=hollow or colour,
        markeredgecolor=colour,
        markeredgewidth=1.6,
        clip_on=False,
        zorder=3 if hollow else 4,
    )


def _finish(axes: Axes, names: list[str], top: float) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0, labelcolor=axes.title.get_color())
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlim(-0.02 * top, 1.08 * top or 0.01)
    axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)


def _legend(axes: Axes, theme: Theme, labels: list[tuple[str, str]], *, after: bool) -> None:
    """One column for each pair of labels, filled marks first, then hollow ones."""
    for column, (before_label, after_label) in enumerate(labels):
        face = theme.paper if column else None
        axes.plot([], [], "s", markeredgewidth=1.6, color=theme.second, markerfacecolor=face, label=before_label)
        if after:
            axes.plot([], [], "o", markeredgewidth=1.6, color=theme.first, markerfacecolor=face, label=after_label)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=2,
        frameon=False,
        handletextpad=0.3,
        columnspacing=1.2,
        borderaxespad=0.2,
    )
