"""`redraft eval`: every suite, and what is done with their results."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from redraft_actors.evalcli.amber import amber
from redraft_actors.evalcli.compare import compare
from redraft_actors.evalcli.leakage import leakage
from redraft_actors.evalcli.llava_bench import llava_bench
from redraft_actors.evalcli.mmhal import mmhal
from redraft_actors.evalcli.objhal import objhal
from redraft_actors.evalcli.pope import pope
from redraft_actors.evalcli.vqav2 import vqav2
from redraft_actors.evalcli.world import world

app = typer.Typer(
    no_args_is_help=True,
    help="Measure a policy with published suites, compare two, check for leakage.\n\n"
    "A suite scores answers from a file (--answers), or asks a checkpoint (--policy) or a server (--endpoint) about "
    "the pictures in --images. With --out it keeps result.json, scores.parquet and answers.jsonl, goes on after an "
    "interruption, and can be compared:\n\n"
    "redraft eval world builtin:tiny --count 300 --out results/base\n\n"
    "redraft eval compare results/base results/corrected",
)

console = Console()


@app.command()
def suites() -> None:
    """List the suites: what each measures, and where to get its data."""
    from redraft.evaluate.catalogue import SUITES

    table = Table(show_lines=True)
    for heading in ("redraft eval", "measures", "data"):
        table.add_column(heading, overflow="fold")
    for suite in SUITES:
        table.add_row(Text(suite.name), Text(suite.measures), Text(suite.data))
    console.print(table)


for command in (objhal, mmhal, llava_bench, pope, amber, vqav2, world, compare, leakage):
    app.command()(command)
