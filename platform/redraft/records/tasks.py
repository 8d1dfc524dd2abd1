"""Responses that wait for people, and what an annotator holds while working on one."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from redraft.records.answers import Edit, Mark
from redraft.records.base import Record, Span
from redraft.records.people import MAIN_PROJECT
from redraft.records.responses import Arm, SpanScore


class TaskState(StrEnum):
    """Where a task stands. A leased one has no place left: each answer still wanted is somebody's live lease.

    ``FLAGGED`` was reported as unfit by an annotator and waits for a reviewer.
    """

    OPEN = "open"
    LEASED = "leased"
    DONE = "done"
    RETIRED = "retired"
    FLAGGED = "flagged"


class Task(Record):
    """One response waiting for people.

    ``wanted`` answers are asked of as many different annotators. A ``gold`` task has a known answer: everybody may be
    given it, and nobody learns from it but the annotator.
    """

    id: str
    round: int
    response_id: str
    image_id: str
    prompt: str
    text: str
    spans: tuple[SpanScore, ...]
    arm: Arm
    priority: float
    policy: str
    state: TaskState = TaskState.OPEN
    project: str = MAIN_PROJECT
    wanted: int = Field(default=1, ge=1, le=100)
    gold: bool = False


class Lease(Record):
    """A task that an annotator holds until ``expires_at``; ``training`` says that feedback follows the answer."""

    task: Task
    annotator: str
    expires_at: float
    training: bool = False


class GoldRules(Record):
    """When an annotator is given a task with a known answer.

    The first ``training`` tasks that an annotator gets are gold, with feedback; later one in about ``1 / share`` is,
    without any.
    """

    training: int = Field(default=0, ge=0)
    share: float = Field(default=0.0, ge=0, lt=1)


class Typing(Record):
    """What stands in an open input of the editor: it would replace ``span`` of the original."""

    span: Span
    text: str


class Draft(Record):
    """An unfinished answer; of two, the one with the higher ``revision`` is newer."""

    task_id: str
    annotator: str
    revision: int = Field(ge=0)
    edits: tuple[Edit, ...] = ()
    marks: tuple[Mark, ...] = ()
    typing: Typing | None = None
    seconds: float = Field(default=0.0, ge=0)
    saved_at: float = 0.0


class Gold(Record):
    """The known answer to a task: the right edits (none: it is clean), and the words that explain it."""

    task_id: str
    edits: tuple[Edit, ...]
    explanation: str = ""
    author: str
    created_at: float
