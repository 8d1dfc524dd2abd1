"""Keys: relative paths with ``/`` between their parts, such as ``images/ab/ab12….png``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from redraft.errors import StorageError

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._=+@-]*")
_LONGEST_KEY = 512
_LONGEST_PART = 200


def content_key(prefix: str, data: bytes, suffix: str) -> str:
    """The key for bytes that are known by their SHA-256: ``prefix/ab/ab12…suffix``."""
    digest = hashlib.sha256(data).hexdigest()
    return f"{prefix}/{digest[:2]}/{digest}{suffix}"


def parts_of(key: str) -> list[str]:
    """The parts of a key; none begins with a dot, so names that do are free for what a store keeps for itself.

    Raises:
        StorageError: it is no key.
    """
    parts = key.split("/")
    if len(key) > _LONGEST_KEY or not all(_PART.fullmatch(p) and len(p) <= _LONGEST_PART for p in parts):
        raise StorageError(f"{key[:80]!r} is not a blob key: use letters, digits and ._=+@- with / between the parts")
    return parts


def folder_key(prefix: str) -> str:
    """A prefix to list as the key of a folder, checked; ``""`` stands for everything."""
    if not prefix.strip("/"):
        return ""
    return "/".join(parts_of(prefix.rstrip("/")))


def folders_above(key: str) -> Iterator[tuple[str, str]]:
    """Every folder that the key could lie in, and its name there, the innermost first."""
    at = key.rfind("/")
    while at > 0:
        yield key[:at], key[at + 1 :]
        at = key.rfind("/", 0, at)
