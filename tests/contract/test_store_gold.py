"""Gold tasks: given to everybody by rule, measured apart, and never learned from."""

from __future__ import annotations

import pytest

from redraft.errors import DataError, EditError, StorageError, WorklistError
from redraft.records import Answer, Edit, Gold, GoldRules, TaskState, WorkFilter
from redraft.store import Store

from .conftest import Clock, Filler, edit
from .test_store_worklist import counts

TRAINING = GoldRules(training=2)


def gold(task_id: str, *edits: Edit, explanation: str = "look again") -> Gold:
    return Gold(task_id=task_id, edits=edits, explanation=explanation, author="eve", created_at=3.0)


def make_gold(store: Store, *task_ids: str) -> None:
    for task_id in task_ids:
        store.add_gold(gold(task_id, edit()))


def work(store: Store, fill: Filler, annotator: str, rules: GoldRules, count: int) -> list[tuple[str, bool]]:
    """Answer so many tasks; what they were, and whether they were for training."""
    given = []
    for _ in range(count):
        lease = store.lease(annotator, 60, rules)
        if lease is None:
            break
        assert store.lease(annotator, 60, rules) == lease, "asking again gives the same"
        store.submit(fill.submission(lease.task.id, annotator))
        given.append((lease.task.id, lease.training))
    return given


def test_training_comes_first_in_order_then_ordinary_work(store: Store, fill: Filler) -> None:
    fill.tasks(1.0, 2.0, 3.0)
    fill.tasks(9.0, 9.0, round=2)
    make_gold(store, "t1-2", "t1-0", "t1-1")
    for name in ("a", "b"):
        assert work(store, fill, name, TRAINING, 3)[:2] == [("t1-0", True), ("t1-1", True)]
    assert store.task("t1-0").state is TaskState.OPEN, "a gold task has room for everybody"
    assert {c.task_id for c in store.corrections()} == {"t2-0", "t2-1"}
    assert store.counts() == counts(done=2, corrected=2)
    assert {c.task_id for c in store.freeze_unused()} == {"t2-0", "t2-1"}
    assert [c.gold for c in store.corrections(gold=True)].count(True) == 4


def test_a_gold_task_that_is_skipped_trains_nobody(store: Store, fill: Filler) -> None:
    fill.tasks(1.0, 2.0, 3.0)
    make_gold(store, "t1-0", "t1-1", "t1-2")
    lease = store.lease("a", 60, TRAINING)
    assert lease is not None
    store.submit(fill.submission(lease.task.id, "a", Answer.SKIPPED))
    assert work(store, fill, "a", TRAINING, 3) == [("t1-1", True), ("t1-2", True)]


def test_later_gold_comes_in_silence_in_about_its_share(store: Store, fill: Filler) -> None:
    fill.tasks(*[1.0] * 30)
    fill.tasks(*[2.0] * 30, round=2)
    make_gold(store, *(f"t1-{i}" for i in range(30)))
    given = {name: work(store, fill, name, GoldRules(share=0.3), 25) for name in ("a", "b")}
    for name in given:
        assert not any(training for _, training in given[name])
        golds = [i for i, (task, _) in enumerate(given[name]) if task.startswith("t1-")]
        assert 3 <= len(golds) <= 13
    assert [t[:2] for t, _ in given["a"]] != [t[:2] for t, _ in given["b"]], "people cannot tell each other which"


def test_gold_obeys_projects_filters_and_flags(store: Store, fill: Filler) -> None:
    fill.project("other")
    fill.tasks(1.0, round=1, project="other")
    fill.tasks(1.0, 1.0, round=2)
    fill.tasks(1.0, round=3)
    make_gold(store, "t1-0", "t2-0", "t2-1")
    store.ensure_user("a")
    store.set_work("a", WorkFilter(projects=("main",)), actor="admin")
    lease = store.lease("a", 60, TRAINING)
    assert lease is not None and lease.task.id == "t2-0"
    store.submit(fill.submission("t2-0", "a", Answer.FLAGGED))
    assert store.task("t2-0").state is TaskState.FLAGGED
    assert work(store, fill, "b", GoldRules(training=9), 5) == [("t1-0", True), ("t2-1", True), ("t3-0", False)]
    assert [task.id for task in store.to_review()] == ["t2-0", "t3-0"]
    store.resolve_flag("t2-0", TaskState.OPEN, actor="eve")
    assert work(store, fill, "b", GoldRules(training=9), 5) == [("t2-0", True)]


def test_a_lease_on_gold_that_ran_out_takes_no_place_from_anybody(store: Store, fill: Filler, clock: Clock) -> None:
    fill.tasks(1.0)
    make_gold(store, "t1-0")
    assert store.lease("a", 10, TRAINING) is not None
    clock.now += 20
    assert store.expire_leases(clock.now) == 1
    assert store.task("t1-0").state is TaskState.OPEN
    assert store.lease("b", 60) is None, "without rules nobody is given gold"
    assert store.counts() == counts()


def test_a_known_answer_is_kept_and_can_be_replaced(store: Store, fill: Filler) -> None:
    fill.project("other")
    fill.tasks(1.0, 2.0)
    fill.tasks(1.0, round=2, project="other")
    known = gold("t1-1", edit())
    store.add_gold(gold("t2-0"))
    store.add_gold(known)
    assert store.task("t1-1").gold
    assert store.gold("t1-1") == known
    assert store.gold("t1-0") is None
    better = gold("t1-1", edit(replacement="green"), explanation="greener")
    store.add_gold(better)
    assert store.golds() == [better, gold("t2-0")]
    assert store.golds("other") == [gold("t2-0")]
    assert [(entry.actor, entry.detail) for entry in store.audit()[-1:]] == [("eve", "t1-1")]
    for wrong, error in (
        (gold("nowhere"), StorageError),
        (gold("t1-0", edit(0, 99)), EditError),
        (gold("t1-0", edit(0, 30, " ")), DataError),
        (gold("t1-0", explanation="\x00"), DataError),
    ):
        with pytest.raises(error):
            store.add_gold(wrong)
    assert not store.task("t1-0").gold


def test_a_task_made_gold_later_keeps_the_answers_it_had(store: Store, fill: Filler) -> None:
    fill.tasks(1.0)
    before = fill.answer("a")
    make_gold(store, "t1-0")
    assert store.task("t1-0").state is TaskState.OPEN
    assert work(store, fill, "a", TRAINING, 1) == [], "who has answered it is not asked again"
    assert work(store, fill, "b", TRAINING, 1) == [("t1-0", True)]
    assert store.corrections() == [before]
    answer = store.answers_by("b")[0]
    with pytest.raises(WorklistError, match="right answer was known"):
        store.revise(answer.id, fill.submission("t1-0", "b", Answer.CLEAN))
    with pytest.raises(WorklistError, match="has a known answer"):
        store.review(fill.submission("t1-0", "rev"))
    assert store.review(fill.submission("t1-0", "rev"), of_gold=True).gold
