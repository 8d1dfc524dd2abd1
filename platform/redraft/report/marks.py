"""A correction as one running text: what stayed, what was struck out, what was written in."""

from __future__ import annotations

from typing import Literal

from redraft.records import Correction, HallucinationType, Record


class Mark(Record):
    """A stretch of text; ``type`` says what an edit was about."""

    kind: Literal["kept", "deleted", "inserted"]
    text: str
    type: HallucinationType | None = None


def marked(correction: Correction) -> tuple[Mark, ...]:
    """Both texts in one: kept and deleted marks spell the original, kept and inserted ones the corrected text."""
    marks: list[Mark] = []
    position = 0
    for edit in sorted(correction.edits, key=lambda e: (e.start, e.end)):
        marks += [
            Mark(kind="kept", text=correction.original[position : edit.start]),
            Mark(kind="deleted", text=correction.original[edit.start : edit.end], type=edit.type),
            Mark(kind="inserted", text=edit.replacement, type=edit.type),
        ]
        position = edit.end
    marks.append(Mark(kind="kept", text=correction.original[position:]))
    return tuple(mark for mark in marks if mark.text)
