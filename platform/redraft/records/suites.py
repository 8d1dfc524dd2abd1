"""What an evaluation suite measured of one policy, with everything needed to do it again."""

from __future__ import annotations

from typing import Literal

from redraft.records.base import Record
from redraft.records.evaluation import Interval


class Figure(Record):
    """One figure of a suite; ``interval`` is None where the answers say nothing about it.

    ``unit`` says how to print it: a ``share`` as per cent, a ``score`` or a ``count`` as a plain number.
    """

    name: str
    interval: Interval | None
    unit: Literal["share", "score", "count"] = "share"
    better: Literal["lower", "higher", "neither"] = "lower"
    says: str = ""


class GroupFigures(Record):
    """The same figures within one group of items: a question type, a category, a POPE setting."""

    group: str
    items: int
    figures: tuple[Figure, ...]


class JudgeUse(Record):
    """The judge behind a result: a model, a versioned prompt, and what asking it took.

    ``answers`` were read, ``cached`` of them from an earlier run; ``unparsable`` held no verdict even after retries.
    ``cost`` is in the currency of the configured prices, None without prices. ``first_asked`` and ``last_asked`` are
    UTC seconds of the oldest and newest answer.
    """

    model: str
    prompt_version: str
    answers: int
    cached: int
    unparsable: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    first_asked: float
    last_asked: float


class Source(Record):
    """A file that a result is about: its role, its name without folders, and the SHA-256 of its bytes."""

    role: str
    name: str
    sha256: str


class SuiteResult(Record):
    """One suite, one policy. Kept as ``result.json`` beside ``scores.parquet``, one row an item.

    Two results may be compared where ``suite``, ``variant`` and ``data`` agree; ``variant`` tells apart ways of
    measuring that must never be mixed. ``policy`` is a name for people, ``answers`` the SHA-256 of the answers that
    were scored. ``unanswered`` items had no answer and are in no figure unless the suite says otherwise.
    """

    suite: str
    variant: str
    policy: str
    answers: str
    items: int
    images: int
    unanswered: int
    figures: tuple[Figure, ...]
    groups: tuple[GroupFigures, ...]
    judge: JudgeUse | None
    data: tuple[Source, ...]
    code: str
    seed: int
    bootstrap: int
    measured_at: float
    notes: tuple[str, ...] = ()
