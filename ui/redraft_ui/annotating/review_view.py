"""Answers to one task side by side: where they differ, and how far they agree.

A place is a stretch of the original that at least one answer changes or marks; what two answers say overlaps is one
place. An answer that does nothing at a place leaves it as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from redraft.errors import EditError
from redraft.records import Answer, Record
from redraft.segments import apply_edits, snap_edits
from redraft_ui.annotating.views import ReviewAnswer, ReviewRow
from redraft_ui.marked_text import edited_html

Table = tuple[list[str], list[list[str]]]
_Range = tuple[int, int]

LEFT = "left as it is"
_KINDS = {
    Answer.CORRECTED: "corrected it",
    Answer.CLEAN: "found no hallucination",
    Answer.MARKED: "marked what is wrong",
    Answer.FLAGGED: "flagged the task",
}


class Place(Record):
    """``original[start:end]`` and what each answer makes of it, in their order."""

    start: int
    end: int
    original: str
    said: tuple[str, ...]

    @property
    def agreed(self) -> bool:
        """Whether all say the same."""
        return len(set(self.said)) == 1


def judging(answers: Sequence[ReviewAnswer]) -> list[ReviewAnswer]:
    """Those that say something about the text, annotators' first."""
    return sorted((a for a in answers if a.answer in (Answer.CORRECTED, Answer.CLEAN, Answer.MARKED)), key=_reviewed)


def places(original: str, answers: Sequence[ReviewAnswer]) -> list[Place]:
    """All places in the order of the text, told in whole words."""
    found: list[tuple[int, int, set[_Range]]] = []
    answers = [answer.model_copy(update={"edits": snap_edits(original, answer.edits)}) for answer in answers]
    for start, end in sorted({r for answer in answers for r in _ranges(answer)}):
        if found and (start < found[-1][1] or start == found[-1][0]):
            first, last, members = found.pop()
            found.append((first, max(last, end), members | {(start, end)}))
        else:
            found.append((start, end, {(start, end)}))
    return [
        Place(
            start=start,
            end=end,
            original=original[start:end],
            said=tuple(_said(original[start:end], start, answer, members) for answer in answers),
        )
        for start, end, members in found
    ]


def agreement(answers: Sequence[ReviewAnswer], found: Sequence[Place]) -> str:
    """How far the answers agree, in a sentence."""
    if len(answers) < 2:
        return "There is one answer." if answers else "Nobody has judged the text."
    if len({answer.answer for answer in answers}) > 1:
        return f"The {len(answers)} answers disagree on whether anything is wrong."
    differ = sum(not place.agreed for place in found)
    if not differ:
        return f"All {len(answers)} answers agree."
    return f"The {len(answers)} answers differ in {differ} of {len(found)} places."


def places_table(found: Sequence[Place], names: Sequence[str]) -> Table:
    """Head and rows: what each answer says at each place."""
    head = ["Original", *names, "Agreement"]
    rows = [
        [f"“{place.original}”" if place.original else "(nothing)", *place.said, "same" if place.agreed else "differ"]
        for place in found
    ]
    return head, rows


def said_html(original: str, answer: ReviewAnswer) -> str:
    """An answer in full: the text with its edits or marks, and the reason that was given."""
    try:
        text = edited_html(original, answer.edits)
    except EditError:
        text = f'<p class="rd-running">{escape(answer.corrected)}</p>'
    parts = [text]
    for mark in answer.marks:
        word = "right" if mark.type is None else f"wrong: {mark.type.value}"
        words = original[mark.span.start : mark.span.end]
        parts.append(f'<p class="rd-meta">{escape(f"“{words}” {word}")}</p>')
    if answer.reason:
        parts.append(f'<p class="rd-meta">{escape(f"Reason: {answer.reason}")}</p>')
    return "".join(parts)


def told(answer: ReviewAnswer) -> str:
    """What kind of answer it is, in words."""
    return _KINDS.get(answer.answer, answer.answer.value)


def names_of(answers: Sequence[ReviewAnswer], *, blind: bool) -> list[str]:
    """What each answer is called: a number unless names are shown; a reviewer's version is called that."""
    names, number = [], 0
    for answer in answers:
        number += not answer.review
        name = "Review" if answer.review else f"Answer {number}"
        names.append(name if blind else f"{name}, {answer.annotator}")
    return names


def row_label(row: ReviewRow) -> str:
    """A waiting task in a line."""
    why = "flagged" if row.flagged else "answers differ" if row.differ else "a look"
    start = " ".join(row.text.split())
    return f"{why} · {start[:60]}{'…' if len(start) > 60 else ''}"


def _ranges(answer: ReviewAnswer) -> list[_Range]:
    marked = [(mark.span.start, mark.span.end) for mark in answer.marks if mark.type is not None]
    return [(edit.start, edit.end) for edit in answer.edits] + marked


def _said(original: str, at: int, answer: ReviewAnswer, members: set[_Range]) -> str:
    """What an answer makes of the place that begins at ``at`` and is made of those ranges."""
    wrong = [str(m.type) for m in answer.marks if m.type is not None and (m.span.start, m.span.end) in members]
    if wrong:
        return f"wrong: {', '.join(dict.fromkeys(wrong))}"
    mine = [edit for edit in answer.edits if (edit.start, edit.end) in members]
    if not mine:
        return LEFT
    moved = [edit.model_copy(update={"start": edit.start - at, "end": edit.end - at}) for edit in mine]
    text = apply_edits(original, moved)
    kinds = ", ".join(dict.fromkeys(edit.type.value for edit in mine))
    return f"“{text}” ({kinds})" if text.strip() else f"removed ({kinds})"


def _reviewed(answer: ReviewAnswer) -> bool:
    return answer.review
