"""What a run keeps must be within reach of every node."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from redraft.checkpoints import BUILTIN
from redraft.config import Config
from redraft_actors.clusters.document import RAY_KINDS, ClusterFile, dig
from redraft_actors.clusters.finding import Finding, error
from redraft_actors.clusters.launcher import setup_commands
from redraft_actors.clusters.nodes import node_kinds

_MOUNTED = re.compile(r"\bmountpoint -q (/\S+)")


def storage_findings(file: ClusterFile, config: Config) -> Iterator[Finding]:
    """With more than one node: PostgreSQL, and S3 or a folder that all of them mount."""
    if all(kind.head for kind in node_kinds(file)):
        return
    database, blobs = config.storage.database, config.storage.blobs
    if database is None or not database.startswith("postgresql"):
        yield error(
            "config:storage.database",
            "nodes share no SQLite file: name PostgreSQL, as postgresql+psycopg://user@host/redraft",
        )
    shared = shared_folders(file)
    if not shared:
        yield error(
            "setup_commands" if file.kind != "kubernetes" else RAY_KINDS[file.tree["kind"]],
            "no folder is shared by all nodes, and all of them need the run folder: mount one on each "
            "(`mountpoint -q FOLDER || mount …`, or a persistentVolumeClaim)",
        )
        return
    if blobs is None or not (blobs.startswith("s3://") or _within(blobs.removeprefix("file://"), shared)):
        yield error(
            "config:storage.blobs", f"other nodes cannot read there: name s3://… or a folder in {_list(shared)}"
        )
    if config.images.path is not None and not _within(str(config.images.path), shared):
        yield error("config:images.path", f"the head cannot be told to read there: put the images into {_list(shared)}")
    if not config.policy.path.startswith(BUILTIN) and not _within(config.policy.path, shared):
        yield error("config:policy.path", f"other nodes cannot read there: put the checkpoint into {_list(shared)}")


def shared_folders(file: ClusterFile) -> tuple[str, ...]:
    """Folders that every node mounts, by the file's own commands or volumes."""
    if file.kind != "kubernetes":
        return tuple(folder.rstrip(";") for _, command in setup_commands(file) for folder in _MOUNTED.findall(command))
    spec = file.at(*RAY_KINDS[file.tree["kind"]].split("."), default={})
    groups = [dig(spec, "headGroupSpec", default={}), *(dig(spec, "workerGroupSpecs", default=[]) or [])]
    mounted = [_claimed(group) for group in groups]
    return tuple(sorted(set.intersection(*mounted))) if mounted else ()


def _claimed(group: object) -> set[str]:
    """Where a group's first container mounts persistent volumes."""
    pod = dig(group, "template", "spec", default={})
    claims = {
        dig(volume, "name") for volume in dig(pod, "volumes", default=[]) or [] if dig(volume, "persistentVolumeClaim")
    }
    mounts = dig(pod, "containers", 0, "volumeMounts", default=[]) or []
    return {str(dig(mount, "mountPath")) for mount in mounts if dig(mount, "name") in claims}


def _within(path: str, shared: tuple[str, ...]) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in shared)


def _list(shared: tuple[str, ...]) -> str:
    return " or ".join(shared)
