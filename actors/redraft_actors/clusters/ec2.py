"""What AWS says of a node: the shapes of EC2's own API, and the sizes of its machines."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import cache
from typing import Any

from redraft_actors.clusters.document import ClusterFile, dig
from redraft_actors.clusters.finding import Finding, error, warning
from redraft_actors.clusters.nodes import node_kinds

RAYS_OWN = ("SubnetIds",)
"""Keys of a node's config that Ray turns into EC2's."""

SIZES: dict[str, tuple[int, int, str]] = {
    "p4d.24xlarge": (96, 8, "A100"),
    "p4de.24xlarge": (96, 8, "A100"),
    "p5.48xlarge": (192, 8, "H100"),
    "p5e.48xlarge": (192, 8, "H200"),
    "p5en.48xlarge": (192, 8, "H200"),
    **{f"g5.{size}xlarge": (cpus, 1, "A10G") for size, cpus in (("", 4), ("2", 8), ("4", 16), ("8", 32), ("16", 64))},
    "g5.12xlarge": (48, 4, "A10G"),
    "g5.24xlarge": (96, 4, "A10G"),
    "g5.48xlarge": (192, 8, "A10G"),
    **{f"g6.{size}xlarge": (cpus, 1, "L4") for size, cpus in (("", 4), ("2", 8), ("4", 16), ("8", 32), ("16", 64))},
    "g6.12xlarge": (48, 4, "L4"),
    "g6.24xlarge": (96, 4, "L4"),
    "g6.48xlarge": (192, 8, "L4"),
}
"""CPUs, GPUs and their kind as Ray names it, of machines with GPUs that this knows."""


def ec2_findings(file: ClusterFile) -> Iterator[Finding]:
    """Misspelt keys and values, sizes that are not the machine's, and what Ray would make up if it were left out."""
    for name, node in (file.at("available_node_types", default={}) or {}).items():
        where = f"available_node_types.{name}.node_config"
        config = dig(node, "node_config", default={}) or {}
        known = {key: value for key, value in config.items() if key not in RAYS_OWN}
        yield from _misspelt(known, _run_instances(), where)
        yield from _left_out(config, where)
    yield from _sizes(file)


def _left_out(config: dict[str, Any], where: str) -> Iterator[Finding]:
    if not config.get("IamInstanceProfile"):
        yield error(
            where,
            "without IamInstanceProfile the head gets a role that may do everything "
            "on EC2 and S3, and workers none: name "
            "one with configs/cluster/iam-policy.json",
        )
    if not config.get("SubnetIds") and not config.get("NetworkInterfaces"):
        yield error(where, "without SubnetIds Ray takes any subnet of the account: name private ones")
    if dig(config, "MetadataOptions", "HttpTokens") != "required":
        yield warning(
            where, "the role's credentials can be had without a session token: set MetadataOptions.HttpTokens: required"
        )
    disks = config.get("BlockDeviceMappings") or []
    if not disks or any(dig(disk, "Ebs", "Encrypted") is not True for disk in disks):
        yield warning(where, "not every disk is encrypted: set Ebs.Encrypted: true in BlockDeviceMappings")
    if not any(dig(tags, "ResourceType") == "instance" for tags in config.get("TagSpecifications") or []):
        yield warning(where, "nothing tells this machine's costs from others: add TagSpecifications for instance")


def _sizes(file: ClusterFile) -> Iterator[Finding]:
    for kind in node_kinds(file):
        machine = file.at("available_node_types", kind.name, "node_config", "InstanceType")
        if machine not in SIZES:
            continue
        cpus, gpus, accelerator = SIZES[machine]
        if (kind.cpus, kind.gpus) != (cpus, gpus) or kind.accelerator != accelerator:
            yield error(
                f"{kind.where}.resources",
                f"a {machine} has CPU: {cpus}, GPU: {gpus} and accelerator_type:{accelerator}: write just that, or the "
                "autoscaler starts the wrong machines",
            )


def _misspelt(value: Any, shape: Any, where: str) -> Iterator[Finding]:
    """Walk plain values along one of botocore's shapes."""
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            yield error(where, f"EC2 wants a mapping here, not {value!r}: see RunInstances in AWS's reference")
            return
        for key, child in value.items():
            if key in shape.members:
                yield from _misspelt(child, shape.members[key], f"{where}.{key}")
            else:
                near = difflib.get_close_matches(str(key), list(shape.members), n=1, cutoff=0.0)[0]
                yield error(f"{where}.{key}", f"EC2 knows no such key: did you mean {near}?")
    elif shape.type_name == "list":
        if not isinstance(value, list):
            yield error(where, f"EC2 wants a list here, not {value!r}: put it in brackets")
            return
        for i, child in enumerate(value):
            yield from _misspelt(child, shape.member, f"{where}[{i}]")
    elif shape.type_name == "string":
        yield from _wrong_text(value, shape, where)
    elif not isinstance(value, {"boolean": bool, "integer": int, "long": int}.get(shape.type_name, object)):
        yield error(where, f"EC2 wants a value of type {shape.type_name} here, not {value!r}: correct it")


def _wrong_text(value: Any, shape: Any, where: str) -> Iterator[Finding]:
    if not isinstance(value, str):
        yield error(where, f"EC2 wants a text here, not {value!r}: put it in quotes")
    elif shape.enum and value not in shape.enum and not value.startswith("REPLACE_"):
        near = difflib.get_close_matches(value, shape.enum, n=1, cutoff=0.0)[0]
        yield error(where, f"EC2 knows no {value}: did you mean {near}?")


@cache
def _run_instances() -> Any:
    import botocore.session  # type: ignore[import-untyped]

    return botocore.session.get_session().get_service_model("ec2").operation_model("RunInstances").input_shape
