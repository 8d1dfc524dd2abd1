"""How the desk refuses, where the library has no mistake of that kind.

WorklistError ─── NotThere   there is no such task or answer, or it is not the caller's to see
              └── TooFast    an answer that came too soon to be meant
EditError ─────── Asked      a guard rail asks whether the answer is meant
              └── Refused    a guard rail says no
"""

from __future__ import annotations

from typing import Literal

from redraft.errors import EditError, WorklistError
from redraft.records import Record

QuestionName = Literal["rewrite", "style_only"]


class Question(Record):
    """What is asked before an answer is taken, as a sentence that can be answered with yes."""

    name: QuestionName
    message: str


class NotThere(WorklistError):
    """There is no such task or answer, or none that this person may see."""


class TooFast(WorklistError):
    """An answer that came too soon to be meant for this task."""


class Asked(EditError):
    """A guard rail asks whether the answer is meant."""

    def __init__(self, question: Question) -> None:
        super().__init__(question.message)
        self.question = question


class Refused(EditError):
    """A guard rail that is set to refuse, or an answer of the wrong kind."""
