"""Several people a task, several projects, and who is given what: the same on every database."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redraft.errors import LeaseLost, WorklistError
from redraft.records import Answer, TaskState, WorkFilter
from redraft.store import Store, desks

from .conftest import Clock, Filler
from .test_store_worklist import counts, leased_task, race


def held(store: Store, annotator: str) -> str | None:
    """The task that the annotator is given or has."""
    lease = store.lease(annotator, 60)
    return lease and lease.task.id


def test_a_task_is_given_to_as_many_different_people_as_it_wants(store: Store, fill: Filler) -> None:
    fill.tasks(2.0, wanted=2)
    fill.tasks(1.0, round=2)
    assert [held(store, name) for name in ("a", "b", "c", "d")] == ["t1-0", "t1-0", "t2-0", None]
    assert store.task("t1-0").state is TaskState.LEASED
    assert store.counts() == counts(leased=2)
    store.submit(fill.submission("t1-0", "a"))
    assert held(store, "a") is None, "nobody answers a task twice"
    assert store.task("t1-0").state is TaskState.LEASED
    store.submit(fill.submission("t1-0", "b", Answer.CLEAN))
    assert store.task("t1-0").state is TaskState.DONE
    assert store.counts() == counts(leased=1, done=1, corrected=1, clean=1)


def test_a_task_with_one_of_two_answers_waits_for_somebody_else(store: Store, fill: Filler) -> None:
    fill.tasks(1.0, wanted=2)
    fill.answer("a")
    assert store.counts() == counts(open=1, open_answered=1, corrected=1)
    assert (store.waiting("a"), store.waiting("b")) == (0, 1)
    fill.answer("b", Answer.MARKED)
    assert store.counts() == counts(done=1, corrected=1, marked=1)


def test_a_skip_and_a_lease_that_ran_out_give_one_place_back_each(store: Store, fill: Filler, clock: Clock) -> None:
    fill.tasks(1.0, wanted=2)
    leased_task(store, "a", 10)
    leased_task(store, "b", 100)
    store.submit(fill.submission("t1-0", "b", Answer.SKIPPED))
    assert store.counts() == counts(open=1, open_skipped=1, skipped=1)
    clock.now += 10
    assert [held(store, name) for name in ("b", "c", "d", "e")] == [None, "t1-0", "t1-0", None]
    for name in ("c", "d"):
        store.submit(fill.submission("t1-0", name))
    with pytest.raises(LeaseLost, match="already answered"):
        store.submit(fill.submission("t1-0", "a"))
    assert store.counts() == counts(done=1, corrected=2, skipped=1)


def test_a_lease_that_ran_out_is_taken_up_again_unless_the_task_is_gone(
    store: Store, fill: Filler, clock: Clock
) -> None:
    fill.tasks(1.0, 2.0)
    first = leased_task(store, "slow")
    clock.now += 1000
    assert leased_task(store, "slow") == first
    clock.now += 1000
    assert leased_task(store, "quick") == first
    assert leased_task(store, "slow").id == "t1-0"


def test_a_task_given_back_is_there_for_the_next(store: Store, fill: Filler) -> None:
    fill.tasks(1.0)
    leased_task(store, "a")
    store.release("t1-0", "b")
    assert held(store, "b") is None
    store.release("t1-0", "a")
    store.release("t1-0", "a")
    assert store.counts() == counts(open=1)
    assert held(store, "b") == "t1-0"
    with pytest.raises(LeaseLost):
        store.renew("t1-0", "a", 60)


def test_a_flagged_task_leaves_the_worklist_and_who_holds_it_may_still_answer(
    store: Store, fill: Filler, clock: Clock
) -> None:
    fill.tasks(1.0, wanted=3)
    for name in ("a", "b", "late"):
        leased_task(store, name, 10 if name == "late" else 60)
    flag = store.submit(fill.submission("t1-0", "a", Answer.FLAGGED, reason="no picture"))
    assert flag.reason == "no picture"
    clock.now += 20
    assert store.counts() == counts(flagged=1)
    assert held(store, "c") is None
    assert held(store, "late") is None, "a lease that ran out is no claim on it"
    store.renew("t1-0", "b", 60)
    store.submit(fill.submission("t1-0", "b"))
    assert store.task("t1-0").state is TaskState.FLAGGED
    store.resolve_flag("t1-0", TaskState.OPEN, actor="rev")
    assert [held(store, name) for name in ("a", "b", "c", "late", "d")] == [None, None, "t1-0", "t1-0", None]
    assert store.audit()[-1].action == "resolve_flag"


def test_a_flag_is_resolved_once_and_only_as_open_or_retired(store: Store, fill: Filler) -> None:
    fill.tasks(2.0, 1.0)
    fill.answer("a", Answer.FLAGGED)
    with pytest.raises(WorklistError, match="not as done"):
        store.resolve_flag("t1-0", TaskState.DONE, actor="rev")
    store.resolve_flag("t1-0", TaskState.RETIRED, actor="rev")
    assert store.counts() == counts(open=1, retired=1)
    for task in ("t1-0", "t1-1", "nowhere"):
        with pytest.raises(WorklistError, match=r"not flagged|no task nowhere"):
            store.resolve_flag(task, TaskState.OPEN, actor="rev")


def test_a_task_that_has_all_its_answers_is_done_when_its_flag_is_resolved(store: Store, fill: Filler) -> None:
    fill.tasks(1.0, wanted=2)
    for name in ("a", "b"):
        leased_task(store, name)
    store.submit(fill.submission("t1-0", "b", Answer.FLAGGED))
    store.submit(fill.submission("t1-0", "a"))
    store.resolve_flag("t1-0", TaskState.OPEN, actor="rev")
    assert store.task("t1-0").state is TaskState.OPEN, "one more is wanted"
    fill.answer("c")
    assert store.task("t1-0").state is TaskState.DONE


def test_retiring_leaves_an_overlapping_task_to_whoever_holds_it(store: Store, fill: Filler) -> None:
    fill.tasks(1.0, 2.0, wanted=2)
    assert held(store, "a") == "t1-1"
    assert store.retire_tasks(1) == 1
    assert held(store, "b") is None
    store.submit(fill.submission("t1-1", "a"))
    assert store.counts() == counts(done=1, retired=1, corrected=1)


def test_work_comes_from_open_projects_within_their_budget(store: Store, fill: Filler) -> None:
    small = fill.project("small", budget=1)
    fill.tasks(9.0, 8.0, round=1, project="small")
    fill.tasks(5.0, round=2)
    assert held(store, "a") == "t1-0"
    assert held(store, "b") == "t1-1", "the budget is of answers, not of leases"
    store.submit(fill.submission("t1-0", "a"))
    store.submit(fill.submission("t1-1", "b"))
    fill.tasks(7.0, round=3, project="small")
    assert held(store, "a") == "t2-0"
    store.update_project(small.model_copy(update={"budget": None, "open": False}), actor="admin")
    assert held(store, "b") is None
    assert store.waiting("b") == 0
    assert store.counts() == counts(leased=1)
    assert store.counts(project="small") == counts(open=1, done=2, corrected=2)
    assert store.counts(project=None) == counts(open=1, leased=1, done=2, corrected=2)
    store.update_project(small.model_copy(update={"budget": 3}), actor="admin")
    assert held(store, "b") == "t3-0"
    assert [(lease.annotator, lease.task.id) for lease in store.active_leases()] == [("a", "t2-0"), ("b", "t3-0")]
    assert [lease.annotator for lease in store.active_leases("small")] == ["b"]


def test_a_user_is_given_what_their_filter_lets_through(store: Store, fill: Filler) -> None:
    fill.project("other")
    fill.tasks(5.0, round=1, text="A long text. " * 9)
    fill.tasks(1.0, round=2, project="other")
    fill.tasks(2.0, round=3)
    for name in ("short", "other", "both"):
        store.ensure_user(name)
    store.set_work("short", WorkFilter(longest=50), actor="admin")
    store.set_work("other", WorkFilter(projects=("other",)), actor="admin")
    store.set_work("both", WorkFilter(projects=("main", "other"), longest=len("A long text. " * 9)), actor="admin")
    assert [store.waiting(name) for name in ("short", "other", "both")] == [2, 1, 3]
    assert [held(store, name) for name in ("short", "other", "both")] == ["t3-0", "t2-0", "t1-0"]
    assert store.waiting("short") == 0


def test_processes_racing_for_overlapping_tasks_answer_each_as_often_as_wanted(store: Store, fill: Filler) -> None:
    fill.tasks(*(float(i % 5) for i in range(40)), wanted=2)
    race(store.url, "work", 4)
    answers = store.corrections()
    assert Counter(answer.task_id for answer in answers) == {f"t1-{i}": 2 for i in range(40)}
    assert len({(answer.task_id, answer.annotator) for answer in answers}) == len(store.audit()) == 80
    assert store.counts().done == 40


def test_the_next_task_is_read_from_the_index_however_many_there_are(store: Store, fill: Filler) -> None:
    fill.tasks(*range(50))
    database = store._db
    query = desks.next_task(False).params(annotator="a", in_project="main")
    text = query.compile(database._engine, compile_kwargs={"literal_binds": True})
    with database.read() as connection:
        if database.sqlite:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
        else:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
            plan = connection.exec_driver_sql(f"EXPLAIN {text}").all()
    steps = "\n".join(str(row) for row in plan)
    assert "ix_tasks_next" in steps
    assert "Sort" not in steps and "TEMP B-TREE" not in steps


ANNOTATORS = st.sampled_from(["a", "b", "c"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("lease"), ANNOTATORS),
        st.tuples(st.sampled_from(list(Answer)), ANNOTATORS),
        st.tuples(st.just("wait"), st.integers(1, 90)),
        st.tuples(st.sampled_from(["expire", "retire", "resolve"]), st.none()),
        st.tuples(st.just("release"), ANNOTATORS),
    ),
    max_size=30,
)


@given(steps=STEPS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_places_are_counted_right(make_filler: Any, steps: list[tuple[Any, Any]]) -> None:
    fill, clock = make_filler()
    store: Store = fill.store
    fill.tasks(3.0, 1.0)
    fill.tasks(4.0, 2.0, round=2, wanted=2)
    held: dict[str, tuple[str, float]] = {}
    retired: set[str] = set()
    for what, value in steps:
        mine = held.get(value)
        if what == "wait":
            clock.now += value
        elif what == "expire":
            store.expire_leases(clock.now)
        elif what == "retire":
            retired |= {task.id for task in store.tasks(2)}
            store.retire_tasks(2)
        elif what == "resolve":
            for task in store.tasks():
                if task.state is TaskState.FLAGGED:
                    store.resolve_flag(task.id, TaskState.OPEN, actor="rev")
        elif what == "release":
            if mine:
                store.release(mine[0], value)
                del held[value]
        elif what == "lease":
            lease = store.lease(value, 60)
            held.pop(value, None)
            if lease is not None:
                held[value] = (lease.task.id, lease.expires_at)
        elif mine and mine[1] > clock.now:
            store.submit(fill.submission(mine[0], value, what))
            del held[value]
        check_places(store, {name: task for name, (task, ends) in held.items() if ends > clock.now}, retired)


def check_places(store: Store, live: dict[str, str], retired: set[str]) -> None:
    """What the tasks say is what the leases and the answers say; those that were retired in work have fewer places."""
    assert {lease.annotator: lease.task.id for lease in store.active_leases()} == live
    with store._db.read() as connection:
        places = {id: counted for id, *counted in connection.execute(sa.text("SELECT id, free, due FROM tasks"))}
        leased = Counter(connection.scalars(sa.text("SELECT task_id FROM leases")))
    given = Counter(c.task_id for c in store.corrections() if c.answer not in (Answer.SKIPPED, Answer.FLAGGED))
    for task in store.tasks():
        free, due = places[task.id]
        if task.state in (TaskState.OPEN, TaskState.LEASED):
            assert free == due - leased[task.id]
            assert due == task.wanted - given[task.id] or (task.id in retired and due < task.wanted - given[task.id])
        assert given[task.id] <= task.wanted
        if task.state is TaskState.DONE:
            assert leased[task.id] == free == due == 0
