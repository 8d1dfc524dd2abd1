"""Corrections become preference pairs, and pairs become rows of a dataset version."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from redraft.errors import DataError
from redraft.records import Answer, Correction, ImageItem, PreferencePair, Span, Task, stable_id
from redraft.segments import changed_spans, snap_edits, snap_to_words

_POSITIONS = pa.list_(pa.int32())

PAIR_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("correction_id", pa.string(), nullable=False),
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("blob", pa.string(), nullable=False),
        pa.field("prompt", pa.string(), nullable=False),
        pa.field("chosen", pa.string(), nullable=False),
        pa.field("rejected", pa.string(), nullable=False),
        pa.field("chosen_starts", _POSITIONS),
        pa.field("chosen_ends", _POSITIONS),
        pa.field("rejected_starts", _POSITIONS),
        pa.field("rejected_ends", _POSITIONS),
        pa.field("annotator", pa.string(), nullable=False),
        pa.field("round", pa.int32(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("smoothing", pa.float64()),
    ]
)
"""Columns of a preference pair: the fields of ``PreferencePair``, a tuple of spans as one column of starts and one of
ends (code points, half-open), both null where the pair came without edits. ``smoothing`` is null where nobody
estimated it, and not there at all in older dataset versions."""

_PLAIN = [name for name in PreferencePair.model_fields if not name.endswith("_spans")]


def pair_from_correction(correction: Correction, task: Task, image: ImageItem) -> PreferencePair:
    """Corrected over original, with the words that the edits changed on each side.

    The pair's id is the hash of its image, prompt and texts.

    Raises:
        DataError: if the answer was not a correction, it changed nothing, or the three do not belong together.
        EditError: if the edits do not give the corrected text.
    """
    if correction.answer is not Answer.CORRECTED:
        raise DataError(f"correction {correction.id} says {correction.answer}: only corrected responses make pairs")
    if correction.task_id != task.id or task.image_id != image.id:
        raise DataError(f"correction {correction.id}, task {task.id} and image {image.id} do not belong together")
    if correction.corrected == correction.original:
        raise DataError(f"correction {correction.id} changes nothing, so neither text is preferred")
    edits = snap_edits(correction.original, correction.edits)
    rejected_spans, chosen_spans = changed_spans(correction.original, edits)
    return PreferencePair(
        id=stable_id("pair", image.id, task.prompt, correction.corrected, correction.original),
        correction_id=correction.id,
        image_id=image.id,
        blob=image.blob,
        prompt=task.prompt,
        chosen=correction.corrected,
        rejected=correction.original,
        chosen_spans=snap_to_words(correction.corrected, chosen_spans),
        rejected_spans=snap_to_words(correction.original, rejected_spans),
        annotator=correction.annotator,
        round=correction.round,
    )


def build_pairs(
    corrections: Iterable[Correction], tasks: Mapping[str, Task], images: Mapping[str, ImageItem]
) -> list[PreferencePair]:
    """One pair a correction, in the order of their ids; the order of ``corrections`` has no influence.

    Of corrections that agree in image, prompt and both texts, the one with the smallest id stays.

    Args:
        corrections: answers of kind ``corrected``.
        tasks: by task id.
        images: by image id.

    Raises:
        DataError: if a correction's task or image is missing, and as ``pair_from_correction``.
    """
    pairs: dict[str, PreferencePair] = {}
    for correction in sorted(corrections, key=lambda c: c.id):
        task = tasks.get(correction.task_id)
        image = images.get(task.image_id) if task else None
        if task is None or image is None:
            missing = f"image {task.image_id}" if task else f"task {correction.task_id}"
            raise DataError(f"correction {correction.id} is about {missing}, which is not in the database")
        pair = pair_from_correction(correction, task, image)
        pairs.setdefault(pair.id, pair)
    return sorted(pairs.values(), key=lambda pair: pair.id)


def with_replay(
    new: Sequence[PreferencePair], old: Sequence[PreferencePair], share: float, seed: int
) -> list[PreferencePair]:
    """``new`` and, drawn at random from ``old``, ``share`` times as many pairs again (or all there are), by id.

    Pairs of ``old`` that are in ``new`` are left out first. The order of either has no influence.
    """
    known = {pair.id for pair in new}
    older = {pair.id: pair for pair in old if pair.id not in known}
    count = min(len(older), int(len(known) * share + 0.5))
    drawn = random.Random(seed).sample(sorted(older), count)
    return sorted([*new, *(older[id] for id in drawn)], key=lambda pair: pair.id)


def with_smoothing(pairs: Sequence[PreferencePair], smoothing: Mapping[str, float]) -> list[PreferencePair]:
    """The pairs, each with the smoothing of its correction.

    Args:
        smoothing: by correction id, the chance that its preference is the wrong way round, in ``[0, 0.5)``; pairs of
            corrections that are not there stay as they are.
    """
    return [pair.model_copy(update={"smoothing": smoothing.get(pair.correction_id, pair.smoothing)}) for pair in pairs]


def dataset_id(pairs: Sequence[PreferencePair]) -> str:
    """24 hex digits that depend on the pairs with all their fields, and not on their order.

    A smoothing that nobody estimated has no influence, so datasets without any have the id they always had.
    """
    digest = hashlib.sha256()
    for pair in sorted(pairs, key=lambda pair: pair.id):
        unset = {"smoothing"} if pair.smoothing is None else None
        digest.update(pair.model_dump_json(exclude=unset).encode() + b"\n")
    return digest.hexdigest()[:24]


def pair_to_row(pair: PreferencePair) -> dict[str, Any]:
    """The pair as a row of ``PAIR_SCHEMA``."""
    row = pair.model_dump(include=set(_PLAIN))
    for side, spans in (("chosen", pair.chosen_spans), ("rejected", pair.rejected_spans)):
        row[f"{side}_starts"] = None if spans is None else [span.start for span in spans]
        row[f"{side}_ends"] = None if spans is None else [span.end for span in spans]
    return row


def pair_from_row(row: Mapping[str, Any]) -> PreferencePair:
    """The pair of a row of ``PAIR_SCHEMA``; further columns are ignored, lists may be NumPy arrays."""
    spans = {f"{side}_spans": _spans(row[f"{side}_starts"], row[f"{side}_ends"]) for side in ("chosen", "rejected")}
    plain = {name: row[name] for name in _PLAIN if name != "smoothing"}
    return PreferencePair.model_validate(plain | spans | {"smoothing": row.get("smoothing")})


def _spans(starts: Sequence[int] | None, ends: Sequence[int] | None) -> tuple[Span, ...] | None:
    if starts is None or ends is None:
        return None
    return tuple(Span(start=int(start), end=int(end)) for start, end in zip(starts, ends, strict=True))
