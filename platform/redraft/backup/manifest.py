"""What a backup says of itself: enough to know that it is whole, and what it can be restored with."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator

from redraft.errors import DataError
from redraft.records import Record

MANIFEST = "manifest.json"
TABLES, RUN, BLOBS, BLOB_LIST = "tables", "run", "blobs", "blobs.jsonl"
FORMAT: Literal[1] = 1

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class StoredFile(Record):
    """A file of the backup, by its path in it."""

    path: str
    size: int = Field(ge=0)
    sha256: Sha256

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        return checked_path(path)


class StoredTable(StoredFile):
    """The rows of one table."""

    name: str = Field(pattern=r"^[a-z_]{1,60}$")
    rows: int = Field(ge=0)

    @model_validator(mode="after")
    def _lies_with_the_others(self) -> Self:
        if self.path != f"{TABLES}/{self.name}.jsonl":
            raise ValueError(f"the rows of {self.name} lie in {TABLES}/{self.name}.jsonl, not in {self.path}")
        return self


class StoredBlobs(StoredFile):
    """The list of blobs; ``included`` says whether they are in the backup, too."""

    count: int = Field(ge=0)
    bytes: int = Field(ge=0)
    included: bool


class Manifest(Record):
    """A whole backup. ``revision`` is that of the database's schema, ``code_version`` that of what took it."""

    format: Literal[1] = FORMAT
    name: str
    code_version: str
    revision: str = Field(pattern=r"^[0-9a-f]{4,40}$")
    database: Literal["sqlite", "postgresql"]
    taken_at: float
    tables: tuple[StoredTable, ...]
    files: tuple[StoredFile, ...]
    blobs: StoredBlobs

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(table.rows for table in self.tables)


class BlobEntry(Record):
    """A line of the list of blobs."""

    key: str
    size: int = Field(ge=0)
    sha256: Sha256

    @field_validator("key")
    @classmethod
    def _stays_inside(cls, key: str) -> str:
        return checked_path(key)


def checked_path(path: str) -> str:
    """A relative path that leads nowhere else; ValueError if it is none."""
    parts = path.split("/")
    if "\\" in path or "\x00" in path or any(part in ("", ".", "..") for part in parts) or PurePosixPath(path).root:
        raise ValueError(f"{path[:80]!r} leads out of the backup")
    return path


def read_manifest(backup: Path) -> Manifest:
    """What a backup says of itself.

    Raises:
        DataError: there is no finished backup in the folder, or it is of a format that this code does not know.
    """
    try:
        text = (backup / MANIFEST).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError) as e:
        raise DataError(
            f"{backup} holds no finished backup (no {MANIFEST}): name the folder that `redraft backup` wrote, "
            "or take one again"
        ) from e
    except (OSError, UnicodeDecodeError) as e:
        raise DataError(f"{backup / MANIFEST} cannot be read: {e}") from e
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as e:
        first = e.errors()[0]
        if first["loc"] == ("format",):
            raise DataError(
                f"the backup {backup} is of a format that this Redraft does not know (it knows {FORMAT}): "
                "restore it with the version that took it"
            ) from e
        at = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise DataError(f"{backup / MANIFEST} is damaged ({at}: {first['msg']}): use another backup") from e
