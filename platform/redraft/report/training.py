"""The chart that tells whether preference training is going right: log-probabilities against the reference's."""

from __future__ import annotations

from statistics import fmean

from matplotlib.figure import Figure

from redraft.records import Record
from redraft.report.chart import Chart
from redraft.report.history import History
from redraft.report.style import Theme, end_labels
from redraft.report.wording import MINUS
from redraft.train.health import chosen_fell


class LogProbRow(Record):
    """One optimiser step; ``at`` counts steps over all rounds, both values are policy minus reference."""

    round: int
    step: int
    at: int
    chosen: float
    rejected: float


def training_charts(history: History) -> list[Chart]:
    """Chosen and rejected log-probabilities over all training so far; none before the first step."""
    rows = _rows(history)
    if not rows:
        return []
    fallen = [number for number, steps in history.steps.items() if chosen_fell(steps)]
    return [
        Chart(
            name="logprobs",
            title="Chosen and rejected log-probabilities",
            note="Policy minus reference, mean over each step's pairs; the reference is the policy that the round "
            "began with. Good training pulls the two apart without the chosen texts becoming less likely.",
            rows=rows,
            draw=lambda figure, theme: _draw(figure, theme, rows),
            size=(5.4, 3.9),
            alert=_alarm(fallen),
        )
    ]


def _alarm(rounds: list[int]) -> str:
    if not rounds:
        return ""
    where = ", ".join(str(number) for number in rounds)
    return (
        f"The chosen texts became less likely in round{'s' if len(rounds) > 1 else ''} {where}: lower the learning "
        "rate or the number of steps before trusting these policies."
    )


def _rows(history: History) -> list[LogProbRow]:
    rows: list[LogProbRow] = []
    for number, steps in sorted(history.steps.items()):
        for step in steps:
            rows.append(
                LogProbRow(
                    round=number,
                    step=step.step,
                    at=len(rows) + 1,
                    chosen=step.chosen_logp - step.chosen_reference_logp,
                    rejected=step.rejected_logp - step.rejected_reference_logp,
                )
            )
    return rows


def _draw(figure: Figure, theme: Theme, rows: list[LogProbRow]) -> None:
    axes = figure.subplots()
    axes.axhline(0, color=theme.muted, linewidth=1, linestyle=(0, (4, 3)))
    numbers = sorted({row.round for row in rows})
    for number in numbers:
        mine = [row for row in rows if row.round == number]
        at = [row.at for row in mine]
        axes.plot(at, [row.chosen for row in mine], color=theme.first)
        axes.plot(at, [row.rejected for row in mine], color=theme.second, linestyle=(0, (5, 1.5)))
        if number != numbers[0]:
            axes.axvline(at[0] - 0.5, color=theme.grid, linewidth=1.5)
        axes.text(
            fmean(at), 1.0, f"round {number}", transform=axes.get_xaxis_transform(), ha="center", color=theme.muted
        )
    ends = [("chosen", rows[-1].chosen, theme.first), ("rejected", rows[-1].rejected, theme.second)]
    end_labels(axes, rows[-1].at, ends, offset=6)
    axes.set_xlim(0.5, len(rows) + 0.5)
    axes.set_xlabel("optimiser step")
    axes.set_title(f"log-probability {MINUS} reference", pad=18)
    axes.grid(axis="y")
