"""`redraft policies`: which versions there are, and what a person decides about them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from redraft.overrule import Decision, overrule
from redraft.records import Split
from redraft.runs import RunFolder

app = typer.Typer(no_args_is_help=True)

console = Console()

Run = Annotated[Path, typer.Argument(help="Folder of a run, e.g. runs/quickstart.")]
Id = Annotated[str, typer.Argument(help="Policy version, as `redraft policies list` names it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence; it is kept with the version.")]


@app.command("list")
def list_policies(run: Run) -> None:
    """Show every version with its standing, what was measured of it, and why it stands so."""
    with RunFolder.open(run).store() as store:
        policies = store.policies()
        tested = {e.policy: e.response_rate for e in store.evaluations() if e.split is Split.TEST}
    table = Table("version", "standing", "began from", "hallucination (test)")
    for policy in policies:
        rate = tested.get(policy.id)
        measured = f"{rate.value:.1%} [{rate.low:.1%}, {rate.high:.1%}]" if rate else ""
        table.add_row(*map(Text, (policy.id, policy.status, policy.parent or "", measured)))
    console.print(table)
    for policy in policies:
        for reason in policy.reasons:
            _say(f"{policy.id}: {reason}")


@app.command()
def promote(run: Run, id: Id, reason: Reason) -> None:
    """Put a candidate in the promoted version's place; the loop does not compare them any more."""
    _decide(run, id, Decision.PROMOTE, reason)


@app.command()
def reject(run: Run, id: Id, reason: Reason) -> None:
    """Keep a candidate from being promoted, whatever is measured of it."""
    _decide(run, id, Decision.REJECT, reason)


@app.command()
def rollback(run: Run, id: Id, reason: Reason) -> None:
    """Put an earlier version, or one that was rejected, in the promoted version's place."""
    _decide(run, id, Decision.ROLL_BACK, reason)


def _decide(run: Path, id: str, decision: Decision, reason: str) -> None:
    from redraft_ui.access.local import account

    folder = RunFolder.open(run)
    with folder.store() as store:
        policy = overrule(store, folder.blobs(), id, decision, reason, actor=account())
    told = "in force from the next step of the loop on" if decision is not Decision.REJECT else "it stays out of force"
    _say(f"{policy.id} is {policy.status} now: {told}.")


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
