"""What studies measure of a policy, and the folder that keeps their results, one file each."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from redraft.errors import DataError
from redraft.records import Record


class Measured(Record):
    """A policy's descriptions, counted: one number a picture, in the order of the pictures."""

    errors: tuple[int, ...]
    found: tuple[int, ...]
    present: tuple[int, ...]
    words: tuple[int, ...]

    @property
    def response_rate(self) -> float:
        """Share of descriptions with an error."""
        return sum(count > 0 for count in self.errors) / len(self.errors)

    @property
    def recall(self) -> float:
        """Objects named per object present."""
        return sum(self.found) / max(1, sum(self.present))

    @property
    def mean_words(self) -> float:
        """Words a description."""
        return sum(self.words) / len(self.words)


R = TypeVar("R", bound=Record)


class Kept(Generic[R]):
    """Results by id, ``FOLDER/ID.json`` each, written whole."""

    def __init__(self, folder: Path, kind: type[R]) -> None:
        self.folder, self.kind = folder, kind
        folder.mkdir(parents=True, exist_ok=True)

    def has(self, id: str) -> bool:
        """Whether a result is there."""
        return self._file(id).is_file()

    def get(self, id: str) -> R:
        """A result.

        Raises:
            DataError: it is not there, or is none.
        """
        file = self._file(id)
        try:
            return self.kind.model_validate_json(file.read_bytes())
        except FileNotFoundError as e:
            raise DataError(f"{file} is missing: run the study again, it goes on where it was") from e
        except ValidationError as e:
            raise DataError(f"{file} is no result of a study: delete it and run the study again") from e

    def put(self, id: str, result: R) -> None:
        """Keep a result; a kill leaves it whole or not there."""
        partial = self._file(id).with_suffix(".partial")
        partial.write_text(result.model_dump_json(), encoding="utf-8")
        partial.replace(self._file(id))

    def _file(self, id: str) -> Path:
        return self.folder / f"{id}.json"
