"""The kinds of node that a cluster may have, whatever the file calls them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from redraft.records import Record
from redraft_actors.clusters.document import RAY_KINDS, ClusterFile, dig

_ACCELERATOR = "accelerator_type:"


class NodeKind(Record):
    """Nodes that are alike.

    Attributes:
        where: the path of its description in the YAML.
        accelerator: its kind of GPU as Ray names it, such as A100; None where the file does not say.
        most: how many there may be; the head is one.
    """

    name: str
    where: str
    head: bool
    cpus: float
    gpus: float
    accelerator: str | None
    least: int
    most: int

    def slots(self, cpus: float, gpus: float) -> int:
        """How many workers of that size one node has room for."""
        by_cpu = int(self.cpus / cpus + 1e-9) if cpus else 1_000_000
        return min(by_cpu, int(self.gpus / gpus + 1e-9)) if gpus else by_cpu

    def without(self, cpus: float, gpus: float) -> NodeKind:
        """The same with so much of a node in use."""
        return self.model_copy(update={"cpus": max(0.0, self.cpus - cpus), "gpus": max(0.0, self.gpus - gpus)})


def node_kinds(file: ClusterFile) -> tuple[NodeKind, ...]:
    """All kinds, the head first."""
    if file.kind == "kubernetes":
        return _of_manifest(file)
    return _of_aws(file) if file.kind == "aws" else _of_hosts(file)


def kind_of(name: str, where: str, resources: Mapping[str, Any], *, head: bool, least: int, most: int) -> NodeKind:
    """One kind, from the resources that Ray is told its nodes have."""
    named = [key.removeprefix(_ACCELERATOR) for key in resources if key.startswith(_ACCELERATOR)]
    return NodeKind(
        name=name,
        where=where,
        head=head,
        cpus=_number(resources.get("CPU")),
        gpus=_number(resources.get("GPU")),
        accelerator=named[0] if named else None,
        least=least,
        most=most,
    )


def _of_aws(file: ClusterFile) -> tuple[NodeKind, ...]:
    kinds = []
    for name, node in (file.at("available_node_types", default={}) or {}).items():
        head = name == file.at("head_node_type")
        kinds.append(
            kind_of(
                name,
                f"available_node_types.{name}",
                dig(node, "resources", default={}) or {},
                head=head,
                least=1 if head else int(_number(dig(node, "min_workers"))),
                most=1 if head else int(_number(dig(node, "max_workers", default=file.at("max_workers", default=0)))),
            )
        )
    return tuple(sorted(kinds, key=lambda kind: not kind.head))


def _of_hosts(file: ClusterFile) -> tuple[NodeKind, ...]:
    hosts = len(file.at("provider", "worker_ips", default=[]) or [])
    most = min(hosts, int(_number(file.at("max_workers", default=hosts))))
    head = kind_of("head", "metadata.head", file.at("metadata", "head", default={}), head=True, least=1, most=1)
    if not hosts:
        return (head,)
    least = min(most, int(_number(file.at("min_workers", default=hosts))))
    resources = file.at("metadata", "worker", default={})
    return head, kind_of("worker", "metadata.worker", resources, head=False, least=least, most=most)


def _of_manifest(file: ClusterFile) -> tuple[NodeKind, ...]:
    where = RAY_KINDS[file.tree["kind"]]
    spec = file.at(*where.split("."), default={})
    head = dig(spec, "headGroupSpec", default={})
    kinds = [kind_of("head", f"{where}.headGroupSpec", group_resources(head), head=True, least=1, most=1)]
    for i, group in enumerate(dig(spec, "workerGroupSpecs", default=[]) or []):
        kinds.append(
            kind_of(
                str(dig(group, "groupName", default=i)),
                f"{where}.workerGroupSpecs[{i}]",
                group_resources(group),
                head=False,
                least=int(_number(dig(group, "minReplicas"))),
                most=int(_number(dig(group, "maxReplicas"))),
            )
        )
    return tuple(kinds)


def group_resources(group: Any) -> dict[str, Any]:
    """What Ray is told that a pod of the group has: its start parameters, or else the container's limits."""
    params = dig(group, "rayStartParams", default={}) or {}
    limits = dig(group, "template", "spec", "containers", 0, "resources", "limits", default={}) or {}
    found = {
        "CPU": params.get("num-cpus", limits.get("cpu")),
        "GPU": params.get("num-gpus", limits.get("nvidia.com/gpu")),
    }
    text = str(params.get("resources", "")).strip().strip("'\"").replace('\\"', '"')
    try:
        custom = json.loads(text) if text else {}
    except ValueError:
        custom = {}
    return found | (custom if isinstance(custom, dict) else {})


def _number(value: Any) -> float:
    """A quantity as YAML and Kubernetes write it; 0 for what is none."""
    text = str(value if value is not None else 0)
    try:
        return float(text[:-1]) / 1000 if text.endswith("m") else float(text)
    except ValueError:
        return 0.0
