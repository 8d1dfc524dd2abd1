"""What a standing Ray has room for: its nodes, and those that its autoscaler may add."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import psutil

from redraft.config import Config
from redraft.errors import ResourceError
from redraft.records import Record
from redraft_actors.cluster import nodes_up
from redraft_actors.clusters.document import ClusterFile
from redraft_actors.clusters.nodes import NodeKind, kind_of, node_kinds
from redraft_actors.clusters.placement import room_findings

_HEAD = "node:__internal_head__"
_OPTION = "--autoscaling-config="


class Offer(Record):
    """Kinds of node, the head's first.

    Attributes:
        known: whether there will never be more than these; with KubeRay, only its operator knows.
    """

    kinds: tuple[NodeKind, ...]
    known: bool

    @property
    def words(self) -> str:
        """In a few words, for people."""
        return ", ".join(
            f"{kind.most} x {kind.name} of {kind.cpus:g} CPUs"
            + (f" and {kind.gpus:g} {kind.accelerator or 'GPU'}" if kind.gpus else "")
            for kind in self.kinds
        )


def offered() -> Offer:
    """Of the Ray that this process has joined.

    ``ray up`` leaves its file on the head and tells the autoscaler where; without one, the nodes that are up are all.
    """
    import ray

    up = kinds_up(nodes_up())
    path = _autoscaler_file(ray.get_runtime_context().gcs_address)
    if path is not None:
        described = node_kinds(ClusterFile.read(path))
        if any(kind.cpus or kind.gpus for kind in described):
            return Offer(kinds=described, known=True)
    return Offer(kinds=up, known=path is None and "KUBERAY_GEN_RAY_START_CMD" not in os.environ)


def kinds_up(nodes: Iterable[Mapping[str, Any]]) -> tuple[NodeKind, ...]:
    """Nodes as Ray describes them, those alike counted together."""
    found = Counter(_alone(node["Resources"]) for node in nodes)
    kinds = [kind.model_copy(update={"least": count, "most": count}) for kind, count in found.items()]
    return tuple(sorted(kinds, key=lambda kind: not kind.head))


def _alone(resources: Mapping[str, float]) -> NodeKind:
    head = _HEAD in resources
    return kind_of("head" if head else "node", "Ray", resources, head=head, least=0, most=1)


def require_room(config: Config) -> Offer:
    """What the Ray that this process has joined offers, if a run's every step has room there.

    Raises:
        ResourceError: which step would wait for ever, and for what.
    """
    offer = offered()
    if offer.known:
        for finding in room_findings(offer.kinds, config):
            if finding.level == "error":
                where = finding.where.removeprefix("config:")
                raise ResourceError(f"{where}: {finding.message} (the cluster has at most {offer.words})")
    return offer


def _autoscaler_file(gcs_address: str) -> Path | None:
    """The cluster file that the autoscaler of that Ray was started with; it runs beside the head."""
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if f"--gcs-address={gcs_address}" in words:
            for word in words:
                if word.startswith(_OPTION) and (path := Path(word.removeprefix(_OPTION)).expanduser()).is_file():
                    return path
    return None
