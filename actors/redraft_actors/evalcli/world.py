"""`redraft eval world`: the picture world as a suite, which needs no data."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from redraft.records import Split
from redraft_actors.evalcli.running import (
    AnswersOption,
    BatchOption,
    BootstrapOption,
    DtypeOption,
    JsonOption,
    Keep,
    NameOption,
    OutOption,
    SeedOption,
    TokensOption,
    run_suite,
)

console = Console()


def world(
    policy: Annotated[
        str | None, typer.Argument(help="Checkpoint folder, or builtin:tiny; leave it out with --answers.")
    ] = None,
    split: Annotated[Split, typer.Option("--split", help="Tune nothing on test.")] = Split.DEV,
    count: Annotated[int, typer.Option("--count", min=1, help="Pictures described.")] = 1000,
    world_seed: Annotated[int, typer.Option("--world-seed", min=0, help="Seed of the pictures.")] = 0,
    answers: AnswersOption = None,
    max_new_tokens: TokensOption = 160,
    batch_size: BatchOption = 100,
    dtype: DtypeOption = "float32",
    out: OutOption = None,
    name: NameOption = None,
    json: JsonOption = False,
    bootstrap: BootstrapOption = 2000,
    seed: SeedOption = 0,
) -> None:
    """Measure a policy's greedy descriptions of the picture world against its exact truth.

    The same descriptions as `redraft world quality` reads, kept item by item so that two policies can be compared.
    Example:

    redraft eval world builtin:tiny --count 300 --out results/base
    """
    from redraft.evaluate.world_suite import WorldPictures, WorldSuite
    from redraft_actors.evalcli.asking import AnswerSource

    suite = WorldSuite(split, count, world_seed)
    source = AnswerSource(
        answers=answers, policy=policy, max_new_tokens=max_new_tokens, batch_size=batch_size, dtype=dtype
    )
    run_suite(suite, source, Keep(out, name, json, bootstrap, seed), console, pictures=WorldPictures())
