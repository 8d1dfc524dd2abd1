"""The charts of doubt: which signals tell wrong from right, and whether the probe's chances come true."""

from __future__ import annotations

from matplotlib.figure import Figure

from redraft.claims import LexicalClaims
from redraft.report.calibration_rows import (
    DiscriminationRow,
    ReliabilityRow,
    discrimination_rows,
    reliability_rows,
)
from redraft.report.chart import Chart
from redraft.report.history import History
from redraft.report.style import Theme, percent_axis
from redraft.store import Store
from redraft.uncertainty.evaluating import AS_USED, CROSS_VALIDATED, LEVELS, CalibrationStudy, evaluate_run

_OFFSET = 0.14
_MARKERS = {"claim": "o", "response": "s"}


def calibration_charts(history: History, store: Store) -> list[Chart]:
    """Discrimination on the random arm, and reliability where there is a probe; none before anything is judged.

    None where a judge finds the claims either: a report asks nobody. `redraft study calibration` does.
    """
    if history.config.uncertainty.claims == "judge" or not history.corrections:
        return []
    answers, tasks = store.corrections(), history.tasks
    study = evaluate_run(history.folder.blobs(), answers, tasks, history.config, LexicalClaims())
    return [chart for chart in (_areas(study), _reliability(study)) if chart is not None]


def _areas(study: CalibrationStudy) -> Chart | None:
    rows = discrimination_rows(study)
    drawn = [row for row in rows if row.arm == "random" and row.auroc is not None]
    if not drawn:
        return None
    return Chart(
        name="uncertainty_auroc",
        title="Telling wrong from right: AUROC on the random arm",
        note=f"95 % bootstrap intervals over the responses; {study.random} responses of the random arm were judged. "
        "The probe is cross-validated over images; as used, it was fitted before these answers were given.",
        rows=rows,
        draw=lambda figure, theme: _draw_areas(figure, theme, drawn),
        size=(5.4, 4.2),
    )


def _draw_areas(figure: Figure, theme: Theme, rows: list[DiscriminationRow]) -> None:
    axes = figure.subplots()
    names = list(dict.fromkeys(row.signal for row in rows))[::-1]
    for level, colour, offset in ((LEVELS[0], theme.first, _OFFSET), (LEVELS[1], theme.second, -_OFFSET)):
        mine = [row for row in rows if row.level == level]
        values = [row.auroc or 0.0 for row in mine]
        spread = [
            [value - (row.auroc_low or 0.0) for value, row in zip(values, mine, strict=True)],
            [(row.auroc_high or 0.0) - value for value, row in zip(values, mine, strict=True)],
        ]
        places = [names.index(row.signal) + offset for row in mine]
        axes.errorbar(
            values, places, xerr=spread, color=colour, marker=_MARKERS[level], linestyle="", capsize=3, label=level
        )
    axes.axvline(0.5, color=theme.muted, linewidth=1)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0, 1)
    axes.grid(axis="x")
    axes.legend(frameon=False, loc="lower left")


def _reliability(study: CalibrationStudy) -> Chart | None:
    rows = reliability_rows(study)
    name = AS_USED if any(row.signal == AS_USED for row in rows) else CROSS_VALIDATED
    drawn = [row for row in rows if row.signal == name]
    if not drawn:
        return None
    errors = {row.level: row.error for row in drawn}
    said = ", ".join(f"{error:.3f} of {level}s" for level, error in errors.items())
    return Chart(
        name="uncertainty_reliability",
        title="Do the probe's chances come true?",
        note=f"Predicted chance of an error against the share that was wrong, random arm, {name}; on the line they "
        f"agree. Expected calibration error: {said}. Bins hold few of a small arm, which raises it.",
        rows=rows,
        draw=lambda figure, theme: _draw_reliability(figure, theme, drawn),
    )


def _draw_reliability(figure: Figure, theme: Theme, rows: list[ReliabilityRow]) -> None:
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=theme.muted, linewidth=1)
    for level, colour in ((LEVELS[0], theme.first), (LEVELS[1], theme.second)):
        mine = [row for row in rows if row.level == level]
        if not mine:
            continue
        shares = [row.observed for row in mine]
        spread = [[r.observed - r.observed_low for r in mine], [r.observed_high - r.observed for r in mine]]
        axes.errorbar(
            [row.predicted for row in mine],
            shares,
            yerr=spread,
            color=colour,
            marker=_MARKERS[level],
            capsize=3,
            label=f"{level}s",
        )
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.set_xlabel("predicted")
    percent_axis(axes, top=1.05)
    axes.legend(frameon=False, loc="upper left")
