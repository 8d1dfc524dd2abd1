"""Answers on their way out and in, and the results of blind studies, on every database."""

from __future__ import annotations

import pytest

from redraft.errors import DataError, StorageError
from redraft.records import (
    Answer,
    Correction,
    HallucinationType,
    HumanEvaluation,
    Interval,
    PolicyStatus,
    Project,
    ProjectKind,
    Split,
    TaskState,
)
from redraft.segments import apply_edits
from redraft.store import AnswerFilter, Store

from .conftest import TEXT, Clock, Filler, edit, image, response, task


def elsewhere(task_id: str, annotator: str, id: str = "c1", **more: object) -> Correction:
    """A correction that was made in another run."""
    fields = {
        "id": id,
        "task_id": task_id,
        "round": 1,
        "annotator": annotator,
        "answer": Answer.CORRECTED,
        "original": TEXT,
        "corrected": apply_edits(TEXT, [edit()]),
        "edits": (edit(),),
        "arm": "random",
        "seconds": 2.0,
        "submitted_at": 5.0,
    }
    return Correction.model_validate(fields | more)


@pytest.fixture
def done(store: Store, fill: Filler) -> str:
    """The id of a task that is to come in with its answer; all that it stands on is there."""
    fill.policy("outside")
    store.add_images([image("x")])
    store.add_responses([response("x", 1, "outside")])
    return task("x", 1, "outside", 0.5).id


def take(store: Store, done: str, *corrections: Correction) -> int:
    finished = task("x", 1, "outside", 0.5).model_copy(update={"state": TaskState.DONE})
    return store.add_corrections(corrections, [finished], actor="importer")


def test_an_answer_comes_in_finished(store: Store, done: str) -> None:
    given = elsewhere(done, "eva")
    assert take(store, done, given) == 1
    assert store.corrections() == [given]
    assert store.lease("ann", 60) is None
    assert store.unused_corrections() == [given]
    assert store.counts().done == 1
    assert [(e.actor, e.action) for e in store.audit()][-1] == ("importer", "import")


def test_again_changes_nothing(store: Store, done: str) -> None:
    given = elsewhere(done, "eva")
    take(store, done, given)
    before = store.audit(), store.tasks()
    assert take(store, done, given) == 0
    assert (store.audit(), store.tasks()) == before
    assert store.answer_places([done]) == {(done, "eva", False): {"c1"}}
    assert store.known_tasks([done, "nothing"]) == {done}
    assert store.image_splits(["ix", "nothing"]) == {"ix": "pool"}


def test_nobody_says_two_things_of_one_task(store: Store, done: str) -> None:
    take(store, done, elsewhere(done, "eva"))
    with pytest.raises(DataError, match="eva has answered task"):
        take(store, done, elsewhere(done, "tom", "c2"), elsewhere(done, "eva", "c3"))
    assert [c.annotator for c in store.corrections()] == ["eva"], "all or nothing"
    assert take(store, done, elsewhere(done, "tom", "c2"), elsewhere(done, "eva", "c4", review=True)) == 2


def test_what_an_answer_stands_on_must_be_there(store: Store, done: str) -> None:
    lost = task("x", 1, "outside", 0.5).model_copy(update={"state": TaskState.DONE, "response_id": "nothing"})
    with pytest.raises(StorageError):
        store.add_corrections([elsewhere(done, "eva")], [lost], actor="importer")
    with pytest.raises(DataError, match="not done"):
        store.add_corrections([elsewhere(done, "eva")], [task("x", 1, "outside", 0.5)], actor="importer")
    assert store.corrections() == []


def test_answers_go_out_page_by_page_with_what_they_are_about(store: Store, fill: Filler, clock: Clock) -> None:
    tasks = fill.tasks(0.9, 0.8, 0.7)
    for name in ("ann", "bob", "cem"):
        fill.answer(name)
    store.review(fill.submission(tasks[1], "rev"))
    whole = list(store.answers_from(AnswerFilter(everything=True), page=3))
    assert list(store.answers_from(AnswerFilter(everything=True), page=1)) == whole
    assert [(a.correction.annotator, a.standing) for a in whole] == [
        ("ann", True),
        ("bob", False),
        ("cem", True),
        ("rev", True),
    ]
    assert [a.task.id for a in whole] == [*tasks, tasks[1]]
    assert all(a.image.id == a.task.image_id for a in whole)
    standing = list(store.answers_from(AnswerFilter()))
    assert [a.correction.annotator for a in standing] == ["ann", "cem", "rev"]
    assert store.count_answers(AnswerFilter()) == 3
    assert store.count_answers(AnswerFilter(project="nowhere")) == 0
    assert store.annotator_numbers() == {"ann": 1, "bob": 2, "cem": 3, "rev": 4}


def result(policy: str, rate: float) -> HumanEvaluation:
    interval = Interval(value=rate, low=rate, high=rate)
    return HumanEvaluation(
        project="study",
        policy=policy,
        split=Split.TEST,
        responses=2,
        judged=2,
        answers=2,
        annotators=1,
        words=20,
        seconds=1.0,
        response_rate=interval,
        segments=interval,
        by_type={kind: 0.0 for kind in HallucinationType},
        agreement=None,
        differences=(),
        closed_at=1.0,
    )


def test_results_of_a_study_are_kept_once(store: Store, fill: Filler) -> None:
    fill.policy("a")
    fill.policy("b")
    with pytest.raises(StorageError):
        store.add_human_evaluation(result("a", 0.5), actor="rosa")
    project = Project(id="study", title="Study", kind=ProjectKind.EVALUATION, created_at=0.0)
    store.add_project(project, actor="rosa")
    store.add_human_evaluations([result("b", 0.25), result("a", 0.5)], actor="rosa")
    store.add_human_evaluation(result("b", 0.75), actor="rosa")
    assert store.human_evaluations() == [result("a", 0.5), result("b", 0.75)]
    assert store.human_evaluations("main") == []
    assert store.audit()[-1].detail == "study"


def test_an_external_version_is_never_promoted(store: Store, fill: Filler) -> None:
    outside = fill.policy("base").model_copy(update={"id": "external", "blob": "", "status": PolicyStatus.EXTERNAL})
    store.add_policy(outside)
    with pytest.raises(StorageError, match="external"):
        store.promote("external")
    with pytest.raises(StorageError, match="external"):
        store.reject("external", [])
    assert store.promoted() is None
