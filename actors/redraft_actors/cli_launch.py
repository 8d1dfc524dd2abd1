"""`redraft up`, `down`, `submit` and `logs`: Ray's own commands, printed before they run, their exit code passed on."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from redraft.config import load_config
from redraft.config.loading import overrides_of
from redraft.errors import ConfigError, ResourceError
from redraft_actors.cli_cluster import findings_of, say, show
from redraft_actors.clusters.document import ClusterFile
from redraft_actors.clusters.finding import failed

console = Console()

FileArgument = Annotated[Path, typer.Argument(help="Cluster file, such as ray_cluster.yaml.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
AddressOption = Annotated[str, typer.Option(help="The cluster's dashboard, such as a tunnel's end.")]
DASHBOARD = "http://127.0.0.1:8265"


def up(file: FileArgument, yes: YesOption = False) -> None:
    """Check a cluster file and what AWS allows the account, then start or update the cluster: `ray up`."""
    cluster = _launched(file)
    findings = findings_of(file, None, reach=cluster.kind == "aws")
    show(file, findings, console)
    if failed(findings):
        raise typer.Exit(2)
    raise typer.Exit(_run(["ray", "up", str(file), *(["--yes"] if yes else [])], _launcher_variables(cluster)))


def down(file: FileArgument, yes: YesOption = False) -> None:
    """End every node of a cluster: `ray down`. Database, bucket and shared folder stay."""
    cluster = _launched(file)
    raise typer.Exit(_run(["ray", "down", str(file), *(["--yes"] if yes else [])], _launcher_variables(cluster)))


def submit(
    config: Annotated[Path, typer.Argument(help="YAML of the run.")],
    out: Annotated[str, typer.Option(help="Run folder on the cluster, in the folder that all nodes share.")],
    address: AddressOption = DASHBOARD,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=C", help="Override one value; may be repeated.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Stay up until people have worked.")] = True,
    follow: Annotated[bool, typer.Option(help="Show the job's log until it ends; leaving ends nothing.")] = False,
) -> None:
    """Start or resume a run as a job of a standing cluster: `ray job submit`. It goes on without this machine."""
    resolved = load_config(config, {**overrides_of(sets or []), "ray.address": "auto"})
    if not out.startswith("/"):
        raise ConfigError(
            f"--out {out}: name the run folder on the cluster by its whole path, such as /mnt/redraft/runs/{out}"
        )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "run.yaml").write_text(resolved.to_yaml(), encoding="utf-8")
        entry = ["python", "-m", "redraft_actors.clusters.job", "run.yaml", "--out", out, *(["--wait"] if wait else [])]
        options = ["--address", address, "--working-dir", folder, *([] if follow else ["--no-wait"])]
        raise typer.Exit(_run(["ray", "job", "submit", *options, "--", *entry], {"RAY_AUTH_MODE": "token"}))


def logs(
    job: Annotated[
        str | None, typer.Argument(help="The job's name, as submit printed it; unset: list all jobs.")
    ] = None,
    address: AddressOption = DASHBOARD,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job ends.")] = False,
) -> None:
    """What a job has printed: `ray job logs`; without a name, which jobs there are: `ray job list`."""
    command = ["ray", "job", "list"] if job is None else ["ray", "job", "logs", job, *(["--follow"] if follow else [])]
    raise typer.Exit(_run([*command, "--address", address], {"RAY_AUTH_MODE": "token"}))


def _launched(file: Path) -> ClusterFile:
    cluster = ClusterFile.read(file)
    if cluster.kind == "kubernetes":
        raise ConfigError(f"{file} is for KubeRay: use `kubectl apply -f {file}`, and kubectl delete to end it")
    return cluster


def _launcher_variables(cluster: ClusterFile) -> dict[str, str]:
    """Ray's newer autoscaler does not start workers on listed hosts."""
    return {"RAY_UP_enable_autoscaler_v2": "0"} if cluster.kind == "local" else {}


def _run(command: Sequence[str], variables: dict[str, str]) -> int:
    """Print a command as a shell would take it, run it, and give its exit code."""
    added = {name: value for name, value in variables.items() if name not in os.environ}
    say(console, "$ " + " ".join([*(f"{name}={value}" for name, value in added.items()), shlex.join(command)]))
    sys.stdout.flush()
    return subprocess.run([_program(command[0]), *command[1:]], env={**os.environ, **added}, check=False).returncode


def _program(name: str) -> str:
    """The program on PATH, or else beside this Python."""
    beside = Path(sys.executable).parent / name
    found = shutil.which(name) or (str(beside) if beside.is_file() else None)
    if found is None:
        raise ResourceError(
            f"{name} is neither on PATH nor beside {sys.executable}: install redraft with its dependencies"
        )
    return found
