"""`redraft export` and `redraft import`: corrections out of a run, and into one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from redraft.errors import ConfigError, DataError, RunError
from redraft.exchange import Checked, Importer, IncomingRows, Into, learning_round, select_answers
from redraft.records import MAIN_PROJECT, ProjectKind
from redraft.runs import RunFolder
from redraft.sources import BadRow, SourcePair
from redraft_actors.context import RunContext

SHOWN_BAD = 20

console = Console()

RunArgument = Annotated[Path, typer.Argument(help="Folder of a run, e.g. runs/quickstart.")]


class ExportFormat(StrEnum):
    """What comes out: a policy, or corrections in one of three formats."""

    CHECKPOINT = "checkpoint"
    RLHFV = "rlhfv"
    TRL = "trl"
    JSONL = "jsonl"


class ImportAs(StrEnum):
    """What imported pairs become."""

    CORRECTIONS = "corrections"
    TASKS = "tasks"


def export(
    run: RunArgument,
    out: Annotated[Path, typer.Argument(help="Folder to write; must not exist.")],
    format: Annotated[
        ExportFormat, typer.Option(help="checkpoint: a policy; else corrections, as parquet or JSON lines.")
    ] = ExportFormat.CHECKPOINT,
    policy: Annotated[
        str | None,
        typer.Option(help="Policy version; default: the promoted one. Of corrections: what it learned from."),
    ] = None,
    corrections: Annotated[
        bool, typer.Option(help="With checkpoint: write the corrections that made it as JSONL beside it.")
    ] = True,
    dataset: Annotated[str | None, typer.Option(help="Only the corrections of this dataset version.")] = None,
    project: Annotated[str | None, typer.Option(help="Only the corrections of this project.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="With jsonl: every answer ever given, with whether it stands.")
    ] = False,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Call annotators by numbers.")] = False,
) -> None:
    """Take a policy version, or people's corrections, out of a run.

    A checkpoint is a Hugging Face folder. Corrections are those that stand: a review takes the place of what it
    reviewed, reopened answers and those to gold tasks are left out. docs/data.md describes the formats.
    """
    from redraft_actors.exporting import export_data, export_policy

    folder = RunFolder.open(run)
    if format is ExportFormat.CHECKPOINT:
        _refuse_options(format, dataset=dataset, project=project, all=everything, anonymous=anonymous)
        _say(export_policy(folder, out, policy, corrections=corrections))
        return
    if everything and format is not ExportFormat.JSONL:
        raise ConfigError(f"--all needs --format jsonl: {format} holds nothing but corrected responses")
    store = folder.store()
    which = select_answers(store, policy=policy, dataset=dataset, project=project, everything=everything)
    with _bar("answers", store.count_answers(which)) as advance:
        count = export_data(folder, store, which, out, format, anonymous=anonymous, progress=advance)
    _say(f"Wrote {count} {'answers' if everything else 'corrections'} to {out}.")


def import_(
    run: RunArgument,
    path: Annotated[
        Path, typer.Argument(help="RLHF-V parquet, TRL parquet or JSONL, or JSONL with edits; a file or a folder.")
    ],
    project: Annotated[str, typer.Option(help="Project that they go to.")] = MAIN_PROJECT,
    annotator: Annotated[
        str | None, typer.Option(help="Whose corrections they are; default: as the data says, else import.")
    ] = None,
    become: Annotated[
        ImportAs,
        typer.Option("--as", help="corrections: to train on; tasks: the rejected texts, to be corrected here."),
    ] = ImportAs.CORRECTIONS,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out rows that cannot be used.")] = False,
) -> None:
    """Take other people's corrections into a run, for its next round to train on.

    All rows are looked at first, and those that cannot be used are listed; nothing is written unless all are good.
    What is there already is not taken again.
    """
    from redraft_ui.access.local import account

    opened = RunContext.open(run)
    _check_target(opened, project, annotator, become)
    rows = IncomingRows(path, max_pixels=opened.config.images.max_pixels)
    into = Into(project, learning_round(opened.store), annotator, as_tasks=become is ImportAs.TASKS)
    importer = Importer(
        opened.store,
        opened.blobs,
        into,
        max_pixels=opened.config.images.max_pixels,
        actor=account(),
        fits=_fits_policy(opened),
    )
    with _bar("checking", rows.rows) as advance:
        checked = importer.check(rows, advance)
    _tell(checked)
    if checked.bad_rows and not skip_bad:
        first = checked.bad[0]
        raise DataError(
            f"{checked.bad_rows} of {checked.good + checked.bad_rows} rows cannot be used, the first being "
            f"{first.where}: {first.reason}; mend them, or leave them out with --skip-bad"
        )
    with _bar("importing", rows.rows) as advance:
        done = importer.take(rows, advance)
    known = f", {done.known} were there already" if done.known else ""
    _say(f"Imported {done.added} {become} into project {project} of {run}{known}.")


def _check_target(run: RunContext, project: str, annotator: str | None, become: ImportAs) -> None:
    if run.store.project(project).kind is not ProjectKind.CORRECTION:
        raise RunError(f"project {project} is an evaluation, which takes no corrections: name another project")
    if annotator is not None and not (
        0 < len(annotator) <= 64 and annotator.isprintable() and annotator == annotator.strip()
    ):
        raise ConfigError("--annotator: a name has 1 to 64 printable characters and no spaces at its ends")
    if become is ImportAs.TASKS and run.config.annotate.by == "oracle":
        raise RunError(
            f"{run.folder.root} is corrected by oracles, which know the picture world alone: import tasks into a run "
            "with annotate.by=human"
        )


def _fits_policy(run: RunContext) -> Callable[[SourcePair], str | None]:
    """Why the run's policy cannot be trained on a pair: its tokenizer is asked, which all its descendants share."""
    from redraft.policy import load_policy
    from redraft.sources.checking import RowChecker

    policy = load_policy(run.first_policy_path(), weights=False)
    checker = RowChecker(policy, run.config.train, run.config.images.max_pixels)

    def fits(pair: SourcePair) -> str | None:
        checked = checker.check(pair)
        return checked.reason if isinstance(checked, BadRow) else None

    return fits


def _refuse_options(format: ExportFormat, **given: object) -> None:
    for name, value in given.items():
        if value:
            raise ConfigError(f"--{name} says which corrections are meant, and --format {format} writes a policy")


def _tell(checked: Checked) -> None:
    passed = f", {checked.passed_over} that do not stand or say nothing" if checked.passed_over else ""
    _say(f"{checked.good} rows are good, {checked.bad_rows} cannot be used{passed}.")
    for bad in checked.bad[:SHOWN_BAD]:
        _say(f"  index {bad.index}, {bad.where}: {bad.reason}")
    if checked.bad_rows > SHOWN_BAD:
        _say(f"  and {checked.bad_rows - SHOWN_BAD} more")


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
