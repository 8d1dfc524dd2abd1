"""`redraft cluster check`: a cluster file, looked at before it costs anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from redraft.config import Config, load_config
from redraft.config.loading import overrides_of
from redraft.errors import ConfigError
from redraft_actors.clusters.finding import Finding, failed

app = typer.Typer(no_args_is_help=True, help="Files for Ray clusters.")
console = Console()


@app.callback()
def _cluster() -> None:
    """Files for Ray clusters."""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="ray_cluster.yaml, or a file in configs/cluster/.")],
    config: Annotated[Path | None, typer.Option(help="A run's config, to see whether it fits.")] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=C", help="Override one value of it; may be repeated.")
    ] = None,
    reach: Annotated[
        bool, typer.Option("--reach", help="Also ask AWS for quotas, and that config's database and S3, from here.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Check a cluster file: Ray's schema, EC2's names, who can reach it, versions, limits, and whether a config fits.

    Nothing is started, and without --reach nothing is asked. Errors make the exit code 2, warnings do not.
    """
    findings = findings_of(file, _config(config, sets or []), reach=reach)
    if as_json:
        typer.echo(
            json.dumps({"file": str(file), "findings": [finding.model_dump() for finding in findings]}, indent=2)
        )
    else:
        show(file, findings, console)
    if failed(findings):
        raise typer.Exit(2)


def findings_of(file: Path, config: Config | None, *, reach: bool = False) -> list[Finding]:
    """What is wrong with a file, and with running a config on it."""
    from redraft_actors.clusters.checking import check_cluster
    from redraft_actors.clusters.document import ClusterFile
    from redraft_actors.clusters.quotas import quota_findings
    from redraft_actors.clusters.reach import reach_findings

    cluster = ClusterFile.read(file)
    if reach and config is None and cluster.kind != "aws":
        raise ConfigError("--reach asks the database and the bucket of a run: name its config with --config")
    findings = check_cluster(cluster, config)
    if reach and cluster.kind == "aws":
        findings += quota_findings(cluster)
    if reach and config is not None:
        findings += reach_findings(config)
    return findings


def show(file: Path, findings: list[Finding], console: Console) -> None:
    """One line a finding, and how many there are."""
    for finding in findings:
        where = f"{finding.where}: " if finding.where else ""
        say(console, f"{finding.level}: {where}{finding.message}")
    errors = sum(finding.level == "error" for finding in findings)
    say(console, f"{file}: {errors} errors, {len(findings) - errors} warnings")


def say(console: Console, text: str) -> None:
    """Plain words, whatever the width of the terminal."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _config(path: Path | None, sets: list[str]) -> Config | None:
    if path is None:
        if sets:
            raise ConfigError("--set overrides values of a run's config: name one with --config")
        return None
    return load_config(path, overrides_of(sets))
