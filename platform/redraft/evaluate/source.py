"""The files behind a result, by their hashes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from redraft.errors import DataError
from redraft.records import Source


def source_of(role: str, path: Path) -> Source:
    """A file that a suite reads; ``role`` says what for, as ``instances``.

    Raises:
        DataError: there is no such file, or it cannot be read.
    """
    return Source(role=role, name=path.name, sha256=file_digest(role, path))


def file_digest(role: str, path: Path) -> str:
    """The SHA-256 of a file's bytes, in bounded memory.

    Raises:
        DataError: there is no such file, or it cannot be read.
    """
    try:
        with path.open("rb") as f:
            return hashlib.file_digest(f, "sha256").hexdigest()
    except FileNotFoundError as e:
        raise DataError(f"{path} does not exist: name the file with the {role}") from e
    except OSError as e:
        raise DataError(f"{path} with the {role} cannot be read ({e.strerror})") from e


def folder_digest(folder: Path) -> str:
    """One SHA-256 over the names and bytes of all files directly in ``folder``, as a checkpoint has them.

    Raises:
        DataError: a file cannot be read.
    """
    whole = hashlib.sha256()
    for file in sorted(path for path in folder.iterdir() if path.is_file()):
        whole.update(f"{file.name}\0{file_digest('checkpoint', file)}\n".encode())
    return whole.hexdigest()
