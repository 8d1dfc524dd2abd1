"""A run as a Ray job: ``python -m redraft_actors.clusters.job CONFIG --out FOLDER``, on the head of a cluster.

The job only starts the detached controller and follows it. Ray does not start a lost job again, but the controller
lives on without it; the same job once more follows the controller that is there, or resumes the run.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from redraft.config import Config, load_config
from redraft.errors import RedraftError, RunError
from redraft.runs import RunFolder


def follow(
    config: Annotated[Path, typer.Argument(help="YAML of the run.")],
    out: Annotated[Path, typer.Option(help="Run folder on the cluster's shared folder; resumed if it holds a run.")],
    wait: Annotated[bool, typer.Option(help="Stay up until people have worked.")] = False,
) -> None:
    """Start or resume a run on the cluster that this process is part of, and show it to the job's log."""
    from redraft_actors import cli_run

    folder = opened(load_config(config, {"ray.address": "auto"}), out.absolute())
    cli_run.resume(folder, wait=wait, console=Console(width=120))


def opened(config: Config, out: Path) -> RunFolder:
    """The run in ``out``, made if there is none.

    Raises:
        RunError: there is one of another config; where Ray is to be found does not count.
    """
    from redraft_actors.preflight import preflight

    if not (out / "config.yaml").exists():
        for checked in preflight(config, out):
            print(f"  {checked.what:8} {checked.found}", flush=True)
        return RunFolder.create(out, config)
    folder = RunFolder.open(out)
    if folder.config().hash() != config.hash():
        raise RunError(f"{out} holds a run of another config: name another --out, or go on with `redraft resume {out}`")
    return folder


def main() -> None:
    """A mistake is one sentence and exit code 2, as with ``redraft``."""
    try:
        typer.run(follow)
    except RedraftError as e:
        print(f"redraft: {e}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
