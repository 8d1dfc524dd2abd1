"""`redraft study calibration`: whether the policy's doubts are right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from redraft.errors import ConfigError
from redraft.records import Interval
from redraft.runs import RunFolder

if TYPE_CHECKING:
    from redraft.uncertainty.evaluating import CalibrationStudy

console = Console()


def calibration(
    run: Annotated[Path, typer.Argument(help="Folder of a run in which responses were judged.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a row a signal, level and arm as CSV.")] = False,
) -> None:
    """Measure which signals tell wrong from right, and whether the probe's chances come true."""
    from redraft.judged_claims import open_claims
    from redraft.report.calibration_rows import discrimination_rows
    from redraft.report.chart import csv_text
    from redraft.uncertainty.evaluating import evaluate_run

    if as_json and as_csv:
        raise ConfigError("--json and --csv exclude each other: choose one")
    folder = RunFolder.open(run)
    config = folder.config()
    with folder.store() as store:
        answers, tasks = store.corrections(), store.tasks()
    study = evaluate_run(folder.blobs(), answers, tasks, config, open_claims(config.uncertainty))
    if as_json:
        typer.echo(study.model_dump_json(indent=2))
    elif not study.responses:
        _say("Nobody has judged a response that this run sampled yet.")
    elif as_csv:
        typer.echo(csv_text(discrimination_rows(study)), nl=False)
    else:
        _show(study)


def _show(study: CalibrationStudy) -> None:
    sources = ", ".join(f"{count} {source}" for source, count in study.sources.items())
    _say(f"{study.responses} judged responses, {study.random} of the random arm; {study.claims} claims: {sources}.")
    for arm in ("random", "all"):
        table = Table(title="random arm" if arm == "random" else "both arms", title_justify="left")
        for heading in ("signal", "level"):
            table.add_column(heading)
        for heading in ("wrong of", "AUROC", "average precision"):
            table.add_column(heading, justify="right")
        for one in study.discrimination:
            if one.arm == arm:
                counts = f"{one.wrong} of {one.count}"
                table.add_row(one.signal, one.level, counts, _figure(one.auroc), _figure(one.average_precision))
        console.print(table)
    for found in study.reliability:
        _say(f"{found.signal}, {found.level}s of the random arm: expected calibration error {found.error:.3f}.")
    if not study.reliability:
        _say("There are too few answers for a probe yet; uncertainty.probe_from says how many it takes.")


def _figure(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval.value:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
