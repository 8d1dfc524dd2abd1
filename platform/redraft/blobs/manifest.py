"""What a published folder holds: the object that is written last, and makes it one."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator

from redraft.records import Record

MANIFEST = ".manifest.json"
"""Its name in the folder. Parts of keys begin with no dot, so neither this nor the next is ever a key."""

PARTS = ".parts-"
"""With the manifest's ``upload``, the name of the folder inside the folder that holds its files."""

_CHUNK = 1 << 20


class StoredFile(Record):
    """One file, by its path in the folder."""

    name: str
    size: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")

    @field_validator("name")
    @classmethod
    def _stays_inside(cls, name: str) -> str:
        if "\x00" in name or any(part in ("", ".", "..") for part in name.split("/")):
            raise ValueError(f"{name[:80]!r} is no name of a file in a folder")
        return name


class Manifest(Record):
    """The files of a folder. ``upload`` follows from them, so what was begun twice lies in one place."""

    version: Literal[1] = 1
    upload: str = Field(pattern="^[0-9a-f]{16}$")
    files: tuple[StoredFile, ...]

    @classmethod
    def of_folder(cls, folder: Path) -> Self:
        """The manifest of a folder on this machine; every file is read."""
        files = tuple(
            StoredFile(name=name, size=(folder / name).stat().st_size, sha256=sha256_of(folder / name))
            for name in _names_in(folder)
        )
        listed = "".join(f"{file.sha256} {file.name}\n" for file in files)
        return cls(upload=hashlib.sha256(listed.encode()).hexdigest()[:16], files=files)

    def below(self, folder: str) -> tuple[StoredFile, ...]:
        """The files of a folder inside the folder, under their names there."""
        start = f"{folder}/"
        return tuple(
            file.model_copy(update={"name": file.name.removeprefix(start)})
            for file in self.files
            if file.name.startswith(start)
        )

    def file(self, name: str) -> StoredFile | None:
        """The file of that name, if there is one."""
        return next((file for file in self.files if file.name == name), None)


def sha256_of(path: Path) -> str:
    """The hash of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as f:
        while chunk := f.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _names_in(folder: Path) -> list[str]:
    found = []
    for at, _, files in os.walk(folder):
        found += [(Path(at) / name).relative_to(folder).as_posix() for name in files]
    return sorted(found)
