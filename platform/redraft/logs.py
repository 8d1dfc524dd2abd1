"""Structured logs: every process of a run writes JSON lines into ``RUN/logs``, each with what it is about.

about(round=2, policy="r02-…")  ──►  Python's logging  ──►  logs/PROCESS-HOST-PID.jsonl, and the terminal as ever
       │
   logs_here() in a process that keeps logs  ──►  carried(…) in one that works for it
"""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from redraft.records import Record

OURS = ("redraft", "redraft_actors", "redraft_ui")
"""Loggers that are kept from INFO on; of all others, warnings and errors are."""

FILE_ONLY = {"file_only": True}
"""``extra`` of a line that says what the terminal is told in other words."""

_SECRETS = re.compile(
    r"(?<=://)[^/\s@]*:[^/\s@]*(?=@)"  # a password in a URL
    r"|(?<=[Bb]earer )[^\s'\",]+"
    r"|(?<=[?&#;])((?:[\w.-]*(?:password|secret|token|signature|credential)))=[^&\s'\"]+",
    re.IGNORECASE,
)


class About(Record):
    """What this thread or task works on."""

    round: int | None = None
    policy: str | None = None
    dataset: str | None = None


class LogPlace(Record):
    """The logs of a run, and what is worked on: what a process needs to go on with them."""

    root: str
    run: str
    about: About = About()


_log = logging.getLogger(__name__)
_ABOUT: ContextVar[About] = ContextVar("about", default=About())  # noqa: B039  frozen


@contextmanager
def about(**changed: Any) -> Iterator[None]:
    """Say what the ``with`` block is about, by fields of ``About``; the others stay as they are.

    Tasks and ``asyncio.to_thread`` take it along, threads that are started by hand do not.
    """
    before = _ABOUT.set(About.model_validate(_ABOUT.get().model_dump() | changed))
    try:
        yield
    finally:
        _ABOUT.reset(before)


def about_now() -> About:
    """What was said last."""
    return _ABOUT.get()


class RunFilter(logging.Filter):
    """Gives records ``run``, ``round`` and ``policy``; lets pass what is worth keeping."""

    def __init__(self, run: str) -> None:
        super().__init__()
        self.run = run

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to keep it."""
        now = about_now()
        record.run, record.round, record.policy = self.run, now.round, now.policy
        return record.levelno >= logging.WARNING or record.name.partition(".")[0] in OURS


class JsonLines(logging.Formatter):
    """One object a line: time (UTC), level, logger, run, round, policy, message, and an exception's traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "run": getattr(record, "run", None),
            "round": getattr(record, "round", None),
            "policy": getattr(record, "policy", None),
            "message": without_secrets(record.getMessage()),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = without_secrets("".join(traceback.format_exception(*record.exc_info)))
        return json.dumps(line, ensure_ascii=False)


class LogFile(logging.Handler):
    """Appends lines to a file that is made with the first one; each is written in one piece, and nothing is held."""

    def __init__(self, root: Path, run: str, process: str) -> None:
        super().__init__()
        self.root, self.run = root.resolve(), run
        self.path = self.root / "logs" / f"{process}-{socket.gethostname()}-{os.getpid()}.jsonl"
        self.addFilter(RunFilter(run))
        self.setFormatter(JsonLines())

    def emit(self, record: logging.LogRecord) -> None:
        """Append; what goes wrong is reported as Python's logging reports it, and stops nobody's work."""
        try:
            line = (self.format(record) + "\n").encode("utf-8", "backslashreplace")
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
            try:
                os.write(file, line)
            finally:
                os.close(file)
        except OSError:
            self.handleError(record)


class _Terminal(logging.Handler):
    """Shows what Python would have shown without any handler, but for what is for the file alone."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        if logging.lastResort is not None and not getattr(record, "file_only", False):
            logging.lastResort.handle(record)


@contextmanager
def run_logs(root: Path, run: str, process: str) -> Iterator[Path]:
    """Keep what this process logs while the ``with`` block runs; yields the file.

    Args:
        root: the run folder.
        run: the run's name.
        process: what the process is, such as ``controller``.
    """
    top, before = logging.getLogger(), {name: logging.getLogger(name).level for name in OURS}
    added = _attach(root, run, process)
    try:
        yield added[0].path
    finally:
        for handler in added:
            top.removeHandler(handler)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def logs_here() -> LogPlace | None:
    """The logs that this process keeps, for ``carried`` in another one; None if it keeps none."""
    for handler in reversed(logging.getLogger().handlers):
        if isinstance(handler, LogFile):
            return LogPlace(root=str(handler.root), run=handler.run, about=about_now())
    return None


@contextmanager
def carried(place: LogPlace | None, process: str) -> Iterator[None]:
    """Keep the logs of the run that this process works for while the ``with`` block runs.

    Nothing is kept without a place, nor on a machine that does not see the run folder. An error that ends the block is
    logged with its traceback.
    """
    with ExitStack() as stack:
        if place is not None and Path(place.root).is_dir():
            stack.enter_context(run_logs(Path(place.root), place.run, process))
            stack.enter_context(about(**place.about.model_dump()))
            stack.enter_context(failures_logged(_log))
        yield


@contextmanager
def failures_logged(log: logging.Logger) -> Iterator[None]:
    """Log the error that ends the ``with`` block, with its traceback; it goes on its way."""

    def tell(kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, Exception):
            log.error("failed: %s", error, exc_info=error, extra=FILE_ONLY)

    with ExitStack() as stack:
        stack.push(tell)
        yield


def _attach(root: Path, run: str, process: str) -> tuple[LogFile, *tuple[logging.Handler, ...]]:
    file = LogFile(root, run, process)
    top = logging.getLogger()
    # Without any handler, Python shows warnings on the terminal; with this one alone it would not.
    shown = [] if top.handlers else [_Terminal()]
    for handler in (file, *shown):
        top.addHandler(handler)
    for name in OURS:
        if logging.getLogger(name).level == logging.NOTSET:
            logging.getLogger(name).setLevel(logging.INFO)
    return (file, *shown)


def without_secrets(text: str) -> str:
    """Passwords in URLs and tokens, if any came this far, become ``***``."""
    return _SECRETS.sub(lambda found: f"{found[1]}=***" if found[1] else "***", text)
