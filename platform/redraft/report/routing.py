"""The routing study for people: ``summary.md``, two charts and ``rounds.csv``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from redraft.report.study.palette import StudyChart, legend, looks
from redraft.report.style import Theme, percent_axis
from redraft.report.wording import count
from redraft.routing_study.analysis import Cost, Needed, Point, RoutingAnalysis, analyse
from redraft.routing_study.design import RoutingStudyConfig
from redraft.routing_study.rows import WalkResult, write_rows
from redraft.scaling.targets import Bounded

_COSTS: dict[Cost, str] = {"tasks": "responses read", "minutes": "minutes", "corrections": "corrections"}


def write_routing_study(
    config: RoutingStudyConfig, results: Sequence[WalkResult], planned: int, out: Path
) -> RoutingAnalysis:
    """Write the report of what is done.

    Raises:
        DataError: no seed was walked with every strategy yet.
    """
    analysis = analyse(config, results, planned)
    write_rows(results, out / "rounds.csv")
    for chart in (_curves(config, analysis), _hits(config, analysis)):
        (out / f"{chart.name}.png").write_bytes(chart.drawing.png)
    (out / "summary.md").write_text(markdown(config, analysis), encoding="utf-8")
    return analysis


def markdown(config: RoutingStudyConfig, analysis: RoutingAnalysis) -> str:
    """The whole document."""
    done = f"{analysis.walks} of {analysis.planned} walks" if analysis.walks < analysis.planned else "All walks"
    drawn = f"{100 * config.route.random_share:g} % of them drawn at random"
    head = (
        f"{done}: {count(len(config.bases), 'base')}, {count(len(config.seeds), 'seed')}, {config.rounds} rounds of "
        f"{config.route.budget} tasks out of {config.pictures} sampled pictures, {drawn}, {config.test_images:,} test "
        "pictures. 95 % intervals over bases, seeds and pictures, paired."
    )
    parts = [f"## {config.title}", head, *(_needed_table(analysis, cost) for cost in _COSTS)]
    parts += [_curve_table(config, analysis), _hits_table(config, analysis), _arm(analysis)]
    return "\n\n".join(parts) + "\n"


def _needed_table(analysis: RoutingAnalysis, cost: Cost) -> str:
    rows = [row for row in analysis.needed if row.cost == cost]
    lines = [
        f"**What it takes, in {_COSTS[cost]}**",
        "",
        "| rate | strategy | needed | random takes |",
        "|---|---|--:|--:|",
    ]
    lines += [f"| {100 * row.target:g} % | `{row.strategy}` | {amount(row.needed)} | {times(row)} |" for row in rows]
    return "\n".join(lines)


def _curve_table(config: RoutingStudyConfig, analysis: RoutingAnalysis) -> str:
    lines = ["**Test descriptions with an error (recall)**", "", f"| round | {_names(config)} |", _ruler(config)]
    for number in range(config.rounds + 1):
        here = [point for point in analysis.points if point.round == number]
        cells = (f"{_percent(p.response_rate.value)} ({_range(p)}; {p.recall.value:.3f})" for p in here)
        lines.append(f"| {number} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _hits_table(config: RoutingStudyConfig, analysis: RoutingAnalysis) -> str:
    caption = "**Share of a round's tasks that were corrected (corrections so far)**"
    lines = [caption, "", f"| round | {_names(config)} |", _ruler(config)]
    for number in range(1, config.rounds + 1):
        here = [point for point in analysis.points if point.round == number]
        lines.append(f"| {number} | {' | '.join(f'{100 * p.hits:.0f} % ({p.corrections:.0f})' for p in here)} |")
    return "\n".join(lines)


def _arm(analysis: RoutingAnalysis) -> str:
    arm = analysis.random_arm
    bias = arm.bias
    return (
        f"The random arm's 95 % interval held the share of all sampled responses that needed a correction in "
        f"{arm.covered} of {arm.rounds} rounds; estimate minus truth is {100 * bias.value:+.1f} points on average "
        f"({100 * bias.low:+.1f} to {100 * bias.high:+.1f})."
    )


def _names(config: RoutingStudyConfig) -> str:
    return " | ".join(f"`{strategy}`" for strategy in config.strategies)


def _ruler(config: RoutingStudyConfig) -> str:
    return "|---|" + "--:|" * len(config.strategies)


def amount(found: Bounded) -> str:
    """What is needed, with its interval."""
    ends = f"{found.low:.0f} to {found.high:.0f}" if found.high is not None else f"from {found.low:.0f} upwards"
    if found.measured:
        return f"{found.at_least:.0f} ({ends})"
    bound = f"more than {found.at_least:.0f}" if found.at_most is None else f"at most {found.at_most:.0f}"
    return f"{bound} ({ends})"


def times(row: Needed) -> str:
    """How many times as much random routing needs; nothing for itself."""
    found = row.random_over
    if found is None:
        return ""
    ends = f"{found.low:.2f} to {found.high:.2f}" if found.high is not None else f"from {found.low:.2f} upwards"
    if found.measured:
        return f"{found.at_least:.2f} times as many ({ends})"
    bound = (
        f"more than {found.at_least:.2f}" if found.at_most is None else f"{found.at_least:.2f} to {found.at_most:.2f}"
    )
    return f"{bound} times as many ({ends})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _range(point: Point) -> str:
    return f"{100 * point.response_rate.low:.1f} to {100 * point.response_rate.high:.1f}"


def _curves(config: RoutingStudyConfig, analysis: RoutingAnalysis) -> StudyChart:
    def draw(figure: Figure, theme: Theme) -> None:
        panels = figure.subplots(1, 2, sharey=True)
        for axes, cost in zip(panels, ("tasks", "minutes"), strict=True):
            _lines(axes, config, analysis, cost)
            axes.axhline(config.targets[0], color=theme.muted, linewidth=1, linestyle=(0, (2, 2)))
            axes.set_xlabel(_COSTS["tasks" if cost == "tasks" else "minutes"])
        percent_axis(panels[0])
        panels[0].set_ylabel("test descriptions with an error")
        legend(figure, panels[0])

    return StudyChart(
        name="curves", title=config.title, note="", rows=list(analysis.points), draw=draw, size=(9.6, 4.4)
    )


def _lines(axes: Axes, config: RoutingStudyConfig, analysis: RoutingAnalysis, cost: str) -> None:
    for name, look in looks(config.strategies).items():
        mine = [point for point in analysis.points if point.strategy == name]
        spent = [getattr(point, cost) for point in mine]
        rates = [point.response_rate for point in mine]
        axes.fill_between(spent, [r.low for r in rates], [r.high for r in rates], color=look.colour, alpha=0.12, lw=0)
        axes.plot(
            spent, [r.value for r in rates], color=look.colour, marker=look.marker, ms=5, ls=look.dash, label=name
        )
    axes.grid(True, axis="y")


def _hits(config: RoutingStudyConfig, analysis: RoutingAnalysis) -> StudyChart:
    def draw(figure: Figure, theme: Theme) -> None:
        axes = figure.subplots()
        for name, look in looks(config.strategies).items():
            mine = [point for point in analysis.points if point.strategy == name and point.round]
            axes.plot(
                [p.round for p in mine], [p.hits for p in mine], color=look.colour, marker=look.marker, label=name
            )
        percent_axis(axes, top=1.0)
        axes.set_xlabel("round")
        axes.set_ylabel("tasks that were corrected")
        legend(figure, axes)

    return StudyChart(
        name="hits", title="What annotators were asked for nothing", note="", rows=list(analysis.points), draw=draw
    )
