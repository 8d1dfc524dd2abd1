"""`redraft eval compare`: two policies on one suite, or two versions of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from redraft.records import Split
from redraft_actors.evalcli.running import BootstrapOption, JsonOption, SeedOption
from redraft_actors.evalcli.showing import show_comparison

if TYPE_CHECKING:
    from redraft.evaluate.comparing import Comparison

console = Console()


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="Result folder of the first; with --run a policy version.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The same of the second, which is compared to the first.")],
    run: Annotated[
        Path | None, typer.Option("--run", help="Compare two policy versions by the run's own evaluations.")
    ] = None,
    split: Annotated[Split, typer.Option("--split", help="With --run: dev or test.")] = Split.TEST,
    json: JsonOption = False,
    bootstrap: BootstrapOption = 2000,
    seed: SeedOption = 0,
) -> None:
    """Say how B differs from A in every figure, and which differences the data support.

    Both must have been measured on the same data in the same way. Images are resampled for both together, so what makes
    an image hard for both cancels out. Examples:

    redraft eval compare results/base results/corrected

    redraft eval compare --run runs/quickstart r00-base r03-4f1c
    """
    if run is not None:
        found = compare_versions(run, a, b, split, bootstrap=bootstrap, seed=seed)
    else:
        from redraft.evaluate.catalogue import listed
        from redraft.evaluate.comparing import compare_results, require_comparable
        from redraft.evaluate.results import read_results

        first, second = read_results(Path(a)), read_results(Path(b))
        require_comparable(first.result, second.result)
        figures = listed(first.result.suite).figures([figure.name for figure in first.result.figures])
        found = compare_results(first, second, figures, bootstrap=bootstrap, seed=seed)
    if json:
        console.print_json(found.model_dump_json())
    else:
        show_comparison(found, console)


def compare_versions(run: Path, a: str, b: str, split: Split, *, bootstrap: int, seed: int) -> Comparison:
    """Two policy versions of a run by their descriptions of one held-out split.

    Raises:
        RunError: ``run`` is none, or a version was not evaluated on that split.
        DataError: the two described no image in common.
    """
    from redraft.errors import RunError
    from redraft.evaluate.comparing import compare_scores
    from redraft.evaluate.outcomes import read_outcomes
    from redraft.evaluate.world_suite import COLUMNS, FIGURES, scores_of
    from redraft.runs import RunFolder

    folder = RunFolder.open(run)
    with folder.store() as store:
        measured = {e.policy: e.blob for e in store.evaluations() if e.split == split}
    if absent := [name for name in (a, b) if name not in measured]:
        raise RunError(
            f"{absent[0]} was not evaluated on the {split} split of {run}: there are {', '.join(measured) or 'none'}"
        )
    blobs = folder.blobs()
    first, second = (scores_of(read_outcomes(blobs.get(measured[name]))) for name in (a, b))
    about = f"{split} split of {run}"
    return compare_scores(first, second, COLUMNS, FIGURES, names=(a, b), about=about, bootstrap=bootstrap, seed=seed)
