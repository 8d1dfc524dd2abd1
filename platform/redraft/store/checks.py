"""What an answer must be to be taken: checked here, whoever sends it, and made into a correction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import sqlalchemy as sa

from redraft.errors import EditError, WorklistError
from redraft.records import Answer, Arm, Correction, Submission, Task, stable_id
from redraft.segments import apply_edits
from redraft.store import tables
from redraft.store.rows import check_text, from_row

MAX_CHARACTERS = 20_000
"""Longest corrected text that is accepted."""

MAX_MARKS = 1_000
"""Most marks, and most confirmed questions, that come with an answer."""

_corrections = tables.corrections


@dataclass(frozen=True, slots=True)
class Original:
    """What an answer is about: a task, as far as its answers repeat it."""

    id: str
    round: int
    text: str
    arm: str
    project: str

    @classmethod
    def of(cls, task: Task | sa.Row[Any]) -> Self:
        """The task's, of a record or a row."""
        return cls(task.id, task.round, task.text, task.arm, task.project)


def checked(
    task: Original, submission: Submission, now: float, *, revision: int = 0, review: bool = False, gold: bool = False
) -> Correction:
    """The correction that a submission makes of a task's response.

    Raises:
        EditError: edits, marks or the corrected text do not fit the response, or do not fit the answer.
        DataError: a text cannot be stored.
    """
    kind = "review" if review else "correction"
    parts = (revision,) if revision else ()
    corrected = _corrected(task.text, submission)
    _check_marks(task.text, submission)
    return Correction(
        id=stable_id(kind, task.id, submission.annotator, *parts),
        task_id=task.id,
        round=task.round,
        annotator=submission.annotator,
        answer=submission.answer,
        original=task.text,
        corrected=corrected,
        edits=submission.edits,
        arm=Arm(task.arm),
        seconds=submission.seconds,
        submitted_at=now,
        project=task.project,
        marks=submission.marks,
        elapsed=submission.elapsed,
        shaded=submission.shaded,
        reason=submission.reason,
        revision=revision,
        review=review,
        gold=gold,
    )


def taken_before(connection: sa.Connection, submission: Submission, *, review: bool = False) -> Correction | None:
    """What was stored for the submission's nonce, or None.

    Raises:
        WorklistError: the nonce came with another submission.
    """
    check_text("the nonce", submission.nonce)
    query = sa.select(_corrections).where(_corrections.c.nonce == submission.nonce)
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    stored = from_row(Correction, row)
    same = ("task_id", "annotator", "answer", "edits", "marks")
    if stored.review != review or any(getattr(stored, name) != getattr(submission, name) for name in same):
        raise WorklistError(f"nonce {submission.nonce} was already used for another submission: send a new one")
    return stored


def _corrected(original: str, submission: Submission) -> str:
    corrected = _apply(original, submission)
    if submission.corrected is not None and submission.corrected != corrected:
        raise EditError(
            "the edits do not give the corrected text that came with them: count positions in code points of the "
            "original text"
        )
    return corrected


def _apply(original: str, submission: Submission) -> str:
    if submission.answer is not Answer.CORRECTED:
        if submission.edits:
            raise EditError(f"an answer of {submission.answer} takes no edits, got {len(submission.edits)}")
        return original
    for edit in submission.edits:
        check_text(f"the replacement at {edit.start}", edit.replacement)
    corrected = apply_edits(original, submission.edits)
    if corrected == original:
        raise EditError("the edits change nothing: edit the wrong words, or answer that the response is clean")
    if not corrected.strip():
        raise EditError("the edits leave no text: keep what is right, or skip the task")
    if len(corrected) > MAX_CHARACTERS:
        raise EditError(f"the corrected text has {len(corrected)} characters, more than {MAX_CHARACTERS}")
    return corrected


def _check_marks(original: str, submission: Submission) -> None:
    if len(submission.marks) > MAX_MARKS or len(submission.confirmed) > MAX_MARKS:
        raise EditError(f"an answer takes at most {MAX_MARKS} marks and confirmed questions")
    for mark in submission.marks:
        if mark.span.start == mark.span.end or mark.span.end > len(original):
            raise EditError(
                f"the mark [{mark.span.start}, {mark.span.end}) is empty or reaches past the text, which has "
                f"{len(original)} characters"
            )
    wrong = any(mark.type is not None for mark in submission.marks)
    if submission.answer is Answer.MARKED and not wrong:
        raise EditError("nothing is marked as wrong: mark the wrong words, or answer that the response is clean")
    if submission.answer is Answer.CLEAN and wrong:
        raise EditError("a clean response has no words that are marked as wrong: take the marks away, or send them")
