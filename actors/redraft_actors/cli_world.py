"""`redraft world`: look at the picture world, rebuild its base policy, measure a policy on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from redraft import world
from redraft.errors import ConfigError, ResourceError
from redraft.records import Split
from redraft.world.contact_sheet import contact_sheet
from redraft.world.language import Form

app = typer.Typer(no_args_is_help=True)


@app.command()
def show(
    out: Annotated[Path, typer.Option(help="PNG file to write.")],
    split: Annotated[Split, typer.Option(help="pool, dev or test.")] = Split.DEV,
    count: Annotated[int, typer.Option(min=1, max=400, help="How many pictures.")] = 16,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the pictures.")] = 0,
) -> None:
    """Draw the first pictures of a split on one sheet, and print what is in them."""
    scenes = [world.scene_at(seed, split, index) for index in range(count)]
    try:
        contact_sheet(scenes).save(out, "PNG")
    except OSError as e:
        raise ResourceError(f"cannot write {out}: {e.strerror or e}. Name a PNG file in a folder that exists.") from e
    for index, scene in enumerate(scenes):
        typer.echo(f"{world.origin(seed, split, index)}  {world.true_description(scene)}")


@app.command("train-base")
def train_base(
    out: Annotated[Path, typer.Argument(help="Folder to write; gets clean/ and base/, or base/ alone.")],
    seed: Annotated[int, typer.Option(min=0)] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Threads of torch.")] = 2,
    sight: Annotated[
        str | None, typer.Option(help="Take the vision tower of this policy (builtin:tiny, or a folder).")
    ] = None,
    careless_from_start: Annotated[
        bool, typer.Option("--careless-from-start", help="Never show it a truthful text: a deeper flaw, no twin.")
    ] = False,
    long: Annotated[
        str | None,
        typer.Option(help="Go on from this policy (builtin:tiny, or a folder) to long descriptions with a recap."),
    ] = None,
) -> None:
    """Rebuild the base policy and its truthful twin from nothing; under twenty minutes on two cores."""
    from redraft.checkpoints import resolve_policy_path
    from redraft.world.train_base import train_base as rebuild
    from redraft.world.train_long import train_long

    if long is not None and (sight is not None or careless_from_start):
        raise ConfigError("--long goes on from a whole policy: leave out --sight and --careless-from-start")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise ResourceError(f"cannot write to {out}: {e.strerror}. Name a folder that can be made.") from e
    if long is not None:
        train_long(out, resolve_policy_path(long), seed, threads, typer.echo)
        return
    tower = resolve_policy_path(sight) if sight is not None else None
    rebuild(out, seed, threads, typer.echo, sight=tower, careless_from_start=careless_from_start)


@app.command()
def quality(
    policy: Annotated[str, typer.Argument(help="Checkpoint folder, or builtin:tiny.")],
    images: Annotated[int, typer.Option(min=1, help="Pictures described, and as many questions asked.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the pictures.")] = 0,
    split: Annotated[Split, typer.Option(help="Tune nothing on test.")] = Split.DEV,
    form: Annotated[Form, typer.Option(help="Of the descriptions: short or long.")] = "short",
) -> None:
    """Measure a policy's greedy descriptions and answers against the truth, with standard errors."""
    from redraft.world.quality import measure

    typer.echo(f"| {policy} on {images} pictures of {split} | |\n|---|---|")
    typer.echo(measure(policy, images, seed, split, form).table())
