"""Corrections become pairs that hold what was corrected, whatever the order they come in."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from redraft.errors import DataError
from redraft.pairs import (
    PAIR_SCHEMA,
    build_pairs,
    dataset_id,
    pair_from_correction,
    pair_from_row,
    pair_to_row,
    with_replay,
)
from redraft.records import (
    Answer,
    Arm,
    Correction,
    Edit,
    HallucinationType,
    ImageItem,
    PreferencePair,
    Span,
    Split,
    Task,
)
from redraft.segments import apply_edits

TEXT = "The top left shows two red cups. There is a dog."


def image(name: str) -> ImageItem:
    return ImageItem(id=name, origin=f"{name}.png", split=Split.POOL, blob=f"images/{name}", width=8, height=8)


def task(name: str, image_id: str = "i1", text: str = TEXT) -> Task:
    return Task(
        id=name,
        round=1,
        response_id=f"response {name}",
        image_id=image_id,
        prompt="Describe this image in detail.",
        text=text,
        spans=(),
        arm=Arm.UNCERTAIN,
        priority=1.0,
        policy="p0",
    )


def correction(name: str, task_id: str, *edits: tuple[int, int, str], answer: Answer = Answer.CORRECTED) -> Correction:
    made = tuple(Edit(start=a, end=b, replacement=r, type=HallucinationType.OBJECT) for a, b, r in edits)
    return Correction(
        id=name,
        task_id=task_id,
        round=1,
        annotator="ann",
        answer=answer,
        original=TEXT,
        corrected=apply_edits(TEXT, made),
        edits=made,
        arm=Arm.UNCERTAIN,
        seconds=1.0,
        submitted_at=0.0,
    )


def pair(name: str, text: str = "a dog", correction_id: str = "c") -> PreferencePair:
    return PreferencePair(
        id=name,
        correction_id=correction_id,
        image_id="i1",
        blob="b",
        prompt="p",
        chosen=text,
        rejected="a cat",
        chosen_spans=None,
        rejected_spans=None,
        annotator="ann",
        round=1,
    )


def marked(text: str, spans: tuple[Span, ...] | None) -> list[str]:
    assert spans is not None
    return [text[s.start : s.end] for s in spans]


def test_a_correction_becomes_chosen_over_rejected_with_the_changed_words() -> None:
    made = pair_from_correction(
        correction("c1", "t1", (19, 22, "three"), (30, 31, ""), (33, 48, "It is sunny.")), task("t1"), image("i1")
    )
    assert made.chosen == "The top left shows three red cup. It is sunny."
    assert made.rejected == TEXT
    assert marked(made.rejected, made.rejected_spans) == ["two", "cups", "There is a dog."]
    assert marked(made.chosen, made.chosen_spans) == ["three", "cup", "It is sunny."]
    assert (made.blob, made.prompt, made.annotator) == ("images/i1", "Describe this image in detail.", "ann")
    assert made.kind == "correction"


def test_a_deletion_does_not_mark_the_space_it_took_along() -> None:
    made = pair_from_correction(correction("c1", "t1", (32, 48, "")), task("t1"), image("i1"))
    assert made.chosen == "The top left shows two red cups."
    assert marked(made.rejected, made.rejected_spans) == ["There is a dog."]
    assert made.chosen_spans == ()


def test_pairs_come_in_one_order_and_equal_ones_once() -> None:
    tasks = {t.id: t for t in (task("t1"), task("t2"), task("t3", "i2"))}
    images = {"i1": image("i1"), "i2": image("i2")}
    corrections = [
        correction("c1", "t1", (19, 22, "three")),
        correction("c2", "t2", (19, 22, "three")),
        correction("c3", "t3", (19, 22, "three")),
        correction("c4", "t2", (23, 26, "blue")),
    ]
    pairs = build_pairs(corrections, tasks, images)
    assert pairs == build_pairs(corrections[::-1], tasks, images)
    assert sorted(p.correction_id for p in pairs) == ["c1", "c3", "c4"]
    assert len({p.id for p in pairs}) == 3


@pytest.mark.parametrize("answer", [Answer.CLEAN, Answer.SKIPPED])
def test_only_corrected_responses_make_pairs(answer: Answer) -> None:
    with pytest.raises(DataError, match=f"c1 says {answer}"):
        build_pairs([correction("c1", "t1", answer=answer)], {"t1": task("t1")}, {"i1": image("i1")})


def test_refuses_what_is_missing_or_does_not_fit() -> None:
    good = correction("c1", "t1", (19, 22, "three"))
    with pytest.raises(DataError, match="about task t1"):
        build_pairs([good], {}, {"i1": image("i1")})
    with pytest.raises(DataError, match="about image i1"):
        build_pairs([good], {"t1": task("t1")}, {})
    with pytest.raises(DataError, match="do not belong together"):
        pair_from_correction(good, task("t2"), image("i1"))
    with pytest.raises(DataError, match="changes nothing"):
        pair_from_correction(correction("c1", "t1"), task("t1"), image("i1"))


def test_replay_adds_a_share_of_older_pairs_once_each() -> None:
    new, old = [pair(f"n{i}") for i in range(10)], [pair(f"o{i:02d}") for i in range(30)]
    mixed = with_replay(new, [*old, new[0]], 0.5, seed=1)
    assert len(mixed) == len({p.id for p in mixed}) == 15
    assert {p.id for p in new} <= {p.id for p in mixed}
    assert mixed == with_replay(new[::-1], [new[0], *old[::-1]], 0.5, seed=1)
    assert mixed != with_replay(new, old, 0.5, seed=2)
    assert with_replay(new, old, 0.0, seed=1) == new
    assert len(with_replay(new, old, 10.0, seed=1)) == 40
    assert {p.id[0] for p in with_replay(new, [], 1.0, seed=1)} == {"n"}


def test_a_dataset_is_known_by_its_rows_whatever_their_order() -> None:
    pairs = [pair("a"), pair("b")]
    assert dataset_id(pairs) == dataset_id(pairs[::-1])
    assert dataset_id(pairs) != dataset_id(pairs[:1])
    assert dataset_id(pairs) != dataset_id([pair("a"), pair("b", text="two dogs")])
    assert dataset_id(pairs) != dataset_id([pair("a"), pair("b", correction_id="other")])


def test_rows_survive_parquet_types() -> None:
    drawn = pair_from_correction(correction("c1", "t1", (32, 48, ""), (19, 22, "três 🐕")), task("t1"), image("i1"))
    for original in (drawn, pair("plain")):
        table = pa.Table.from_pylist([pair_to_row(original)], schema=PAIR_SCHEMA)
        (row,) = table.to_pylist()
        assert pair_from_row(row) == original
        assert pair_from_row({**row, "chosen_ids": [1, 2]}) == original
    arrays = {k: np.array(v) if isinstance(v, list) else v for k, v in pair_to_row(drawn).items()}
    assert pair_from_row(arrays) == drawn


def test_the_schema_names_every_column_of_a_row() -> None:
    assert set(PAIR_SCHEMA.names) == set(pair_to_row(pair("a")))
