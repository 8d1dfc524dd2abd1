"""`redraft eval leakage`: is an evaluation image in the training data?"""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from redraft.evaluate.leakage import NEAR
from redraft_actors.evalcli.showing import say

SHOWN = 50

console = Console()


def leakage(
    train: Annotated[
        list[Path],
        typer.Option("--train", help="A run (its pool), preference pairs, or a folder of images. Repeatable."),
    ],
    images: Annotated[Path, typer.Option("--images", help="Folder of the evaluation images.")],
    near: Annotated[
        int, typer.Option("--near", min=0, max=127, help="Bits of 256 up to which pictures count as near-duplicates.")
    ] = NEAR,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with every pair.")] = False,
) -> None:
    """Look for evaluation images among training images, by SHA-256 and by perceptual hash; exit code 1 if any is there.

    The perceptual hash survives scaling, compression, changes of tone, mirroring and slight crops. Unrelated pictures
    differ in about 128 of its 256 bits. Example:

    redraft eval leakage --train runs/photos --images coco/val2014
    """
    from redraft.evaluate.leakage import find_leaks
    from redraft.evaluate.pictures_seen import folder_pictures, training_pictures
    from redraft_actors.evalcli.asking import asking_bar

    streams = [training_pictures(path) for path in train]
    with asking_bar() as bar:
        task = bar.add_task("training images", total=None)

        def show(done: int) -> None:
            bar.update(task, completed=done)

        found = find_leaks(chain.from_iterable(streams), folder_pictures(images), near=near, progress=show)
    if as_json:
        console.print_json(found.model_dump_json())
    else:
        if found.leaks:
            table = Table("evaluation image", "training image", "how near")
            for leak in found.leaks[:SHOWN]:
                near_by = "the same file" if leak.same_bytes else f"{leak.distance} bits"
                table.add_row(
                    Text(leak.evaluation), Text(leak.training), near_by + (", mirrored" if leak.mirrored else "")
                )
            console.print(table)
            if len(found.leaks) > SHOWN:
                say(console, f"and {len(found.leaks) - SHOWN} more pairs; --json lists all.")
        say(console, f"{found.sentence()}.")
    if found.leaks:
        raise typer.Exit(1)
