"""What comes in from outside: every row that cannot be used says why, and nothing of it disturbs the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from redraft.errors import DataError
from redraft.exchange import EXTERNAL, IncomingRows, learning_round
from redraft.images import load_encoded, register_images
from redraft.records import Answer, HallucinationType, Phase, PolicyStatus, Split, TaskState
from redraft.segments import apply_edits
from redraft.sources import BadRow

from .exchange_runs import LIMIT, Run, picture, plain_picture

GOOD: dict[str, Any] = {
    "prompt": "What is there?",
    "rejected": "A red cat \U0001f600 sits.",
    "image": "a.png",
    "edits": [{"start": 2, "end": 5, "replacement": "blue", "type": "attribute"}],
    "annotator": "eva",
}
PAIR = {"prompt": "What is there?", "chosen": "A red dog.", "rejected": "A red cat.", "image": "a.png"}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.make(tmp_path / "run")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.png").write_bytes(plain_picture())
    (folder / "world.png").write_bytes(picture(5))
    (folder / "broken.png").write_bytes(plain_picture()[:60])
    return folder


def write(folder: Path, *rows: object) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def test_an_answer_comes_in_with_all_that_is_known_of_it(run: Run, data: Path) -> None:
    more = {"seconds": 4.5, "arm": "random", "reason": "so", "round": 77, "project": "elsewhere", "unknown": 1}
    run.take(write(data, GOOD | more))
    (given,) = run.store.corrections()
    assert (given.annotator, given.seconds, given.arm, given.reason) == ("eva", 4.5, "random", "so")
    assert (given.round, given.project, given.gold, given.frozen) == (1, "main", False, False)
    assert given.corrected == "A blue cat \U0001f600 sits."
    assert given.edits[0].type is HallucinationType.ATTRIBUTE
    task = run.store.task(given.task_id)
    assert (task.state, task.policy) == (TaskState.DONE, EXTERNAL)
    assert run.store.lease("ann", 60) is None, "a finished task is given to nobody"
    assert [c.id for c in run.store.unused_corrections()] == [given.id], "the next round learns from it"


def test_pairs_without_edits_get_them_from_their_words(run: Run, data: Path) -> None:
    run.take(write(data, PAIR))
    (given,) = run.store.corrections()
    assert [(e.start, e.end, e.replacement) for e in given.edits] == [(6, 9, "dog")]
    assert apply_edits(given.original, given.edits) == "A red dog."
    assert given.annotator == "import"


def test_a_name_can_be_given_to_all(run: Run, data: Path) -> None:
    run.take(write(data, GOOD), annotator="Frau M.")
    assert [c.annotator for c in run.store.corrections()] == ["Frau M."]


def test_the_writer_of_imported_texts_takes_no_part(run: Run, data: Path) -> None:
    run.take(write(data, GOOD | {"policy": "llava-13b"}))
    version = next(p for p in run.store.policies() if p.status is PolicyStatus.EXTERNAL)
    assert (version.id, version.blob, version.parent) == ("external:llava-13b", "", None)
    promoted = run.store.promoted()
    assert promoted is not None and promoted.id == "base"
    assert run.store.lineage(version.id).ancestors == ()
    assert run.store.used_images() == {run.store.tasks()[0].image_id}


def test_answers_to_one_task_stay_together(run: Run, data: Path) -> None:
    other = GOOD | {"annotator": "tom", "edits": [{"start": 6, "end": 9, "replacement": "dog", "type": "object"}]}
    run.take(write(data, GOOD | {"task": "t1"}, other | {"task": "t1"}))
    (task,) = run.store.tasks()
    assert [c.annotator for c in run.store.answers_of(task.id)] == ["eva", "tom"]


def test_the_rejected_texts_alone_become_tasks(run: Run, data: Path) -> None:
    checked, added, _ = run.take(write(data, PAIR, PAIR | {"chosen": "A blue cat."}, GOOD), as_tasks=True)
    assert (checked.good, added) == (3, 2)
    lease = run.store.lease("ann", 60)
    assert lease is not None and lease.task.text == PAIR["rejected"]
    assert run.store.corrections() == []
    assert run.take(data / "rows.jsonl", as_tasks=True)[1:] == (0, 3)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("{", "not valid JSON"),
        ("[1]", "no JSON object"),
        (GOOD | {"prompt": " "}, "prompt is empty"),
        (GOOD | {"rejected": 5}, "rejected: input should be a valid string"),
        (GOOD | {"edits": [{"start": 9, "end": 2, "replacement": "x", "type": "object"}]}, "before its start 9"),
        (GOOD | {"edits": [{"start": 0, "end": 99, "replacement": "x", "type": "object"}]}, "reaches past the text"),
        (GOOD | {"edits": [{"start": 0, "end": 1, "replacement": "x", "type": "smell"}]}, "edits.0.type"),
        (GOOD | {"edits": []}, "nothing was corrected"),
        (GOOD | {"chosen": "Something else."}, "the edits do not give chosen"),
        (GOOD | {"edits": [{"start": 2, "end": 5, "replacement": "\x00", "type": "other"}]}, "NUL"),
        (GOOD | {"edits": [{"start": 0, "end": 17, "replacement": "", "type": "other"}]}, "corrected text is empty"),
        (GOOD | {"edits": None}, "chosen is missing"),
        (GOOD | {"answer": "clean"}, "an answer of clean changes nothing"),
        (GOOD | {"answer": "perhaps"}, "answer: input should be"),
        (GOOD | {"annotator": " eva"}, "is no name"),
        (GOOD | {"annotator": "e\u202eva"}, "is no name"),
        (GOOD | {"annotator": "x" * 65}, "annotator: string should have at most 64"),
        (GOOD | {"seconds": -1}, "seconds: input should be greater"),
        (GOOD | {"marks": [{"span": {"start": 0, "end": 99}, "type": None}]}, "a mark ends at 99"),
        (GOOD | {"image": "missing.png"}, "does not exist in the data folder"),
        (GOOD | {"image": "../run/redraft.db"}, "outside the data folder"),
        (GOOD | {"image": "https://example.org/a.png"}, "is an address"),
        (GOOD | {"image": "broken.png"}, "image is damaged"),
        (GOOD | {"image": "rows.jsonl"}, "image is not an image"),
        (GOOD | {"image": None}, "there is no image"),
        (GOOD | {"image_sha256": "0" * 64}, "not the one that image_sha256 tells of"),
        (GOOD | {"image_origin": "world:0:test:3"}, "held out"),
        (GOOD | {"image_origin": "world:0:pool:5"}, "is not world:0:pool:5"),
        (GOOD | {"image_origin": "world:nonsense"}, "names no scene"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(run: Run, data: Path, row: object, reason: str) -> None:
    path = write(data, GOOD, row)
    rows = IncomingRows(path, max_pixels=LIMIT)
    importer = run.importer()
    checked = importer.check(rows, lambda n: None)
    assert (checked.good, checked.bad_rows) == (1, 1)
    (bad,) = checked.bad
    assert (bad.index, bad.where) == (1, "rows.jsonl line 2")
    assert reason in bad.reason and "\n" not in bad.reason
    assert run.store.tasks() == [] and run.blobs.list() == [], "checking writes nothing"
    assert importer.take(rows, lambda n: None).added == 1, "the good one can be taken alone"


def test_held_out_pictures_stay_held_out(run: Run, data: Path) -> None:
    register_images(run.store, run.blobs, [load_encoded("mine", plain_picture())], Split.DEV)
    checked, added, _ = run.take(write(data, PAIR))
    assert added == 0
    assert "belongs to the dev split" in checked.bad[0].reason


def test_a_picture_of_the_world_keeps_its_origin(run: Run, data: Path) -> None:
    run.take(write(data, GOOD | {"image": "world.png", "image_origin": "world:0:pool:5"}))
    assert run.store.image(run.store.tasks()[0].image_id).origin == "world:0:pool:5"


def test_nobody_answers_a_task_in_two_ways(run: Run, data: Path) -> None:
    one, other = GOOD | {"task": "t"}, GOOD | {"task": "t", "edits": None, "chosen": "A green cat."}
    checked, added, _ = run.take(write(data, one, other))
    assert (added, checked.bad_rows) == (1, 1)
    assert checked.bad[0].reason == "eva answers its task otherwise in an earlier row"
    checked, added, _ = run.take(write(data, other))
    assert (added, checked.bad_rows) == (0, 1)
    assert "in this run already" in checked.bad[0].reason


def test_what_the_policy_cannot_read_is_refused(run: Run, data: Path) -> None:
    checked, added, _ = run.take(write(data, PAIR, GOOD | {"edits": [], "answer": "clean"}), fits="it is too long")
    assert [bad.reason for bad in checked.bad] == ["it is too long"]
    assert added == 1 and run.store.corrections()[0].answer is Answer.CLEAN, "only what is trained on must fit"


def test_rankings_correct_nothing(data: Path) -> None:
    (row,) = IncomingRows(write(data, PAIR | {"kind": "ranking"}), max_pixels=LIMIT)
    assert isinstance(row, BadRow) and "redraft train --pairs" in row.reason


def test_two_kinds_of_data_in_one_folder_are_not_guessed_at(data: Path) -> None:
    write(data, GOOD)
    (data / "more.jsonl").write_text(json.dumps(PAIR) + "\n")
    with pytest.raises(DataError, match="beside other data"):
        IncomingRows(data, max_pixels=LIMIT)


def test_an_imported_answer_may_be_reopened_and_imported_again(run: Run, data: Path) -> None:
    path = write(data, GOOD)
    run.take(path)
    (given,) = run.store.corrections()
    task = run.store.task(given.task_id)
    run.store.revise(given.id, run.submission(task, "eva", Answer.CLEAN, []))
    checked, added, known = run.take(path)
    assert (checked.bad_rows, added, known) == (0, 0, 1)


def test_the_round_that_learns_is_the_next_that_can(run: Run) -> None:
    assert learning_round(run.store) == 1
    run.store.begin_round(0, Phase.EVALUATING, "base")
    assert learning_round(run.store) == 1
    run.store.begin_round(1, Phase.ANNOTATING, "base")
    assert learning_round(run.store) == 1
    run.store.advance(1, Phase.ANNOTATING, Phase.BUILDING)
    assert learning_round(run.store) == 2
