"""`redraft backup` and `redraft restore`: a run onto another disk, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from redraft.runs import RunFolder

console = Console()


def backup(
    run: Annotated[Path, typer.Argument(help="Folder of a run, e.g. runs/quickstart.")],
    out: Annotated[Path, typer.Argument(help="Folder to write; must not exist, or be empty.")],
    blobs: Annotated[
        bool, typer.Option("--blobs", help="Copy images, samples, datasets and checkpoints, too; else they are listed.")
    ] = False,
) -> None:
    """Write a run's whole database, its config and its logs into a folder; work may go on meanwhile.

    Keep it as secret as the database. docs/backup.md says what is in it.
    """
    from redraft.backup import take_backup

    taken = take_backup(RunFolder.open(run), out, blobs=blobs, bar=_bar)
    size = f"{taken.blobs.count} blobs ({taken.blobs.bytes / 2**30:.2f} GiB)"
    _say(f"Wrote {taken.rows} rows of {len(taken.tables)} tables to {out}.")
    _say(f"It holds {size}, too." if blobs else f"It lists {size}, which stay where they are; --blobs copies them.")


def restore(
    backup: Annotated[Path, typer.Argument(help="Folder that `redraft backup` wrote.")],
    run: Annotated[Path, typer.Argument(help="Run folder to make; must not exist, or be empty.")],
    database: Annotated[
        str | None, typer.Option(help="URL of an empty database; default: as the run's config says.")
    ] = None,
    blobs: Annotated[
        str | None, typer.Option(help="Blob store to fill, or that holds the blobs; default: as the run's config says.")
    ] = None,
    trust_blobs: Annotated[
        bool, typer.Option("--trust-blobs", help="Do not read the blobs that the store has already.")
    ] = False,
) -> None:
    """Make a run of a backup, in an empty database of either kind; on an error, nothing of it is left."""
    from redraft.backup import Target, restore_backup

    target = Target(run=run, database=database, blobs=blobs)
    restored = restore_backup(backup, target, compared=not trust_blobs, bar=_bar)
    manifest = restored.manifest
    _say(f"Restored {manifest.rows} rows of {len(manifest.tables)} tables into {restored.database}.")
    what = "Blobs put into" if manifest.blobs.included else "Blobs found in"
    _say(f"{what} {restored.blobs}: {manifest.blobs.count}.")
    _say(f"The run is {run}; see where it stands with: redraft status {run}")


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
