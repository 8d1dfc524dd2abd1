"""Every node that is up is asked what it sees, before a run relies on it."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from redraft.blobs import is_remote
from redraft.checkpoints import BUILTIN
from redraft.config import Config
from redraft.errors import ResourceError
from redraft.records import Record
from redraft_actors.cluster import nodes_up

SECONDS = 60.0
"""A node that says nothing for so long may be on its way out; the run does not wait for it."""

PACKAGES = ("redraft", "ray", "torch", "transformers", "deepspeed")


class Seen(Record):
    """What a node sees: which packages in which version, and which of the paths asked for it has not.

    A torch for CPUs and one for GPUs are of the same version.
    """

    versions: dict[str, str]
    missing: tuple[str, ...]


def look(paths: Sequence[str]) -> Seen:
    """Of the machine that this runs on."""
    versions = {"Python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = version(name).partition("+")[0]
        except PackageNotFoundError:
            versions[name] = "none"
    return Seen(versions=versions, missing=tuple(path for path in paths if not Path(path).expanduser().exists()))


def call_roll(config: Config, out: Path) -> str:
    """What was found on the nodes of the Ray that this process has joined, in a few words.

    Raises:
        ResourceError: a node lacks the policy or a shared folder, or has other versions.
    """
    nodes: dict[str, str] = {node["NodeID"]: node["NodeManagerAddress"] for node in nodes_up()}
    with ExitStack() as stack:
        wanted = dict(_policy(config))
        if len(nodes) > 1:
            wanted |= {stack.enter_context(_trace(folder, name)): name for folder, name in _shared(config, out)}
        told = _ask(nodes, list(wanted))
    for node, seen in told.items():
        _require(nodes[node], seen, look([]), wanted)
    silent = len(nodes) - len(told)
    return f"{len(told)} nodes see all they need" + (f", {silent} did not answer" if silent else "")


def _policy(config: Config) -> Iterator[tuple[str, str]]:
    """The checkpoint that any node may have to load, and what to call it."""
    path = config.policy.path
    if not path.startswith(BUILTIN) and not is_remote(path):
        yield path, f"policy.path: {path}"


def _shared(config: Config, out: Path) -> Iterator[tuple[Path, str]]:
    """The folders that every node works in, and what to call them."""
    yield out, f"--out: {out}"
    blobs = config.storage.blobs
    if blobs is not None and not is_remote(blobs):
        yield Path(blobs.removeprefix("file://")), f"storage.blobs: {blobs}"


@contextmanager
def _trace(folder: Path, name: str) -> Iterator[str]:
    """A file where a folder is or will be, which only those see that share it."""
    existing = next(path for path in [folder.resolve(), *folder.resolve().parents] if path.is_dir())
    try:
        with tempfile.NamedTemporaryFile(dir=existing, prefix=".redraft-check-") as file:
            yield file.name
    except PermissionError as e:
        raise ResourceError(f"{name}: nothing can be written in {existing} ({e.strerror}): choose another") from e


def _ask(nodes: Mapping[str, str], paths: list[str]) -> dict[str, Seen]:
    """The answers by node; whoever dies meanwhile, or is late, gives none."""
    remote: Any = ray.remote(num_cpus=0, max_retries=0)(look)
    asked = {
        remote.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)).remote(paths): node
        for node in nodes
    }
    ready, late = ray.wait(list(asked), num_returns=len(asked), timeout=SECONDS)
    for reference in late:
        ray.cancel(reference, force=True)
    told = {}
    for reference in ready:
        node = asked[reference]
        try:
            told[node] = ray.get(reference)
        except RayTaskError as e:
            raise ResourceError(
                f"node {nodes[node]} cannot run Redraft ({str(e.cause or e).splitlines()[-1][:200]}): install the same "
                "wheel there as here"
            ) from e
        except RayError:
            continue
    return told


def _require(address: str, seen: Seen, here: Seen, wanted: Mapping[str, str]) -> None:
    for name, found in seen.versions.items():
        if found != here.versions[name]:
            raise ResourceError(
                f"node {address} has {name} {found}, and {here.versions[name]} is here: install the same on every node"
            )
    for path in seen.missing:
        raise ResourceError(
            f"{wanted[path]} is not seen on node {address}: put it where all nodes share a folder, and mount that there"
        )
