"""What the dataset browser shows of a correction: in a line, in full, and where it went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from html import escape
from typing import TypeVar

from redraft.errors import DataError
from redraft.records import Answer, Arm, Correction, HallucinationType, PolicyVersion
from redraft.store.browse import CorrectionFilter, DatasetRow, FoundCorrection
from redraft_ui.marked_text import edited_html
from redraft_ui.research.wording import lasting, moment

E = TypeVar("E", bound=StrEnum)

Table = tuple[list[str], list[list[str]]]

ANYTHING = "any"
"""What a choice is called that rules nothing out."""


def filter_from(asked: Mapping[str, str]) -> CorrectionFilter:
    """A search as it stands in the address of the page; whatever is no choice there is is left out.

    Raises:
        DataError: the words are too many.
    """
    words = asked.get("words", "").strip()
    if len(words) > 200:
        raise DataError(f"the search has {len(words)} characters: look for at most 200")
    number = asked.get("round", "")
    return CorrectionFilter(
        words=words,
        annotator=asked.get("annotator") or None,
        type=_one_of(HallucinationType, asked.get("type")),
        arm=_one_of(Arm, asked.get("arm")),
        answer=_one_of(Answer, asked.get("answer")),
        round=int(number) if number.isdecimal() and len(number) < 6 else None,
        project=asked.get("project") or None,
        dataset=asked.get("dataset") or None,
        policy=asked.get("policy") or None,
        superseded=asked.get("superseded") == "yes",
    )


def meta_html(found: FoundCorrection) -> str:
    """Who said it, about what, when, as one small line."""
    c = found.correction
    parts = [
        f"{c.answer.value} by {c.annotator}",
        f"round {c.round}, {c.arm.value} arm",
        f"written by {found.policy}",
        moment(c.submitted_at),
        *(["review"] if c.review else []),
        *(["known answer"] if c.gold else []),
        *([] if c.current else [f"revision {c.revision}, reopened since"]),
    ]
    return f'<p class="rd-meta">{escape(" · ".join(parts))}</p>'


def answer_html(correction: Correction) -> str:
    """The text with its edits, and the marks and the reason under it."""
    parts = [edited_html(correction.original, correction.edits)]
    if correction.marks:
        parts.append(f'<p class="rd-meta">{escape(_marks(correction))}</p>')
    if correction.reason:
        parts.append(f'<p class="rd-meta">{escape(f"Reason: {correction.reason}")}</p>')
    return "".join(parts)


def history_table(history: Sequence[Correction]) -> Table:
    """Head and rows: every answer that the task got, in the order of submission."""
    head = ["Submitted", "By", "Answer", "Revision", "Standing", "Active time", "Edits", "Text"]
    rows = [
        [
            moment(c.submitted_at),
            f"{c.annotator} (review)" if c.review else c.annotator,
            c.answer.value,
            str(c.revision),
            _standing(c),
            lasting(c.seconds),
            str(len(c.edits)),
            c.corrected,
        ]
        for c in history
    ]
    return head, rows


def datasets_table(datasets: Sequence[DatasetRow]) -> Table:
    """Head and rows: the dataset versions that hold a correction."""
    head = ["Dataset version", "Round", "Holds", "Made"]
    return head, [[d.id, str(d.round), f"{d.corrections:,} corrections", moment(d.created_at)] for d in datasets]


def policies_table(datasets: Sequence[DatasetRow], policies: Sequence[PolicyVersion]) -> Table:
    """Head and rows: the policies that learned from a correction, themselves or through the one they began from."""
    holding = {dataset.id for dataset in datasets}
    head = ["Policy", "Standing", "How it learned from it"]
    rows = [
        [
            p.id,
            p.status.value,
            "from its dataset" if p.dataset in holding else f"through {p.parent}, which it began from",
        ]
        for p in policies
    ]
    return head, rows


def _standing(correction: Correction) -> str:
    if not correction.current:
        return "reopened since"
    return "in a dataset, or about to be" if correction.frozen else "stands"


def _marks(correction: Correction) -> str:
    said = []
    for mark in correction.marks:
        words = correction.original[mark.span.start : mark.span.end]
        said.append(f"“{words}” {'right' if mark.type is None else f'wrong ({mark.type})'}")
    return f"Marked: {', '.join(said)}"


def _one_of(kind: type[E], name: str | None) -> E | None:
    return next((value for value in kind if value.value == name), None)
