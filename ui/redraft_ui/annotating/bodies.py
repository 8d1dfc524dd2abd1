"""What callers send to the desk; everything is bounded. ``views.py`` holds what they get.

Positions are Unicode code points of the original text, half-open ``[start, end)``.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from redraft.records import Answer, Edit, HallucinationType, Mark, Record, TaskState, Typing

MOST_EDITS = 500
LONGEST_TEXT = 20_000
"""Characters of a corrected text; the store takes no longer ones either."""


class EditIn(Record):
    """Replace ``original[start:end]`` by ``replacement``; a ``type`` that is left out is suggested from the words."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    replacement: str = Field(max_length=LONGEST_TEXT)
    type: HallucinationType | None = None

    @model_validator(mode="after")
    def _is_an_edit(self) -> Self:
        Edit(start=self.start, end=self.end, replacement=self.replacement, type=HallucinationType.OTHER)
        return self


Edits = Annotated[tuple[EditIn, ...], Field(max_length=MOST_EDITS)]
Marks = Annotated[tuple[Mark, ...], Field(max_length=MOST_EDITS)]
Seconds = Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)]
Nonce = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
Confirmed = Annotated[tuple[Annotated[str, StringConstraints(max_length=40)], ...], Field(max_length=10)]
Given = Literal[Answer.CORRECTED, Answer.CLEAN, Answer.MARKED]


class DraftIn(Record):
    """What stands in the editor; the newest ``revision`` wins."""

    revision: int = Field(ge=0, lt=2**31)
    edits: Edits = ()
    marks: Marks = ()
    typing: Typing | None = None
    seconds: Seconds = 0.0


class SkipIn(Record):
    """A task that cannot be told: somebody else will see it.

    ``nonce`` is new for every answer and the same when it is sent again. ``seconds`` is active time; ``elapsed``, if
    it was measured, all the time since the task was shown. With ``next``, the outcome holds the task to do next.
    """

    nonce: Nonce
    seconds: Seconds = 0.0
    elapsed: Seconds | None = None
    next: bool = False


class FlagIn(SkipIn):
    """A task that is unfit, and why; a reviewer will look at it."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class SubmitIn(SkipIn):
    """An answer: ``corrected`` with edits, ``clean`` without any, ``marked`` with marks of what is wrong.

    ``corrected`` is the text that the editor showed; it must be what the edits give. ``confirmed`` names the questions
    of the guard rails that were answered with yes.
    """

    answer: Given
    edits: Edits = ()
    marks: Marks = ()
    corrected: str | None = Field(default=None, max_length=LONGEST_TEXT)
    shaded: bool = True
    confirmed: Confirmed = ()


class PreviewIn(Record):
    """The edits to look at."""

    edits: Edits = ()


class ReviewIn(Record):
    """The reviewer's own answer, which stands in for all others."""

    nonce: Nonce
    answer: Given
    edits: Edits = ()
    marks: Marks = ()
    corrected: str | None = Field(default=None, max_length=LONGEST_TEXT)
    reason: str = Field(default="", max_length=2000)
    seconds: Seconds = 0.0
    elapsed: Seconds | None = None
    confirmed: Confirmed = ()


class ResolveIn(Record):
    """What becomes of a flagged task: back to the annotators, or off the worklist."""

    state: Literal[TaskState.OPEN, TaskState.RETIRED]
