"""Checkpoint folders on disk; needs no torch."""

from __future__ import annotations

from pathlib import Path

from redraft.blobs import fetch, is_remote
from redraft.errors import PolicyError

BUILTIN = "builtin:"
"""What the names of shipped policies begin with."""


def resolve_policy_path(path: str) -> Path:
    """The checkpoint folder that a config's ``policy.path`` or a blob's address names, on this machine.

    Raises:
        PolicyError: if it is no folder with a ``config.json``.
        StorageError: a remote one cannot be copied here.
    """
    if path.startswith(BUILTIN):
        from redraft.world import builtin_policy

        return builtin_policy(path.removeprefix(BUILTIN))
    folder = fetch(path) if is_remote(path) else Path(path).expanduser()
    if not folder.is_dir():
        raise PolicyError(f"policy.path: {path} is no folder; give a Hugging Face checkpoint folder or {BUILTIN}tiny")
    if not (folder / "config.json").is_file():
        raise PolicyError(f"policy.path: {folder} holds no config.json, so it is no Hugging Face checkpoint")
    return folder
