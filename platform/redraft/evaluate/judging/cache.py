"""Answers on disk, so that no question is paid for twice: one SQLite file, a row an answer.

A row holds the answer and the hash of what was asked, never the question: images and policies' texts stay out of it.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from redraft.errors import StorageError
from redraft.evaluate.judging.protocol import JudgeAnswer

_TABLE = """
CREATE TABLE IF NOT EXISTS judge_answers (
    key TEXT PRIMARY KEY,
    prompt_version TEXT NOT NULL,
    model TEXT NOT NULL,
    text TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    asked_at REAL NOT NULL
) STRICT
"""
_Kept = tuple[str, str, int, int, float]
_READ = "SELECT text, model, prompt_tokens, completion_tokens, asked_at FROM judge_answers WHERE key = ?"
_WRITE = "INSERT OR IGNORE INTO judge_answers VALUES (?, ?, ?, ?, ?, ?, ?)"


class AnswerCache:
    """Answers by the hash of everything they depend on; may be shared by threads and by processes."""

    def __init__(self, path: Path) -> None:
        """Open ``path``, or make it and its folder.

        Raises:
            StorageError: it cannot be written, or is another kind of file.
        """
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as e:
            raise StorageError(f"the judge's cache {path} cannot be made ({e}): name another file") from e
        try:
            self._connection.execute(_TABLE)
        except sqlite3.Error as e:
            self._connection.close()
            raise StorageError(f"{path} is no judge's cache ({e}): name another file, or delete it") from e

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get(self, key: str) -> JudgeAnswer | None:
        """The answer kept under ``key``.

        Raises:
            StorageError: the file cannot be read.
        """
        row = self._execute(_READ, (key,))
        return None if row is None else JudgeAnswer(*row, cached=True)

    def put(self, key: str, prompt_version: str, answer: JudgeAnswer) -> None:
        """Keep an answer; the first one under a key stays.

        Raises:
            StorageError: the file cannot be written.
        """
        tokens = (answer.prompt_tokens, answer.completion_tokens)
        self._execute(_WRITE, (key, prompt_version, answer.model, answer.text, *tokens, answer.asked_at))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def _execute(self, statement: str, values: tuple[str | int | float, ...]) -> _Kept | None:
        try:
            with self._lock, closing(self._connection.execute(statement, values)) as cursor:
                row: _Kept | None = cursor.fetchone()
                return row
        except sqlite3.Error as e:
            raise StorageError(f"the judge's cache {self.path} cannot be used ({e}): name another file") from e
