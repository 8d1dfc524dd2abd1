"""A cluster file, opened: for Ray's cluster launcher, or Kubernetes manifests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from redraft.errors import ConfigError

Kind = Literal["aws", "local", "kubernetes"]
Tree = dict[str, Any]

RAY_KINDS = {"RayCluster": "spec", "RayJob": "spec.rayClusterSpec"}
"""Where a manifest of that kind describes its cluster."""


@dataclass(frozen=True)
class ClusterFile:
    """The mappings of one file; of manifests, the one that describes the cluster comes first.

    ``path`` is where it lies; relative paths in it are meant from the current folder, as Ray takes them.
    """

    path: Path
    kind: Kind
    documents: tuple[Tree, ...]

    @classmethod
    def read(cls, path: Path) -> ClusterFile:
        """Open a file.

        Raises:
            ConfigError: if it cannot be read, is no YAML, or describes no cluster that is known here.
        """
        try:
            documents = [tree for tree in yaml.safe_load_all(path.read_text(encoding="utf-8")) if tree is not None]
        except (OSError, UnicodeDecodeError) as e:
            raise ConfigError(f"cannot read cluster file {path}: {e}. Start from ray_cluster.yaml.") from e
        except yaml.YAMLError as e:
            raise ConfigError(f"{path} is not valid YAML: {' '.join(str(e).split())}") from e
        if not documents or not all(isinstance(tree, dict) for tree in documents):
            raise ConfigError(f"{path} must hold mappings: start from ray_cluster.yaml or a file in configs/cluster/")
        return cls.of(path, documents)

    @classmethod
    def of(cls, path: Path, documents: list[Tree]) -> ClusterFile:
        """The same from trees."""
        if any("apiVersion" in tree or "kind" in tree for tree in documents):
            documents = sorted(documents, key=lambda tree: tree.get("kind") not in RAY_KINDS)
            if documents[0].get("kind") not in RAY_KINDS:
                raise ConfigError(f"{path} describes no cluster: one of its manifests must be a RayCluster or a RayJob")
            return cls(path, "kubernetes", tuple(documents))
        provider = documents[0].get("provider")
        kind = provider.get("type") if isinstance(provider, dict) else None
        if kind not in ("aws", "local"):
            raise ConfigError(
                f"{path}: provider.type {kind!r} is not known here: use aws or local, or manifests for KubeRay"
            )
        return cls(path, kind, tuple(documents[:1]))

    @property
    def tree(self) -> Tree:
        """The mapping that describes the cluster."""
        return self.documents[0]

    def at(self, *keys: str | int, default: Any = None) -> Any:
        """What lies under a path of keys, ``default`` where the path ends early."""
        return dig(self.tree, *keys, default=default)

    def texts(self) -> Iterator[tuple[str, str, str]]:
        """Every text of the file: its path, the last key on that path, and itself."""
        for tree in self.documents:
            yield from _texts(tree, "", "")


def dig(tree: Any, *keys: str | int, default: Any = None) -> Any:
    """What lies under a path of keys in plain values."""
    for key in keys:
        if isinstance(tree, dict) and key in tree:  # noqa: SIM114 (mypy tells them apart)
            tree = tree[key]
        elif isinstance(tree, list) and isinstance(key, int) and key < len(tree):
            tree = tree[key]
        else:
            return default
    return tree


def _texts(value: Any, path: str, key: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _texts(child, f"{path}.{name}" if path else str(name), str(name))
    elif isinstance(value, list):
        for i, child in enumerate(value):
            yield from _texts(child, f"{path}[{i}]", key)
    elif isinstance(value, str):
        yield path, key, value
