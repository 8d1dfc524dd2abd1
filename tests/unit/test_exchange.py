"""Corrections go out in three formats, and what comes back in goes out the same."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from redraft.errors import DataError, RunError, StorageError
from redraft.exchange import export_answers
from redraft.records import (
    Answer,
    DatasetVersion,
    Gold,
    GoldRules,
    HallucinationType,
    PolicyStatus,
    Project,
    ProjectKind,
)
from redraft.segments import apply_edits
from redraft.sources import SourcePair, read_source
from redraft.store import AnswerFilter

from .exchange_runs import LIMIT, PROMPT, TEXTS, Run, annotated, edit, picture

CHOSEN = ("Three red cups \U0001f600 stand on the right.", "A dog stands at the bottom.")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return annotated(tmp_path_factory.mktemp("exchange") / "run")


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "answers.jsonl").read_text(encoding="utf-8").splitlines()]


def test_rlhf_v_has_the_columns_of_the_published_dataset(run: Run, tmp_path: Path) -> None:
    assert sum(run.export(tmp_path / "out", "rlhfv")) == 2
    table = pq.read_table(tmp_path / "out" / "pairs.parquet")
    assert table.schema.names == [
        "ds_name",
        "image",
        "text",
        "origin_dataset",
        "origin_split",
        "idx",
        "image_path",
    ]
    rows = table.to_pylist()
    assert [json.loads(row["text"]) for row in rows] == [
        {"question": PROMPT, "chosen": chosen, "rejected": rejected}
        for chosen, rejected in zip(CHOSEN, TEXTS, strict=False)
    ]
    assert [row["image"]["bytes"] for row in rows] == [picture(0), picture(1)]
    assert [row["idx"] for row in rows] == [0, 1]
    assert json.loads(rows[0]["origin_split"])["model"] == "base"


def test_only_what_stands_goes_out(run: Run, tmp_path: Path) -> None:
    run.export(tmp_path / "out", "trl")
    rows = pq.read_table(tmp_path / "out" / "pairs.parquet").to_pylist()
    assert [row["chosen"][0]["content"][0]["text"] for row in rows] == list(CHOSEN)
    assert rows[0]["prompt"] == [
        {"role": "user", "content": [{"type": "image", "text": None}, {"type": "text", "text": PROMPT}]}
    ]
    assert rows[0]["images"][0]["bytes"] == picture(0)


@pytest.mark.parametrize("format", ["rlhfv", "trl"])
def test_datasets_decodes_the_pictures(run: Run, tmp_path: Path, format: str) -> None:
    datasets = pytest.importorskip("datasets")
    run.export(tmp_path / "out", format)
    loaded = datasets.load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    image = loaded[0]["image"] if format == "rlhfv" else loaded[0]["images"][0]
    assert image.convert("RGB").tobytes() == Image.open(io.BytesIO(picture(0))).convert("RGB").tobytes()


def test_json_lines_say_everything_with_positions_in_code_points(run: Run, tmp_path: Path) -> None:
    run.export(tmp_path / "out", "jsonl")
    first, second = lines(tmp_path / "out")
    found = {name: first[name] for name in ("annotator", "policy", "round", "arm", "revision", "review", "seconds")}
    assert found == {
        "annotator": "ann",
        "policy": "base",
        "round": 1,
        "arm": "random",
        "revision": 1,
        "review": False,
        "seconds": 12.5,
    }
    right = next(e for e in first["edits"] if e["type"] == "position")
    assert TEXTS[0][right["start"] : right["end"]] == "left"
    assert first["marks"] == [{"span": {"start": 4, "end": 7}, "type": None}]
    assert (second["annotator"], second["review"]) == ("rev", True)
    assert (tmp_path / "out" / first["image"]).read_bytes() == picture(0)
    assert first["image_id"] == first["image_sha256"]
    assert first["image_origin"] == "world:0:pool:0"


def test_everything_tells_what_stands(run: Run, tmp_path: Path) -> None:
    run.export(tmp_path / "out", "jsonl", everything=True)
    said = [(row["annotator"], row["answer"], row["revision"], row["standing"]) for row in lines(tmp_path / "out")]
    assert said == [
        ("ann", "corrected", 0, False),
        ("ann", "corrected", 1, True),
        ("bob", "corrected", 0, False),
        ("rev", "corrected", 0, True),
        ("ann", "clean", 0, True),
        ("bob", "skipped", 0, True),
    ]


def test_answers_to_gold_tasks_stay(tmp_path: Path) -> None:
    run = Run.make(tmp_path / "run")
    task = run.task("known", TEXTS[3], 3)
    right = edit(TEXTS[3], "known", "right", HallucinationType.ATTRIBUTE)
    run.store.add_gold(Gold(task_id=task.id, edits=(right,), author="rev", created_at=0.0))
    assert run.store.lease("ann", 60, GoldRules(training=1)) is not None
    run.store.submit(run.submission(task, "ann", Answer.CORRECTED, [right]))
    assert run.store.count_answers(AnswerFilter()) == 0
    run.export(tmp_path / "all", "jsonl", everything=True)
    (line,) = lines(tmp_path / "all")
    assert (line["gold"], line["standing"]) == (True, False)


def test_anonymous_people_keep_their_numbers(run: Run, tmp_path: Path) -> None:
    run.export(tmp_path / "one", "jsonl", anonymous=True)
    run.export(tmp_path / "two", "jsonl", anonymous=True, everything=True)
    numbered = {row["chosen"]: row["annotator"] for row in lines(tmp_path / "one")}
    assert list(numbered.values()) == ["annotator-1", "annotator-3"]
    assert numbered.items() <= {row["chosen"]: row["annotator"] for row in lines(tmp_path / "two")}.items()
    told = (tmp_path / "two" / "answers.jsonl").read_text()
    assert not [name for name in ("ann", "bob", "rev") if f'"{name}"' in told]
    ids = {correction.id for correction in run.store.corrections()}
    assert not [id for id in ids if id in told]


def test_pages_of_any_size_give_the_same(run: Run) -> None:
    whole = list(run.store.answers_from(AnswerFilter(everything=True)))
    assert list(run.store.answers_from(AnswerFilter(everything=True), page=1)) == whole
    assert [answer.number for answer in whole] == sorted(answer.number for answer in whole)


def test_a_policy_and_a_dataset_select_what_was_trained_on(tmp_path: Path) -> None:
    run = annotated(tmp_path / "run")
    bobs = next(c for c in run.store.corrections() if c.annotator == "bob" and c.answer is Answer.CORRECTED)
    version = DatasetVersion(
        id="d1", round=1, blob="datasets/d1", pairs=1, corrections=(bobs.id,), reference="base", created_at=0.0
    )
    run.store.add_dataset(version)
    run.policy("child", PolicyStatus.CANDIDATE, parent="base", dataset="d1")
    run.policy("grandchild", PolicyStatus.CANDIDATE, parent="child")
    for name, selection in {"a": {"dataset": "d1"}, "b": {"policy": "grandchild"}}.items():
        run.export(tmp_path / name, "jsonl", **selection)
        assert [row["annotator"] for row in lines(tmp_path / name)] == ["bob"]
    with pytest.raises(RunError, match="d2; it has: d1"):
        run.export(tmp_path / "c", "jsonl", dataset="d2")
    with pytest.raises(RunError, match="not both"):
        run.export(tmp_path / "c", "jsonl", dataset="d1", policy="child")


def test_evaluations_are_left_out(tmp_path: Path) -> None:
    run = Run.make(tmp_path / "run")
    project = Project(id="study", title="Study", kind=ProjectKind.EVALUATION, created_at=0.0)
    run.store.add_project(project, actor="test")
    task = run.task("t", TEXTS[0], 0)
    run.store.add_tasks([task.model_copy(update={"id": "u", "project": "study", "priority": 5.0})])
    run.answer("ann", Answer.CORRECTED, edit(TEXTS[0], "Two", "Three"))
    assert [c.project for c in run.store.corrections(project=None)] == ["study"]
    assert run.store.count_answers(AnswerFilter()) == 0


def test_nothing_is_left_behind_when_nothing_can_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(RunError, match="exists already"):
        run.export(tmp_path / "there", "trl")
    with pytest.raises(DataError, match="no corrections"):
        export_answers([], tmp_path / "none", "trl", lambda n: None)
    run.blobs.path(run.store.image(run.store.task("task-1").image_id).blob).rename(tmp_path / "away")
    try:
        with pytest.raises(StorageError, match="holds no images"):
            run.export(tmp_path / "half", "trl")
    finally:
        run.blobs.put(run.store.image(run.store.task("task-1").image_id).blob, (tmp_path / "away").read_bytes())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["away", "there"]


def texts_and_pictures(folder: Path) -> list[tuple[str, str, str, bytes]]:
    rows = list(read_source(folder, max_pixels=LIMIT))
    assert all(isinstance(row, SourcePair) for row in rows)
    return [(row.prompt, row.chosen, row.rejected, row.image) for row in rows if isinstance(row, SourcePair)]


def all_but_ids(folder: Path) -> list[dict[str, Any]]:
    """Lines without the identifiers, which are made anew in another run."""
    return [{name: value for name, value in row.items() if name not in ("id", "task")} for row in lines(folder)]


@pytest.mark.parametrize(
    ("format", "content"), [("rlhfv", texts_and_pictures), ("trl", texts_and_pictures), ("jsonl", all_but_ids)]
)
def test_out_and_in_and_out_again_is_the_same(
    run: Run, tmp_path: Path, format: str, content: Callable[[Path], list[Any]]
) -> None:
    run.export(tmp_path / "first", format)
    fresh = Run.make(tmp_path / "fresh")
    checked, added, known = fresh.take(tmp_path / "first")
    assert (checked.good, checked.bad_rows, added, known) == (2, 0, 2, 0)
    fresh.export(tmp_path / "second", format)
    assert content(tmp_path / "second") == content(tmp_path / "first")


@pytest.mark.parametrize("format", ["rlhfv", "trl", "jsonl"])
def test_importing_twice_changes_nothing(run: Run, tmp_path: Path, format: str) -> None:
    run.export(tmp_path / "out", format)
    fresh = Run.make(tmp_path / "fresh")
    fresh.take(tmp_path / "out")
    before = fresh.store.corrections(), fresh.store.tasks(), fresh.store.policies(), fresh.store.audit()
    _, added, known = fresh.take(tmp_path / "out")
    assert (added, known) == (0, 2)
    assert (fresh.store.corrections(), fresh.store.tasks(), fresh.store.policies(), fresh.store.audit()) == before


def test_everything_that_went_out_comes_in_as_far_as_it_stands(run: Run, tmp_path: Path) -> None:
    run.export(tmp_path / "all", "jsonl", everything=True)
    fresh = Run.make(tmp_path / "fresh")
    checked, added, _ = fresh.take(tmp_path / "all")
    assert (checked.good, checked.passed_over, added) == (3, 3, 3)
    given = [(c.annotator, c.answer, c.revision, c.review) for c in fresh.store.corrections()]
    assert given == [
        ("ann", Answer.CORRECTED, 1, False),
        ("rev", Answer.CORRECTED, 0, True),
        ("ann", Answer.CLEAN, 0, False),
    ]
    assert all(apply_edits(c.original, c.edits) == c.corrected for c in fresh.store.corrections())
