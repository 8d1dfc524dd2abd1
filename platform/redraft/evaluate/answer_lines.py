"""Answers as JSON lines: read from other programs' files, and kept line by line while a policy is asked."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redraft.errors import DataError, ResourceError
from redraft.evaluate.suite import SuiteItem

ANSWERS_FILE = "answers.jsonl"
ASKED_FILE = "asked.json"
_FORM = 'one JSON object a line with "id" (or "image_id" and "prompt") and "text"'


@dataclass(frozen=True)
class AnswersRead:
    """Texts by item id, and how many lines were about no item of the suite."""

    texts: Mapping[str, str]
    strangers: int


def read_answers(path: Path, items: Sequence[SuiteItem]) -> AnswersRead:
    """The answers in a file; a line names its item by ``id`` or ``question_id``, or by ``image_id`` and ``prompt``.

    Raises:
        DataError: a missing or malformed file, an item answered twice, or no line about any item.
    """
    by_id = {item.id: item.id for item in items}
    by_prompt = {(item.image_id, item.prompt): item.id for item in items}
    texts: dict[str, str] = {}
    strangers = 0
    for number, line in _lines(path):
        row = _object(path, number, line)
        text = row.get("text")
        if not isinstance(text, str):
            raise DataError(f"{path} line {number} has no text: write {_FORM}")
        key = row.get("id", row.get("question_id"))
        if key is None and not {"image_id", "prompt"} <= row.keys():
            raise DataError(f"{path} line {number} says of no item what it answers: write {_FORM}")
        item = by_id.get(str(key)) if key is not None else by_prompt.get((str(row["image_id"]), str(row["prompt"])))
        if item is None:
            strangers += 1
        elif item in texts:
            raise DataError(f"{path} line {number} answers item {item} a second time: keep one answer an item")
        else:
            texts[item] = text
    if not texts:
        first = f"its first item is {items[0].id}" if items else "it has no item"
        raise DataError(f"{path} answers no item of the suite: {first}; write {_FORM}")
    return AnswersRead(texts, strangers)


def answers_digest(texts: Mapping[str, str]) -> str:
    """The SHA-256 of answers, whatever their order."""
    return hashlib.sha256(json.dumps(sorted(texts.items())).encode()).hexdigest()


class AnswerLog:
    """``answers.jsonl`` in a folder, grown line by line, so that a job that was killed goes on where it was.

    ``asked.json`` beside it says whose answers to what they are; another policy's or other questions' are refused.
    """

    def __init__(self, folder: Path, fingerprint: str, says: str) -> None:
        """Open what is there, or begin.

        Args:
            folder: is made.
            fingerprint: of everything that answers depend on.
            says: the same in words, for people who look into the folder.

        Raises:
            DataError: the folder holds answers of another fingerprint, or of none.
            ResourceError: it cannot be written.
        """
        self.path, asked = folder / ANSWERS_FILE, folder / ASKED_FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not asked.exists():
                if self.path.exists():
                    raise DataError(f"{self.path} is there without {ASKED_FILE}: name an empty folder as --out")
                partial = asked.with_suffix(".partial")
                partial.write_text(json.dumps({"fingerprint": fingerprint, "says": says}, indent=2) + "\n")
                partial.rename(asked)
            found = _object(asked, 1, asked.read_bytes())
            if found.get("fingerprint") != fingerprint:
                raise DataError(
                    f"{folder} holds answers of {str(found.get('says'))[:200]}, not of {says[:200]}: name another "
                    "folder as --out, or delete that one"
                )
            self.texts = self._reopen()
        except OSError as e:
            raise ResourceError(f"cannot write to {folder}: {e.strerror or e}; name a folder that can be made") from e

    def add(self, answers: Mapping[str, str]) -> None:
        """Append answers by item id; they are on the disk when this returns.

        Raises:
            ResourceError: they cannot be written.
        """
        lines = "".join(json.dumps({"id": item, "text": text}) + "\n" for item, text in answers.items())
        try:
            with self.path.open("a", encoding="utf-8") as f:
                f.write(lines)
                f.flush()
                os.fsync(f.fileno())
        except OSError as e:
            raise ResourceError(f"cannot write {self.path}: {e.strerror or e}") from e
        self.texts |= answers

    def _reopen(self) -> dict[str, str]:
        """What was answered so far; a line that was cut off by a crash is taken away."""
        if not self.path.exists():
            return {}
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            os.truncate(self.path, len(whole))
        texts: dict[str, str] = {}
        for number, line in enumerate(whole.splitlines(), 1):
            row = _object(self.path, number, line)
            if not isinstance(row.get("id"), str) or not isinstance(row.get("text"), str):
                raise DataError(f"{self.path} line {number} is no answer with id and text: delete the line")
            texts[row["id"]] = row["text"]
        return texts


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that are not empty, with their numbers."""
    try:
        with path.open("rb") as f:
            for number, line in enumerate(f, 1):
                if line.strip():
                    yield number, line
    except FileNotFoundError as e:
        raise DataError(f"{path} does not exist: --answers takes a file of {_FORM}") from e
    except OSError as e:
        raise DataError(f"{path} cannot be read ({e.strerror})") from e


def _object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as e:
        raise DataError(f"{path} line {number} is not valid JSON: write {_FORM}") from e
    if not isinstance(row, dict):
        raise DataError(f"{path} line {number} is a {type(row).__name__}, not an object: write {_FORM}")
    return row
