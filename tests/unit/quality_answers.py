"""Answers to one short response, as annotators would have given them."""

from __future__ import annotations

from typing import Any

from redraft.records import Answer, Arm, Correction, Edit, Gold, HallucinationType, Mark, Span, SpanScore, Task
from redraft.segments import apply_edits

TEXT = "two red cups and a dog"
NUMBER, ATTRIBUTE, OBJECT = HallucinationType.NUMBER, HallucinationType.ATTRIBUTE, HallucinationType.OBJECT
Change = tuple[str, str] | tuple[str, str, HallucinationType]


def edits_of(text: str, *changes: Change) -> tuple[Edit, ...]:
    """Edits that put one wording in place of another; ``|`` in the old one is a place to insert at."""
    made = []
    for old, new, *kind in changes:
        plain = old.replace("|", "")
        start = text.index(plain) + (old.index("|") if "|" in old else 0)
        end = start if "|" in old else start + len(old)
        made.append(Edit(start=start, end=end, replacement=new, type=kind[0] if kind else OBJECT))
    return tuple(made)


def answer(task: str, annotator: str, *changes: Change, text: str = TEXT, **fields: Any) -> Correction:
    """A correction by the changes; without any, the answer that the response is clean."""
    edits = edits_of(text, *changes)
    plain = {
        "id": f"{task}-{annotator}{'-review' if fields.get('review') else ''}",
        "task_id": task,
        "round": 1,
        "annotator": annotator,
        "answer": Answer.CORRECTED if edits else Answer.CLEAN,
        "original": text,
        "corrected": apply_edits(text, edits),
        "edits": edits,
        "arm": Arm.UNCERTAIN,
        "seconds": 30.0,
        "submitted_at": 0.0,
    }
    return Correction.model_validate(plain | fields)


def marked(task: str, annotator: str, *words: str, kind: HallucinationType | None = OBJECT) -> Correction:
    """An evaluation's answer: words marked as wrong."""
    starts = [TEXT.index(word) for word in words]
    marks = tuple(
        Mark(span=Span(start=start, end=start + len(word)), type=kind)
        for start, word in zip(starts, words, strict=True)
    )
    return answer(task, annotator, answer=Answer.MARKED, marks=marks)


def gold(task: str, *changes: Change, text: str = TEXT) -> Gold:
    """A known answer."""
    return Gold(task_id=task, edits=edits_of(text, *changes), author="Grace", created_at=0.0)


def task(name: str, *doubts: str, text: str = TEXT, score: float = 0.9) -> Task:
    """A task whose response's ``doubts`` the policy was unsure of."""
    spans = [Span(start=text.index(word), end=text.index(word) + len(word)) for word in doubts]
    return Task(
        id=name,
        round=1,
        response_id=f"response {name}",
        image_id="image",
        prompt="Describe this image in detail.",
        text=text,
        spans=tuple(SpanScore(span=span, score=score) for span in spans),
        arm=Arm.UNCERTAIN,
        priority=0.5,
        policy="base",
    )
