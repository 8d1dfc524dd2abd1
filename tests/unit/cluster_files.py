"""The shipped cluster files, and how tests break them in one place."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import yaml

from redraft_actors.clusters.document import ClusterFile
from redraft_actors.clusters.finding import Finding

ROOT = Path(__file__).parents[2]
AWS, HOSTS = "ray_cluster.yaml", "configs/cluster/onprem.yaml"
ONE, KUBE, JOB = (f"configs/cluster/{name}.yaml" for name in ("single-node", "kuberay-raycluster", "kuberay-rayjob"))
LLAVA, QWEN = "configs/llava-1.5-7b.yaml", "configs/qwen2.5-vl-7b.yaml"
WITHOUT_SERVING = {"serve.enabled": "false"}
ON_A100 = {"serve.enabled": "false", "sample.accelerator_type": "A100"}
REMOVED = object()


def broken(name: str, path: str, value: Any) -> ClusterFile:
    """A shipped file with one value set, or taken out; ``+`` adds a manifest."""
    documents: list[Any] = list(yaml.safe_load_all((ROOT / name).read_text(encoding="utf-8")))
    if path == "+":
        return ClusterFile.of(Path(name), [*documents, value])
    keys = [int(key) if key.isdigit() else key for key in re.split(r"[./]", path)]
    node: Any = documents[0]
    for key in keys[:-1]:
        node = node[key]
    if value is REMOVED:
        del node[keys[-1]]
    elif callable(value):
        node[keys[-1]] = value(copy.deepcopy(node[keys[-1]]))
    else:
        node[keys[-1]] = value
    return ClusterFile.of(Path(name), documents)


def errors(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.level == "error"]


def swap(old: str, new: str) -> Any:
    """The same with a text replaced; that it was there is part of the test."""

    def swapped(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return swapped
