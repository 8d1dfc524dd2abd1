"""`redraft schedule`: when the rounds of a run train, seen and changed while its loop runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from redraft.errors import ConfigError
from redraft.records import Schedule
from redraft.rounds import when_it_trains
from redraft.runs import RunFolder

console = Console()


def schedule(
    run: Annotated[Path, typer.Argument(help="Folder of a run, e.g. runs/quickstart.")],
    train_after: Annotated[
        str | None, typer.Option(metavar="N", help="Train once N new corrections are in; `never` takes it back.")
    ] = None,
    train_every: Annotated[
        str | None, typer.Option(metavar="MINUTES", help="Train once a round is so old; `never` takes it back.")
    ] = None,
    train_hours: Annotated[
        str | None, typer.Option(metavar="H-H", help="Begin training within these hours, UTC, as 22-6; or `any`.")
    ] = None,
    as_configured: Annotated[bool, typer.Option("--as-configured", help="Leave it to the config again.")] = False,
) -> None:
    """Show when the rounds of a run train, or change it; what is not named stays as it is.

    The loop heeds it from its next decision on. The page Monitor has a form for the same.
    """
    from redraft_ui.access.local import account

    folder = RunFolder.open(run)
    loop = folder.config().loop
    with folder.store() as store:
        given = {"after": train_after, "every": train_every, "hours": train_hours}
        if as_configured:
            if any(given.values()):
                raise ConfigError("--as-configured takes the whole schedule back: name no other option with it")
            store.set_schedule(None, actor=account())
        elif any(value is not None for value in given.values()):
            now = store.schedule() or loop.schedule()
            store.set_schedule(_changed(now, train_after, train_every, train_hours), actor=account())
        found = store.schedule()
    origin = "as the config says" if found is None else "as set since; the config's is back with --as-configured"
    console.print(f"{when_it_trains(loop.under(found))} ({origin})", markup=False, highlight=False, soft_wrap=True)


def _changed(now: Schedule, after: str | None, every: str | None, hours: str | None) -> Schedule:
    values: dict[str, Any] = now.model_dump()
    if after is not None:
        values["train_after"] = _unless("never", after, int, "--train-after", "a number of corrections, or never")
    if every is not None:
        values["train_every_minutes"] = _unless("never", every, float, "--train-every", "minutes, or never")
    if hours is not None:
        values["train_hours"] = _unless("any", hours, _hours, "--train-hours", "two hours such as 22-6, or any")
    try:
        return Schedule.model_validate(values)
    except ValidationError as e:
        wrong = e.errors()[0]
        raise ConfigError(f"{wrong['loc'][0]}: {wrong['msg'].removeprefix('Value error, ')}") from e


def _unless(word: str, text: str, read: Callable[[str], Any], option: str, wanted: str) -> Any:
    """What the text says; None where it is the word that takes the setting back."""
    if text == word:
        return None
    try:
        return read(text)
    except ValueError as e:
        raise ConfigError(f"{option} {text!r}: give {wanted}") from e


def _hours(text: str) -> tuple[int, int]:
    begin, end = text.split("-")
    return int(begin), int(end)
