"""All rules over one file, and over the config of a run on it."""

from __future__ import annotations

from collections.abc import Iterator

from redraft.config import Config
from redraft_actors.clusters.document import ClusterFile
from redraft_actors.clusters.doors import dashboard_findings, ingress_findings, token_findings
from redraft_actors.clusters.ec2 import ec2_findings
from redraft_actors.clusters.finding import Finding
from redraft_actors.clusters.launcher import placeholder_findings, provider_findings, schema_findings, start_commands
from redraft_actors.clusters.manifests import manifest_findings
from redraft_actors.clusters.nodes import node_kinds
from redraft_actors.clusters.placement import placement_findings
from redraft_actors.clusters.secrets import secret_findings
from redraft_actors.clusters.sizes import idle_findings, size_findings, spot_findings
from redraft_actors.clusters.storage import storage_findings
from redraft_actors.clusters.versions import version_findings


def check_cluster(file: ClusterFile, config: Config | None = None) -> list[Finding]:
    """What is wrong with a cluster file, errors first; with a config, also what is wrong with running that on it."""
    findings = dict.fromkeys([*_of_file(file), *(_of_config(file, config) if config is not None else ())])
    return sorted(findings, key=lambda finding: finding.level != "error")


def _of_file(file: ClusterFile) -> Iterator[Finding]:
    if file.kind == "kubernetes":
        yield from manifest_findings(file)
    else:
        yield from schema_findings(file)
        yield from provider_findings(file)
        commands = start_commands(file)
        yield from token_findings(file, commands)
        yield from dashboard_findings(commands)
        yield from idle_findings(file)
    if file.kind == "aws":
        yield from ec2_findings(file)
        yield from ingress_findings(file)
        yield from spot_findings(file)
    yield from secret_findings(file)
    yield from version_findings(file)
    yield from size_findings(file)
    yield from placeholder_findings(file)


def _of_config(file: ClusterFile, config: Config) -> Iterator[Finding]:
    yield from placement_findings(node_kinds(file), config)
    yield from storage_findings(file, config)
