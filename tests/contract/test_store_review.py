"""Reviews stand in for the answers they are of, and what counts is used once."""

from __future__ import annotations

import pytest

from redraft.errors import EditError, WorklistError
from redraft.records import Answer, Correction, DatasetVersion, HallucinationType, Mark, Span, TaskState
from redraft.store import Store

from .conftest import Filler, edit

BLUE, GREEN = (edit(),), (edit(replacement="green"),)


def train(store: Store, fill: Filler, id: str, *corrections: Correction, parent: str = "base") -> None:
    """Promote a policy that was trained on them."""
    members = tuple(c.id for c in corrections)
    store.add_dataset(
        DatasetVersion(id=f"d-{id}", round=1, blob="b", pairs=1, corrections=members, reference="base", created_at=2.0)
    )
    fill.policy(id, parent=parent, dataset=f"d-{id}")
    store.promote(id)


def test_a_review_is_stored_beside_the_answer_and_counts_in_its_place(store: Store, fill: Filler) -> None:
    fill.tasks(1.0)
    mine = fill.answer("ann")
    submission = fill.submission("t1-0", "rev", edits=GREEN, reason="it is green")
    review = store.review(submission)
    assert (review.review, review.corrected, review.reason) == (True, "A green cup stands on the table.", "it is green")
    assert store.answers_of("t1-0") == store.corrections() == [mine, review]
    assert store.standing_corrections() == store.unused_corrections() == store.new_corrections() == [review]
    assert store.counts().corrected == store.counts().done == 1, "a review is no answer of an annotator's"
    assert store.answers_by("rev") == []
    assert store.audit()[-1].action == "review"
    assert store.review(submission) == review
    with pytest.raises(WorklistError, match="another submission"):
        store.submit(submission)


def test_a_review_is_replaced_by_the_next_whoever_writes_it(store: Store, fill: Filler) -> None:
    fill.tasks(1.0)
    fill.answer("ann")
    store.review(fill.submission("t1-0", "rev", edits=GREEN))
    again = store.review(fill.submission("t1-0", "rev"))
    assert again.revision == 1
    other = store.review(fill.submission("t1-0", "other", Answer.CLEAN))
    assert [a for a in store.answers_of("t1-0") if a.review] == [other]
    assert store.standing_corrections() == [], "a review that finds nothing wrong takes the correction away"
    back = store.review(fill.submission("t1-0", "rev"))
    assert store.freeze_unused() == [back.model_copy(update={"frozen": True})]
    with pytest.raises(WorklistError, match="in a dataset version already"):
        store.review(fill.submission("t1-0", "rev", Answer.CLEAN))


def test_a_review_needs_somebody_elses_answer(store: Store, fill: Filler) -> None:
    fill.tasks(3.0, 2.0, 1.0)
    fill.answer("ann")
    fill.answer("ann", Answer.SKIPPED)
    cases = [
        (fill.submission("t1-0", "ann"), WorklistError, "somebody else must review"),
        (fill.submission("t1-1", "rev"), WorklistError, "nobody has answered"),
        (fill.submission("t1-2", "rev"), WorklistError, "nobody has answered"),
        (fill.submission("t1-0", "rev", Answer.SKIPPED), WorklistError, "cannot be skipped"),
        (fill.submission("t1-0", "rev", edits=()), EditError, "change nothing"),
        (fill.submission("nowhere", "rev"), WorklistError, "no task nowhere"),
    ]
    for submission, error, says in cases:
        with pytest.raises(error, match=says):
            store.review(submission)


def test_a_reviewer_is_not_given_the_task_they_reviewed(store: Store, fill: Filler) -> None:
    fill.tasks(1.0, wanted=2)
    fill.answer("ann")
    store.review(fill.submission("t1-0", "rev"))
    assert store.lease("rev", 60) is None
    assert fill.answer("bob").task_id == "t1-0"


def test_reviewing_a_flagged_task_settles_it(store: Store, fill: Filler) -> None:
    fill.tasks(1.0)
    fill.answer("ann", Answer.FLAGGED)
    review = store.review(fill.submission("t1-0", "rev"))
    assert store.task("t1-0").state is TaskState.DONE
    assert store.standing_corrections() == [review]
    assert store.to_review() == []


def test_flagged_tasks_are_reviewed_first_then_disputed_ones_then_the_newest(store: Store, fill: Filler) -> None:
    fill.project("other")
    fill.tasks(9.0, 8.0, 7.0, round=1, wanted=2)
    fill.tasks(6.0, 5.0, 4.0, round=2)
    fill.tasks(3.0, round=3, project="other")
    wrong = Mark(span=Span(start=2, end=5), type=HallucinationType.OBJECT)
    given = {
        "t1-0": [("a", Answer.CORRECTED, {}), ("b", Answer.CORRECTED, {})],
        "t1-1": [("a", Answer.CORRECTED, {}), ("b", Answer.CORRECTED, {"edits": GREEN})],
        "t1-2": [("a", Answer.MARKED, {}), ("b", Answer.MARKED, {"marks": (wrong,)})],
        "t2-0": [("a", Answer.CLEAN, {})],
        "t2-1": [("a", Answer.FLAGGED, {})],
        "t2-2": [("a", Answer.SKIPPED, {})],
        "t3-0": [("a", Answer.CLEAN, {})],
    }
    for task, answers in given.items():
        for name, answer, fields in answers:
            lease = store.lease(name, 60)
            assert lease is not None and lease.task.id == task
            store.submit(fill.submission(task, name, answer, **fields))
    order = ["t2-1", "t1-1", "t1-2", "t3-0", "t2-0", "t1-0"]
    assert [task.id for task in store.to_review()] == order
    assert [task.id for task in store.to_review(3)] == order[:3]
    assert [task.id for task in store.to_review(project="other")] == ["t3-0"]
    for task in ("t1-1", "t2-0"):
        store.review(fill.submission(task, "rev"))
    assert [task.id for task in store.to_review()] == ["t2-1", "t1-2", "t3-0", "t1-0"]


def test_the_loop_uses_what_stands_in_its_own_project_once(store: Store, fill: Filler) -> None:
    fill.project("other")
    fill.tasks(5.0, 4.0, wanted=2)
    fill.tasks(3.0, round=2, project="other")
    store.promote("base")
    first, second = fill.answer("a"), fill.answer("b", edits=GREEN)
    third, twin = fill.answer("a"), fill.answer("b")
    fill.answer("a")
    assert third.corrected == twin.corrected
    assert store.unused_corrections() == store.new_corrections() == [first, second, third, twin]
    assert store.count_unused_corrections() == store.count_new_corrections() == 4
    frozen = store.freeze_unused()
    assert [c.id for c in frozen] == [first.id, second.id, third.id, twin.id]
    assert store.freeze_unused() == frozen == store.corrections()
    train(store, fill, "one", first, third)
    assert [c.id for c in store.unused_corrections()] == [second.id], "the same text is not used a second time"
    assert [c.id for c in store.new_corrections()] == [second.id]
    assert store.count_unused_corrections() == store.count_new_corrections() == 1
    assert len(store.standing_corrections()) == 4
    approval = store.review(fill.submission("t1-1", "rev"))
    assert [c.id for c in store.unused_corrections()] == [second.id], "nor is a review that agrees"
    better = store.review(fill.submission("t1-1", "rev", edits=GREEN))
    assert store.unused_corrections() == [second.model_copy(update={"frozen": True}), better]
    assert approval.corrected == third.corrected
