"""What people say about a response."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from redraft.records.base import Record, Span
from redraft.records.people import MAIN_PROJECT
from redraft.records.responses import Arm


class HallucinationType(StrEnum):
    """What a wrong segment is wrong about (RLHF-V, section 3.1, plus number split from attribute)."""

    OBJECT = "object"
    POSITION = "position"
    NUMBER = "number"
    ATTRIBUTE = "attribute"
    ACTION = "action"
    OTHER = "other"


class Answer(StrEnum):
    """What an annotator did with a task; ``MARKED`` names wrong segments without correcting them."""

    CORRECTED = "corrected"
    CLEAN = "clean"
    SKIPPED = "skipped"
    FLAGGED = "flagged"
    MARKED = "marked"


class Edit(Record):
    """Replace ``original[start:end]`` by ``replacement``; an empty range inserts, an empty replacement deletes."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    replacement: str
    type: HallucinationType

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"edit ends at {self.end}, before its start {self.start}")
        if self.start == self.end and not self.replacement:
            raise ValueError(f"edit at {self.start} changes nothing")
        return self


class Mark(Record):
    """A span of the original that a person has judged: ``type`` says what is wrong with it, None that it is right."""

    span: Span
    type: HallucinationType | None = None


class Submission(Record):
    """What an annotator sends: the nonce makes sending it twice the same as sending it once.

    ``corrected``, if given, is the text that the annotator saw the edits give. ``marks`` are spans checked and found
    right (in a correction) or wrong (in an evaluation). ``seconds`` is active time, idle time cut; ``elapsed`` is
    all the time since the task was shown. ``shaded`` says whether the policy's doubts were shown. ``reason`` belongs
    to a flag, ``confirmed`` names the questions of the guard rails that were answered with yes.
    """

    nonce: str = Field(min_length=8, max_length=64)
    task_id: str
    annotator: str
    answer: Answer
    edits: tuple[Edit, ...] = ()
    corrected: str | None = None
    marks: tuple[Mark, ...] = ()
    seconds: float = Field(default=0.0, ge=0)
    elapsed: float = Field(default=0.0, ge=0)
    shaded: bool = True
    reason: str = Field(default="", max_length=2000)
    confirmed: tuple[str, ...] = ()


class Correction(Record):
    """A submission as stored, with the text that its edits give.

    An answer that was reopened keeps its row and is no longer ``current``; its successor has the next ``revision``.
    ``review`` tells a reviewer's version from an annotator's: it stands in for all others of its task. ``frozen``
    answers are in a dataset version, or about to be, and cannot be reopened. ``gold`` answers a task whose answer was
    known.
    """

    id: str
    task_id: str
    round: int
    annotator: str
    answer: Answer
    original: str
    corrected: str
    edits: tuple[Edit, ...]
    arm: Arm
    seconds: float
    submitted_at: float
    project: str = MAIN_PROJECT
    marks: tuple[Mark, ...] = ()
    elapsed: float = 0.0
    shaded: bool = True
    reason: str = ""
    revision: int = 0
    current: bool = True
    review: bool = False
    frozen: bool = False
    gold: bool = False
