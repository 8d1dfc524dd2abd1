"""Which characters of a response an answer says are wrong, told alike however the annotator drew the edits.

    edits ──► grown to whole words ──► cut to the words that differ ──► insertions put on a character ──► segments

So ``two cups`` replaced by ``three cups``, ``two`` replaced by ``three``, and ``two`` deleted with ``three`` typed in
its place are one and the same segment ``two``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby

from redraft.records import Answer, Correction, Edit, HallucinationType, Record
from redraft.segments import diff_edits, snap_edits

JUDGED = (Answer.CORRECTED, Answer.CLEAN, Answer.MARKED)
"""Answers that say whether the response is right; skips and flags do not."""


class Segment(Record):
    """Characters ``[start, end)`` of the original that are wrong.

    ``replacement`` is what should stand there, None where an evaluation only marks. An ``inserted`` segment is the one
    character that something has to be put next to: the first one from its place on that is not white space, at the end
    of the text the last one.
    """

    start: int
    end: int
    type: HallucinationType
    replacement: str | None = None
    inserted: bool = False

    def touches(self, other: Segment) -> bool:
        """Whether the two share at least one character."""
        return self.start < other.end and other.start < self.end

    @property
    def place(self) -> tuple[int, int]:
        """Start and end."""
        return self.start, self.end


def judged(answers: Iterable[Correction]) -> list[Correction]:
    """The current answers of annotators that say whether the response is right: no reviews, skips and flags."""
    return [a for a in answers if a.current and not a.review and a.answer in JUDGED]


def by_task(answers: Iterable[Correction]) -> dict[str, list[Correction]]:
    """Answers by the task they are about; tasks in the order of their ids, answers in that of annotators' names."""
    ordered = sorted(answers, key=lambda a: (a.task_id, a.annotator, a.revision))
    return {task: list(group) for task, group in groupby(ordered, key=lambda a: a.task_id)}


def segments_of(answer: Correction) -> tuple[Segment, ...]:
    """What the answer says is wrong, in the order of the text; nothing for a clean one, a skip or a flag."""
    if answer.answer is Answer.MARKED:
        found = [(mark.span.start, mark.span.end, mark.type) for mark in answer.marks if mark.type is not None]
        segments = [Segment(start=start, end=end, type=kind) for start, end, kind in sorted(found)]
        return _tidied(answer.original, segments)
    return segments_of_edits(answer.original, answer.edits)


def segments_of_edits(text: str, edits: Sequence[Edit]) -> tuple[Segment, ...]:
    """The segments that edits of ``text`` change, in its order.

    Neighbours of one type with nothing but white space between them are one segment.

    Raises:
        EditError: if the edits do not fit the text.
    """
    return _segments_of_edits(text, tuple(edits))


@lru_cache(maxsize=16_384)
def _segments_of_edits(text: str, edits: tuple[Edit, ...]) -> tuple[Segment, ...]:
    """Kept, because every measure asks for the segments of the same answers."""
    segments = []
    for edit in snap_edits(text, edits):
        for part in diff_edits(text[edit.start : edit.end], edit.replacement):
            start, end = edit.start + part.start, edit.start + part.end
            segments.append(Segment(start=start, end=end, type=edit.type, replacement=part.replacement))
    return _tidied(text, segments)


def _tidied(text: str, segments: Iterable[Segment]) -> tuple[Segment, ...]:
    placed = [found for segment in segments if (found := _placed(text, segment))]
    joined: list[Segment] = []
    for segment in sorted(placed, key=lambda s: s.place):
        last = joined[-1] if joined else None
        if last and last.type is segment.type and not text[last.end : segment.start].strip():
            joined[-1] = _joined(last, segment)
        else:
            joined.append(segment)
    return tuple(joined)


def _placed(text: str, segment: Segment) -> Segment | None:
    """Without white space at its ends, an insertion on its character; None in a text of white space alone."""
    inside = text[segment.start : segment.end]
    if inside.strip():
        start = segment.start + len(inside) - len(inside.lstrip())
        return segment.model_copy(update={"start": start, "end": start + len(inside.strip())})
    if inside:
        return segment
    behind = text[segment.start :]
    at = len(text) - len(behind.lstrip()) if behind.strip() else len(text.rstrip()) - 1
    return segment.model_copy(update={"start": at, "end": at + 1, "inserted": True}) if at >= 0 else None


def _joined(one: Segment, two: Segment) -> Segment:
    words = [part.replacement for part in (one, two)]
    told = None if None in words else " ".join(word.strip() for word in words if word)
    changes = {"end": max(one.end, two.end), "replacement": told, "inserted": one.inserted and two.inserted}
    return one.model_copy(update=changes)
