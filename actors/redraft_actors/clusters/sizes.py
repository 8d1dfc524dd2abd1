"""How many nodes, for how long, and which of them may be taken away."""

from __future__ import annotations

from collections.abc import Iterator

from redraft_actors.clusters.document import ClusterFile, dig
from redraft_actors.clusters.finding import Finding, error, warning
from redraft_actors.clusters.nodes import NodeKind, node_kinds

LONGEST_IDLE_MINUTES = 60
MANY_NODES = 64


def size_findings(file: ClusterFile) -> Iterator[Finding]:
    """Limits that make sense: none below another, nothing with a GPU kept up without work."""
    for kind in node_kinds(file):
        if kind.head:
            continue
        if kind.least > kind.most:
            yield error(
                kind.where, f"at least {kind.least} nodes but at most {kind.most}: make the first the smaller one"
            )
        if kind.gpus and kind.least and file.kind != "local":
            yield warning(
                kind.where, f"{kind.least} of these nodes are paid for day and night: set the least number to 0"
            )
        if kind.most > MANY_NODES:
            yield warning(kind.where, f"up to {kind.most} nodes may be started: is that meant?")
        if kind.most == 0 and file.kind != "local":
            yield warning(kind.where, "no node of this kind may ever start: raise its largest number, or take it out")
    if file.kind == "aws":
        yield from _whole(file, [kind for kind in node_kinds(file) if not kind.head])


def _whole(file: ClusterFile, workers: list[NodeKind]) -> Iterator[Finding]:
    limit = file.at("max_workers", default=2)
    needed = sum(kind.most for kind in workers)
    if isinstance(limit, int) and limit < needed:
        yield error(
            "max_workers",
            f"{limit} nodes in all are fewer than the {needed} that the node types may have: raise it to {needed}",
        )


def idle_findings(file: ClusterFile) -> Iterator[Finding]:
    """What has no work goes."""
    minutes = file.at("idle_timeout_minutes")
    if not isinstance(minutes, int | float) or isinstance(minutes, bool) or not 0 < minutes <= LONGEST_IDLE_MINUTES:
        yield error(
            "idle_timeout_minutes",
            f"nodes without work must go: set it to minutes above 0 and at most {LONGEST_IDLE_MINUTES}",
        )
    if file.kind == "aws" and file.at("provider", "cache_stopped_nodes", default=True):
        yield warning(
            "provider.cache_stopped_nodes", "idle nodes are stopped, and their disks are paid for on: set it to false"
        )


def spot_findings(file: ClusterFile) -> Iterator[Finding]:
    """Only what survives a kill may be taken away."""
    for kind in node_kinds(file):
        config = file.at("available_node_types", kind.name, "node_config", default={})
        where = f"{kind.where}.node_config.InstanceMarketOptions"
        if dig(config, "InstanceMarketOptions", "MarketType") != "spot":
            continue
        if kind.head:
            yield error(where, "a head on spot takes the controller and the pages with it: take this out")
        elif kind.gpus > 1:
            yield warning(where, "a kill costs the steps since the last checkpoint on all GPUs: train on demand")
