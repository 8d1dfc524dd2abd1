"""Where the app of a run is served just now, as other commands find out."""

from __future__ import annotations

import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from redraft.records import Record

START_SECONDS = 120.0
_LOOK_SECONDS = 0.2
_ANSWER_SECONDS = 5.0


class Running(Record):
    """``url`` is for people; at ``local`` the machine that serves the app reaches it."""

    url: str
    local: str


@contextmanager
def announced(root: Path, url: str, local: str) -> Iterator[None]:
    """Tell other commands where the app of the run in ``root`` is, as long as the block lasts."""
    file = _file(root)
    file.write_text(Running(url=url, local=local).model_dump_json() + "\n")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def served_at(root: Path) -> str | None:
    """The address of the run's app, if it is served from this machine now."""
    try:
        running = Running.model_validate_json(_file(root).read_text())
    except (FileNotFoundError, ValidationError):
        return None
    return running.url if _answers(running.local) else None


def wait_until_up(local: str, server: subprocess.Popen[bytes], seconds: float = START_SECONDS) -> bool:
    """Whether the app at ``local`` answers before its server ends or the time is over."""
    end = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < end:
        if _answers(local):
            return True
        time.sleep(_LOOK_SECONDS)
    return False


def _answers(local: str) -> bool:
    try:
        with urllib.request.urlopen(f"{local}/healthz", timeout=_ANSWER_SECONDS) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _file(root: Path) -> Path:
    return root / "ui.json"
