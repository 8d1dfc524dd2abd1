"""The chart that sets routing against chance: how often each arm's responses were found wrong."""

from __future__ import annotations

from matplotlib.figure import Figure

from redraft.records import Arm
from redraft.report.chart import Chart
from redraft.report.history import History
from redraft.report.people import ArmRow, arm_rows
from redraft.report.style import Theme, end_labels, percent_axis

_OFFSET = 0.09


def arm_charts(history: History) -> list[Chart]:
    """Found wrong by arm and round; none before the first response is judged."""
    rows = arm_rows(history)
    if not rows:
        return []
    return [
        Chart(
            name="arms",
            title="Found wrong: uncertain against random",
            note="Share of judged responses that needed a correction, 95 % intervals. The random arm is an unbiased "
            f"estimate for sampled responses (temperature {history.config.sample.temperature:g}); the gap is what "
            "routing by uncertainty buys.",
            rows=rows,
            draw=lambda figure, theme: _draw(figure, theme, rows),
        )
    ]


def _draw(figure: Figure, theme: Theme, rows: list[ArmRow]) -> None:
    axes = figure.subplots()
    numbers = sorted({row.round for row in rows})
    axes.set_xticks(numbers, [f"round {number}" for number in numbers])
    axes.set_xlim(numbers[0] - 0.4, numbers[-1] + 0.4)
    percent_axis(axes, top=1.05)
    looks = {Arm.UNCERTAIN: (theme.second, "s", -_OFFSET), Arm.RANDOM: (theme.first, "o", _OFFSET)}
    ends = []
    for arm, (colour, marker, offset) in looks.items():
        mine = [row for row in rows if row.arm is arm]
        if not mine:
            continue
        at = [row.round + offset for row in mine]
        errors = [[row.rate - row.low for row in mine], [row.high - row.rate for row in mine]]
        axes.errorbar(at, [row.rate for row in mine], yerr=errors, color=colour, marker=marker, markersize=7, capsize=3)
        ends.append((f"{arm.value} arm", mine[-1].rate, colour))
    end_labels(axes, numbers[-1] + _OFFSET, ends, offset=9)
