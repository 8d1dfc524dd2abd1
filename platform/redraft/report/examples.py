"""A few corrections and a few answers before and after, with their pictures inlined."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from io import BytesIO

from PIL import Image, ImageOps

from redraft.evaluate import descriptions
from redraft.records import Answer, Correction, HallucinationType, Outcome, Record, Split, Task
from redraft.report.history import History
from redraft.report.marks import Mark, marked
from redraft.store import Store

THUMBNAIL = 320
"""Longest side of an inlined picture, in pixels."""


class CorrectionExample(Record):
    """A correction beside its picture."""

    picture: str
    prompt: str
    round: int
    annotator: str
    marks: tuple[Mark, ...]
    types: tuple[HallucinationType, ...]


class AnswerExample(Record):
    """What the base and the policy in force say about one picture of the development split."""

    picture: str
    prompt: str
    label: str
    before: Outcome
    after: Outcome


def correction_examples(history: History, store: Store, most: int = 6) -> list[CorrectionExample]:
    """Corrections of different types first, earlier rounds first."""
    tasks = {task.id: task for task in history.tasks}
    return [
        _correction_example(history, store, correction, tasks[correction.task_id])
        for correction in varied(history.corrections, most)
    ]


def answer_examples(history: History, store: Store) -> list[AnswerExample]:
    """Answers that were mended, and as many as two that still are, or have become, wrong."""
    pair = history.final_pair(Split.DEV)
    if pair is None:
        return []
    before, after = (history.outcomes(evaluation) for evaluation in pair)
    later = {(o.image_id, o.prompt): o for o in descriptions(after)}
    both = [(o, later[o.image_id, o.prompt]) for o in descriptions(before) if (o.image_id, o.prompt) in later]
    mended = [(a, b) for a, b in both if a.errors and not b.errors]
    still = [(a, b) for a, b in both if a.errors and b.errors]
    newly = [(a, b) for a, b in both if not a.errors and b.errors]
    chosen = (
        [("mended", a, b) for a, b in sorted(mended, key=lambda pair: -pair[0].errors)[:3]]
        + [("still wrong", a, b) for a, b in still[:1]]
        + [("newly wrong", a, b) for a, b in newly[:1]]
    )
    return [
        AnswerExample(picture=_picture(history, store, a.image_id), prompt=a.prompt, label=label, before=a, after=b)
        for label, a, b in chosen
    ]


def varied(corrections: Iterable[Correction], most: int) -> list[Correction]:
    """Up to ``most`` corrected responses, each next one of the type seen least so far, then of the longest text."""
    left = [c for c in corrections if c.answer is Answer.CORRECTED and c.edits]
    chosen: list[Correction] = []
    seen: dict[HallucinationType, int] = {}
    while left and len(chosen) < most:
        best = min(left, key=lambda c: (min(seen.get(e.type, 0) for e in c.edits), -len(c.original)))
        left.remove(best)
        chosen.append(best)
        for edit in best.edits:
            seen[edit.type] = seen.get(edit.type, 0) + 1
    return sorted(chosen, key=lambda c: c.round)


def thumbnail(data: bytes) -> str:
    """The picture as a data URI, shrunk to ``THUMBNAIL``."""
    with Image.open(BytesIO(data)) as image:
        image.draft("RGB", (THUMBNAIL, THUMBNAIL))
        small = ImageOps.exif_transpose(image).convert("RGB")
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    out = BytesIO()
    small.save(out, "JPEG", quality=88)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"


def _correction_example(history: History, store: Store, correction: Correction, task: Task) -> CorrectionExample:
    return CorrectionExample(
        picture=_picture(history, store, task.image_id),
        prompt=task.prompt,
        round=correction.round,
        annotator=correction.annotator,
        marks=marked(correction),
        types=_distinct([edit.type for edit in correction.edits]),
    )


def _distinct(types: Sequence[HallucinationType]) -> tuple[HallucinationType, ...]:
    return tuple(dict.fromkeys(types))


def _picture(history: History, store: Store, image_id: str) -> str:
    return thumbnail(history.folder.blobs().get(store.image(image_id).blob))
