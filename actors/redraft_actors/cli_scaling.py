"""`redraft study`: experiments about labels and training on the picture world."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from redraft.config import Config
from redraft.evaluate.effects import Effect
from redraft.scaling.config import load_study
from redraft.scaling.design import StudyConfig
from redraft.scaling.packing import pack, take_over
from redraft.scaling.search import Choice
from redraft_actors import cli_calibration, cli_routing

app = typer.Typer(no_args_is_help=True)
app.command("calibration")(cli_calibration.calibration)
app.command("routing")(cli_routing.routing)
console = Console()


@app.command()
def scaling(
    config: Annotated[Path, typer.Argument(help="YAML file; see configs/studies/.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the study; default runs/studies/NAME.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="One base, two seeds, three sizes, fewer trials: about eight minutes.")
    ] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a core.")] = None,
    reuse: Annotated[
        list[Path] | None, typer.Option(help="Folder or cells.zip of another study that may serve; repeatable.")
    ] = None,
    report_only: Annotated[
        bool, typer.Option("--report-only", help="Write the report of what is done, and run nothing.")
    ] = False,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=C", help="Override one value; may be repeated.")
    ] = None,
) -> None:
    """Train on more and more labels of several kinds, and report how hallucination falls with each.

    A study that was stopped goes on where it was; a changed config runs what the change touches.
    """
    study = load_study(config, sets or [])
    study = study.quick() if quick else study
    folder = out or Path("runs/studies") / (f"{study.name}-quick" if quick else study.name)
    folder.mkdir(parents=True, exist_ok=True)
    for other in reuse or []:
        take_over(other, folder)
    if not report_only:
        _run(study, folder, workers or len(os.sched_getaffinity(0)))
    _report(study, folder)


@app.command()
def correction(
    run: Annotated[Path, typer.Argument(help="Folder of a run that has promoted a policy.")],
    id: Annotated[str | None, typer.Argument(help="One correction; default: all of the run.")] = None,
    most: Annotated[int, typer.Option(min=1, help="Corrections of a dataset that stand for it.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw and of the intervals.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list instead of a table.")] = False,
) -> None:
    """Show what corrections did: how much likelier their words became, policy by policy along the lineage."""
    from redraft_actors.context import RunContext
    from redraft_actors.effects import effects_of

    opened = RunContext.open(run)
    with console.status("scoring the corrections") as status:
        found = effects_of(
            opened, correction=id, most=most, seed=seed, tell=lambda policy: status.update(f"scoring under {policy}")
        )
    if as_json:
        typer.echo(TypeAdapter(list[Effect]).dump_json(found).decode())
        return
    table = Table(title="Change against the policy that wrote the texts, nats per token", title_justify="left")
    for heading in ("dataset", "policy", "trained on it", "corrections", "lean to the corrected words"):
        table.add_column(heading)
    for heading in ("corrected", "replaced", "kept"):
        table.add_column(heading, justify="right")
    for one in found:
        lean = f"{one.lean.value:+.2f} ({one.lean.low:+.2f} to {one.lean.high:+.2f})"
        sides = (f"{value:+.2f}" for value in (one.chosen, one.rejected, one.unchanged))
        trained = "yes" if one.trained else "no"
        table.add_row(one.dataset[:12], one.policy, trained, str(one.corrections), lean, *sides)
    console.print(table)


def _run(study: StudyConfig, folder: Path, workers: int) -> None:
    from redraft_actors.cluster import ray_cluster
    from redraft_actors.studying import run_study

    settings = Config.model_validate(
        {"ray": {"cpus": workers}, "serve": {"enabled": False}, "name": "study"},
    )
    with ray_cluster(settings), bars() as watch:
        _, choices = run_study(study, folder, workers, watch)
    if choices:
        console.print(_choices_table(choices))


def _report(study: StudyConfig, folder: Path) -> None:
    from redraft.report.study import write_study
    from redraft_actors.studying import results_so_far, trials_done

    results, total = results_so_far(study, folder)
    if not results:
        console.print("Nothing of the grid is done yet.")
        return
    write_study(study, results, folder, cells=total)
    pack(folder, [*trials_done(study, folder), *(result.cell.id(study) for result in results)])
    console.print(f"{len(results)} of {total} cells: {folder / 'report.html'}", soft_wrap=True, highlight=False)


@contextmanager
def bars() -> Iterator[Bars]:
    """Progress bars on the terminal, for as long as a study runs."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        yield Bars(bar)


class Bars:
    """A progress bar for each stage."""

    def __init__(self, bar: Progress) -> None:
        self.bar = bar
        self.task: TaskID | None = None

    def stage(self, name: str, total: int, done: int) -> None:
        """A new bar."""
        self.task = self.bar.add_task(name, total=total, completed=done)

    def finished(self) -> None:
        """One step further."""
        if self.task is not None:
            self.bar.advance(self.task)


def _choices_table(choices: list[Choice]) -> Table:
    table = Table(
        "arm", "learning rate", "beta", "normalised", "dev: with an error", "recall", "tried", title="Recipes"
    )
    for choice in choices:
        recipe = choice.recipe
        table.add_row(
            choice.arm,
            f"{recipe.learning_rate:g}",
            "" if recipe.beta is None else f"{recipe.beta:g}",
            "" if recipe.normalise is None else str(recipe.normalise).lower(),
            f"{choice.response_rate:.1%}",
            f"{choice.recall:.3f}",
            str(choice.tried),
        )
    return table
