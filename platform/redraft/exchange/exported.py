"""An answer made ready to leave: its line, its picture, and its annotator's name or a number instead."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from redraft.blobs import Blobs
from redraft.exchange.answer_line import AnswerLine
from redraft.store import AnswerFilter, Store, StoredAnswer

EXTERNAL = "external"
"""The writer of imported responses; a colon and a name behind it where the data told."""

IMAGES = "images"


@dataclass(frozen=True)
class Exported:
    """An answer with the bytes of its picture; ``image_name`` is what its file is called."""

    line: AnswerLine
    image: bytes
    image_name: str


def exported_answers(store: Store, blobs: Blobs, which: AnswerFilter, *, anonymous: bool) -> Iterator[Exported]:
    """The answers in the order in which they were stored, a page of them in memory at a time.

    With ``anonymous``, people are called by numbers, which stay theirs however often a run is exported, and ids that
    are made from names are replaced.

    Raises:
        StorageError: the database or a picture cannot be read.
    """
    numbers = store.annotator_numbers() if anonymous else None
    for answer in store.answers_from(which):
        image = blobs.get(answer.image.blob)
        name = answer.image.blob.rsplit("/", 1)[-1]
        yield Exported(_line(answer, image, name, numbers), image, name)


def _line(answer: StoredAnswer, image: bytes, image_name: str, numbers: Mapping[str, int] | None) -> AnswerLine:
    given, task = answer.correction, answer.task
    named = numbers is None
    return AnswerLine(
        prompt=task.prompt,
        rejected=given.original,
        chosen=given.corrected,
        image=f"{IMAGES}/{image_name}",
        answer=given.answer,
        edits=given.edits,
        marks=given.marks,
        annotator=given.annotator if numbers is None else f"annotator-{numbers.get(given.annotator, 0)}",
        policy=_writer(task.policy),
        id=given.id if named else f"answer-{answer.number}",
        task=task.id,
        project=given.project,
        round=given.round,
        arm=given.arm,
        seconds=given.seconds,
        elapsed=given.elapsed,
        shaded=given.shaded,
        reason=given.reason,
        revision=given.revision,
        review=given.review,
        gold=given.gold,
        standing=answer.standing,
        submitted_at=given.submitted_at,
        image_id=answer.image.id,
        image_sha256=hashlib.sha256(image).hexdigest(),
        image_origin=answer.image.origin,
    )


def _writer(policy: str) -> str | None:
    """The name that a policy version goes by outside; imported responses keep the one that they came with."""
    if policy == EXTERNAL:
        return None
    return policy.removeprefix(f"{EXTERNAL}:")
