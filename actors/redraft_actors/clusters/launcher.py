"""A file for Ray's cluster launcher: Ray's own schema, and what that schema lets pass."""

from __future__ import annotations

import copy
import difflib
import io
import re
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout

from redraft.records import Record
from redraft_actors.clusters.document import ClusterFile, Tree
from redraft_actors.clusters.finding import Finding, error, warning

_PLACEHOLDER = re.compile(r"\bREPLACE_[A-Z0-9_]+")

PROVIDER_KEYS = {
    "aws": (
        "type", "region", "availability_zone", "use_internal_ips", "cache_stopped_nodes", "security_group", "key_pair",
        "cloudwatch", "disable_node_updaters",
    ),
    "local": ("type", "head_ip", "worker_ips", "external_head_ip", "use_internal_ips"),
}  # fmt: skip
"""What Ray reads; its schema takes any key. ``aws_credentials`` is left out: a role is used, no keys."""


def filled(tree: Tree) -> Tree:
    """The file with Ray's defaults, as ``ray up`` would use it.

    Raises:
        ValueError: Ray's word for what it does not take.
    """
    import click
    from jsonschema import ValidationError  # type: ignore[import-untyped]
    from ray.autoscaler._private.util import prepare_config, validate_config

    told = io.StringIO()  # Ray says on the terminal what it would have otherwise, and why it gives up
    try:
        with redirect_stdout(told), redirect_stderr(told):
            prepared: Tree = prepare_config(copy.deepcopy(tree))
            validate_config(prepared)
    except ValidationError as e:
        where = ".".join(str(part) for part in e.absolute_path)
        raise ValueError(f"{where + ': ' if where else ''}{e.message}") from e
    except (click.ClickException, KeyError, TypeError, AttributeError, RuntimeError) as e:
        raise ValueError(str(e) or told.getvalue() or type(e).__name__) from e
    return prepared


def schema_findings(file: ClusterFile) -> Iterator[Finding]:
    """What Ray's schema refuses."""
    try:
        filled(file.tree)
    except ValueError as e:
        text = " ".join(str(e).split())[:300]
        yield error("", f"Ray does not take this file ({text}): mend it as the message says")


def provider_findings(file: ClusterFile) -> Iterator[Finding]:
    """Keys of the provider that Ray would silently pass over."""
    known = PROVIDER_KEYS[file.kind]
    for key in file.at("provider", default={}):
        if key == "aws_credentials":
            yield error(
                "provider.aws_credentials", "keys do not belong into a file: remove them and use instance profiles"
            )
        elif key not in known:
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.0)[0]
            yield error(f"provider.{key}", f"Ray knows no such key and passes it over: did you mean {near}?")


class StartCommand(Record):
    """One ``ray start`` that ``ray up`` would run."""

    where: str
    head: bool
    command: str


def start_commands(file: ClusterFile) -> list[StartCommand]:
    """All of them. Ray's defaults count where the file has none; those of AWS open the dashboard to the network."""
    try:
        tree = filled(file.tree)
    except ValueError:
        tree = file.tree
    return [
        StartCommand(where=f"{key}[{i}]", head=head, command=str(command))
        for key, head in (("head_start_ray_commands", True), ("worker_start_ray_commands", False))
        for i, command in enumerate(tree.get(key) or [])
        if "ray start" in str(command)
    ]


def setup_commands(file: ClusterFile) -> Iterator[tuple[str, str]]:
    """Every command that prepares all nodes: its path and itself."""
    for i, command in enumerate(file.at("setup_commands", default=[]) or []):
        yield f"setup_commands[{i}]", str(command)


def placeholder_findings(file: ClusterFile) -> Iterator[Finding]:
    """What somebody has yet to fill in, each once."""
    places: dict[str, list[str]] = {}
    for where, _, text in file.texts():
        for word in _PLACEHOLDER.findall(text):
            places.setdefault(word, []).append(where)
    for word, found in places.items():
        also = f", here and in {len(found) - 1} more places" if len(found) > 1 else ""
        yield warning(found[0], f"{word} stands for something of yours{also}: fill it in")
