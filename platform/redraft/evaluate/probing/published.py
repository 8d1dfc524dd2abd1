"""A benchmark's file as its authors publish it, read into typed rows or refused in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from redraft.errors import DataError
from redraft.evaluate.source import source_of
from redraft.records import Source

_T = TypeVar("_T")
_RowT = TypeVar("_RowT", bound="Row")
_SHOWN = 80


class Row(BaseModel):
    """An entry of somebody else's file: strict about what is read of it, blind to the rest."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


@dataclass(frozen=True)
class PublishedFile:
    """Where a file lies, what it is for, what it must hold, and where the published one can be had."""

    path: Path
    role: str
    holds: str
    origin: str

    def data(self) -> bytes:
        """All of it.

        Raises:
            DataError: it is not there, or cannot be read.
        """
        try:
            return self.path.read_bytes()
        except FileNotFoundError as e:
            raise self.error("does not exist") from e
        except OSError as e:
            raise self.error(f"cannot be read ({e.strerror})") from e

    def text(self) -> str:
        """All of it, as UTF-8.

        Raises:
            DataError: as ``data``, or it is not UTF-8.
        """
        try:
            return self.data().decode()
        except UnicodeDecodeError as e:
            raise self.error("is not UTF-8 text") from e

    def whole(self, of: TypeAdapter[_T]) -> _T:
        """The file as one JSON value.

        Raises:
            DataError: as ``data``, or it is another value than ``of`` describes.
        """
        try:
            return of.validate_json(self.data())
        except ValidationError as e:
            raise self.error(f"is not as published ({first_problem(e)})") from e

    def rows(self, of: type[_RowT]) -> list[_RowT]:
        """The file as rows: one JSON object a line, or a JSON array of them.

        Raises:
            DataError: as ``data``, a row that ``of`` does not describe, or no row.
        """
        data = self.data()
        if data.lstrip()[:1] == b"[":
            found = self.whole(TypeAdapter(list[of]))  # type: ignore[valid-type]
        else:
            found = [self._line(of, number, line) for number, line in enumerate(data.splitlines(), 1) if line.strip()]
        if not found:
            raise self.error("is empty")
        return found

    def error(self, problem: str) -> DataError:
        """``problem`` of this file, with what it must be and where that can be had."""
        return DataError(f"{self.path} {problem}: the {self.role} is {self.holds}; get it from {self.origin}")

    def source(self) -> Source:
        """Its hash."""
        return source_of(self.role, self.path)

    def _line(self, of: type[_RowT], number: int, line: bytes) -> _RowT:
        try:
            return of.model_validate_json(line)
        except ValidationError as e:
            raise self.error(f"is not as published (line {number}: {first_problem(e)})") from e


def first_problem(error: ValidationError) -> str:
    """Where validation failed first, and why, in a few words."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}"[:_SHOWN] if place else str(first["msg"])[:_SHOWN]
