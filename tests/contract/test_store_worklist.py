"""The worklist keeps its promises on every database: one holder a task, one answer taken, none lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from redraft.errors import DataError, EditError, LeaseLost, NotAllowed, StorageError, WorklistError
from redraft.records import Answer, Edit, HallucinationType, Task, TaskState
from redraft.store import Store, WorklistCounts

Fill = Any
PROCESS = Path(__file__).with_name("worklist_process.py")


def leased_task(store: Store, annotator: str, seconds: float = 60) -> Task:
    lease = store.lease(annotator, seconds)
    assert lease is not None
    return lease.task


def counts(**given: int) -> WorklistCounts:
    return WorklistCounts(**(dict.fromkeys(WorklistCounts.model_fields, 0) | given))


def test_the_highest_priority_comes_first_then_the_oldest(store: Store, fill: Fill) -> None:
    fill.tasks(1.0, 3.0, 2.0, 3.0)
    leases = [store.lease(f"ann-{i}", 60) for i in range(5)]
    assert [lease and lease.task.id for lease in leases] == ["t1-1", "t1-3", "t1-2", "t1-0", None]


def test_a_lease_is_resumed_and_prolonged_instead_of_a_second_task(store: Store, fill: Fill, clock: Any) -> None:
    fill.tasks(1.0, 2.0)
    first = store.lease("ann", 60)
    clock.now += 30
    again = store.lease("ann", 60)
    assert first is not None and again is not None
    assert again.task == first.task
    assert again.task.state is TaskState.LEASED
    assert (first.expires_at, again.expires_at) == (1_000_060.0, 1_000_090.0)
    assert store.lease("ann", 1) == again, "a short lease never cuts a longer one"


def test_one_annotator_in_several_windows_holds_one_task(store: Store, fill: Fill) -> None:
    fill.tasks(1.0, 2.0, 3.0, 4.0)
    with ThreadPoolExecutor(4) as windows:
        leases = list(windows.map(lambda _: leased_task(store, "ann").id, range(12)))
    assert set(leases) == {"t1-3"}
    assert store.counts() == counts(open=3, leased=1)


def test_an_expired_lease_goes_to_the_next_annotator_and_the_late_submission_is_refused(
    store: Store, fill: Fill, clock: Any
) -> None:
    fill.tasks(1.0)
    slow = leased_task(store, "slow")
    assert store.lease("quick", 60) is None
    clock.now += 60
    assert store.counts() == counts(open=1)
    assert leased_task(store, "quick") == slow
    with pytest.raises(LeaseLost, match="someone else"):
        store.submit(fill.submission(slow.id, "slow"))
    with pytest.raises(LeaseLost):
        store.renew(slow.id, "slow", 60)
    store.submit(fill.submission(slow.id, "quick"))
    with pytest.raises(LeaseLost, match="already answered"):
        store.submit(fill.submission(slow.id, "slow"))
    assert len(store.corrections()) == 1


def test_a_renewed_lease_outlives_the_first_term(store: Store, fill: Fill, clock: Any) -> None:
    fill.tasks(1.0)
    task = leased_task(store, "ann")
    clock.now += 59
    assert store.renew(task.id, "ann", 60).expires_at == clock.now + 60
    clock.now += 59
    assert store.submit(fill.submission(task.id, "ann")).annotator == "ann"


def test_expire_leases_opens_what_ran_out_and_nothing_else(store: Store, fill: Fill, clock: Any) -> None:
    fill.tasks(1.0, 2.0)
    store.lease("short", 10)
    store.lease("long", 100)
    assert store.expire_leases(clock.now + 50) == 1
    assert {task.id: task.state for task in store.tasks()} == {"t1-0": TaskState.LEASED, "t1-1": TaskState.OPEN}


def test_a_submission_stores_the_corrected_text_and_closes_the_task(store: Store, fill: Fill, clock: Any) -> None:
    fill.tasks(1.0)
    correction = fill.answer("ann")
    assert correction.corrected == "A blue cup stands on the table."
    assert correction.original == "A red cup stands on the table."
    assert correction.submitted_at == clock.now
    assert store.corrections() == [correction]
    assert store.task(correction.task_id).state is TaskState.DONE
    assert store.counts(1) == counts(done=1, corrected=1)


def test_the_same_submission_twice_is_taken_once(store: Store, fill: Fill, clock: Any) -> None:
    fill.tasks(1.0)
    task = leased_task(store, "ann")
    submission = fill.submission(task.id, "ann")
    first = store.submit(submission)
    clock.now += 3600
    assert store.submit(submission) == first
    assert store.corrections() == [first]
    assert [entry.action for entry in store.audit()] == ["submit"]


def test_a_nonce_is_not_taken_for_something_else(store: Store, fill: Fill) -> None:
    fill.tasks(1.0, 2.0)
    done = leased_task(store, "ann")
    first = fill.submission(done.id, "ann")
    store.submit(first)
    other = leased_task(store, "ann")
    changed = (
        first.model_copy(update={"edits": (), "answer": Answer.CLEAN}),
        first.model_copy(update={"annotator": "someone"}),
        first.model_copy(update={"task_id": other.id}),
    )
    for submission in changed:
        with pytest.raises(WorklistError, match="already used for another submission"):
            store.submit(submission)
    assert len(store.corrections()) == 1


def test_only_the_holder_may_submit(store: Store, fill: Fill) -> None:
    fill.tasks(1.0)
    with pytest.raises(LeaseLost):
        store.submit(fill.submission("t1-0", "ann"))
    leased_task(store, "ann")
    with pytest.raises(LeaseLost):
        store.submit(fill.submission("t1-0", "other"))
    with pytest.raises(WorklistError, match="no task nowhere"):
        store.submit(fill.submission("nowhere", "ann"))
    assert store.corrections() == []


@pytest.mark.parametrize(
    ("answer", "edits", "error", "says"),
    [
        (Answer.CORRECTED, (), EditError, "change nothing"),
        (Answer.CORRECTED, ((2, 5, "red"),), EditError, "change nothing"),
        (Answer.CORRECTED, ((0, 30, ""),), EditError, "leave no text"),
        (Answer.CORRECTED, ((0, 31, "x"),), EditError, "31"),
        (Answer.CORRECTED, ((2, 5, "x" * 20_001),), EditError, "more than 20000"),
        (Answer.CORRECTED, ((2, 5, "x\x00"),), DataError, "NUL"),
        (Answer.CORRECTED, ((2, 5, "\ud800"),), DataError, "half a character"),
        (Answer.CLEAN, ((2, 5, "blue"),), EditError, "takes no edits"),
        (Answer.SKIPPED, ((2, 5, "blue"),), EditError, "takes no edits"),
    ],
)
def test_edits_that_do_not_fit_are_refused_and_the_lease_stays(
    store: Store, fill: Fill, answer: Answer, edits: tuple[Any, ...], error: type[Exception], says: str
) -> None:
    fill.tasks(1.0)
    task = leased_task(store, "ann")
    made = tuple(Edit(start=s, end=e, replacement=r, type=HallucinationType.OTHER) for s, e, r in edits)
    submission = fill.submission(task.id, "ann", answer).model_copy(update={"edits": made})
    with pytest.raises(error, match=says):
        store.submit(submission)
    assert store.corrections() == []
    assert store.audit() == []
    assert store.submit(fill.submission(task.id, "ann")).answer is Answer.CORRECTED


def test_marks_and_text_must_fit(store: Store, fill: Fill) -> None:
    fill.tasks(1.0)
    store.lease("a", 60)
    edit = fill.submission("t1-0", "a").edits[0]
    for says, submission in (
        ("do not give the corrected text", fill.submission("t1-0", "a", corrected="A red cup stands on the table.")),
        ("nothing is marked", fill.submission("t1-0", "a", Answer.MARKED, marks=())),
        ("takes no edits", fill.submission("t1-0", "a", Answer.MARKED, edits=(edit,))),
    ):
        with pytest.raises(EditError, match=says):
            store.submit(submission)
    right = fill.submission("t1-0", "a", corrected="A blue cup stands on the table.")
    assert store.submit(right).edits[0].type is HallucinationType.ATTRIBUTE


def test_a_skipped_task_waits_behind_the_others_and_never_comes_back_to_who_skipped_it(
    store: Store, fill: Fill
) -> None:
    fill.tasks(9.0, 1.0)
    assert fill.answer("first", Answer.SKIPPED).task_id == "t1-0"
    assert store.counts() == counts(open=2, open_skipped=1, skipped=1)
    assert leased_task(store, "second").id == "t1-1"
    assert store.lease("first", 60) is None
    assert leased_task(store, "third").id == "t1-0"
    store.submit(fill.submission("t1-0", "third", Answer.CLEAN))
    assert [c.answer for c in store.corrections()] == [Answer.SKIPPED, Answer.CLEAN]
    assert store.corrections(answer=Answer.CLEAN)[0].corrected == "A red cup stands on the table."


def test_retiring_a_round_leaves_what_is_held_and_what_is_done(store: Store, fill: Fill, clock: Any) -> None:
    fill.tasks(1.0, 2.0, 3.0, 4.0)
    fill.tasks(5.0, round=2)
    assert fill.answer("a").round == 2
    assert fill.answer("a").round == 1
    store.lease("b", 60)
    store.lease("gone", 1)
    clock.now += 2
    assert store.retire_tasks(1) == 2
    assert store.counts(1) == counts(leased=1, done=1, retired=2, corrected=1)
    assert store.counts() == counts(leased=1, done=2, retired=2, corrected=2)
    assert store.lease("c", 60) is None
    assert store.submit(fill.submission("t1-2", "b")).round == 1


def test_retiring_a_round_but_for_some_gives_those_their_new_priority(store: Store, fill: Fill) -> None:
    fill.tasks(0.4, 0.3, 0.2, 0.1)
    assert store.retire_tasks(1, {"t1-0": 0.5, "t1-3": 0.9, "elsewhere": 1.0}) == 2
    assert store.counts(1) == counts(open=2, retired=2)
    assert leased_task(store, "a").id == "t1-3"
    assert store.task("t1-0").priority == 0.5


def test_a_disabled_user_gets_no_task_and_sends_none(store: Store, fill: Fill) -> None:
    fill.tasks(1.0, 2.0)
    store.ensure_user("ann")
    task = leased_task(store, "ann")
    store.disable_user("ann", actor="admin")
    for call in (
        lambda: store.lease("ann", 60),
        lambda: store.renew(task.id, "ann", 60),
        lambda: store.submit(fill.submission(task.id, "ann")),
    ):
        with pytest.raises(NotAllowed, match="disabled"):
            call()


def test_tasks_are_added_once_and_never_without_their_response(store: Store, fill: Fill) -> None:
    fill.tasks(1.0, 2.0)
    fill.answer("ann")
    before = store.tasks()
    fill.tasks(1.0, 2.0)
    assert store.tasks() == before
    with pytest.raises(StorageError, match="refused a row"):
        store.add_tasks([before[0].model_copy(update={"id": "orphan", "response_id": "nowhere"})])
    assert store.tasks() == before
    assert store.used_images() == {"i1-0", "i1-1"}


def test_processes_racing_for_tasks_share_them_out_exactly(store: Store, fill: Fill) -> None:
    fill.tasks(*(float(i % 7) for i in range(120)))
    did = race(store.url, "work", 4)
    assert Counter((what, task) for _, what, task in did) == {("did", f"t1-{i}"): 1 for i in range(120)}
    assert len({name for name, _, _ in did}) > 1, "one process did everything: nothing was raced for"
    assert {c.task_id for c in store.corrections()} == {f"t1-{i}" for i in range(120)}
    assert len(store.corrections()) == len(store.audit()) == 120
    assert store.counts().done == 120


def test_a_process_killed_in_the_middle_of_a_submission_leaves_nothing(store: Store, fill: Fill) -> None:
    fill.tasks(1.0)
    with start(store.url, "hang", 1) as process:
        assert process.stdout is not None
        stuck, pid = process.stdout.readline().split()
        assert stuck == "stuck"
        os.kill(int(pid), signal.SIGKILL)
    assert store.corrections() == []
    assert store.audit() == []
    assert store.expire_leases(1e12) == 1
    task = leased_task(store, "next")
    store.submit(fill.submission(task.id, "next"))
    assert [c.annotator for c in store.corrections()] == ["next"]


def test_processes_that_open_a_new_database_at_once_all_succeed(empty_database_url: str) -> None:
    assert race(empty_database_url, "open", 4) == []
    with Store.open(empty_database_url) as store:
        assert store.counts() == counts()


def start(url: str, what: str, count: int) -> subprocess.Popen[str]:
    """Processes that do the same at the same moment."""
    command = [sys.executable, str(PROCESS), url, what, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def race(url: str, what: str, count: int) -> list[list[str]]:
    """What they printed, a line at a time, in words."""
    with start(url, what, count) as processes:
        printed = processes.communicate(timeout=120)[0]
    assert processes.returncode == 0
    return [line.split() for line in printed.splitlines()]
