"""What people decide about policy versions, and how the loop gives way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from redraft.blobs import open_blobs
from redraft.errors import DataError, StorageError
from redraft.overrule import Decision, decisions, overrule
from redraft.records import Correction, DatasetVersion, Interval, PolicyStatus, Verdict
from redraft.store import Store
from redraft.store.policies import CHANGED_MEANWHILE

Fill = Any


def train(store: Store, fill: Fill, id: str, parent: str, *corrections: Correction) -> None:
    members = tuple(c.id for c in corrections)
    version = DatasetVersion(
        id=f"data-{id}", round=1, blob="d", pairs=len(members), corrections=members, reference=parent, created_at=2.0
    )
    store.add_dataset(version)
    fill.policy(id, parent=parent, dataset=version.id)


def verdict(candidate: str, incumbent: str, promoted: bool = True) -> Verdict:
    difference = Interval(value=-0.1, low=-0.2, high=-0.05)
    return Verdict(
        candidate=candidate, incumbent=incumbent, promoted=promoted, difference=difference, reasons=("Passed: fewer.",)
    )


def statuses(store: Store) -> dict[str, str]:
    return {policy.id: policy.status.value for policy in store.policies()}


def log(store: Store) -> list[tuple[str, str, str]]:
    return [(entry.actor, entry.action, entry.detail) for entry in store.audit()]


@pytest.fixture
def line(store: Store, fill: Fill) -> None:
    """base, then one, then two, each promoted over the last; three is a candidate from two."""
    fill.policy("base")
    store.promote("base", ["The start."])
    for id, parent in (("one", "base"), ("two", "one")):
        fill.policy(id, parent=parent)
        store.promote(id, [f"{id} is better."])
    fill.policy("three", parent="two")


@pytest.mark.usefixtures("line")
def test_a_roll_back_puts_an_earlier_version_in_force_and_keeps_what_was_said(store: Store) -> None:
    store.roll_back("one", "  Two calls every cup red.  ", actor="eve")
    assert statuses(store) == {"base": "superseded", "one": "promoted", "two": "superseded", "three": "candidate"}
    assert store.policy("one").reasons == ("one is better.", "Rolled back to by eve: Two calls every cup red.")
    assert store.policy("two").reasons == ("two is better.",)
    assert log(store)[-1] == ("eve", "roll_back", "one instead of two: Two calls every cup red.")
    store.roll_back("one", "pressed twice", actor="eve")
    assert len(store.policy("one").reasons) == 2 and len(log(store)) == 4
    store.roll_back("two", "It was the pictures.", actor="eve")
    assert statuses(store)["two"] == "promoted" and statuses(store)["one"] == "superseded"


@pytest.mark.usefixtures("line")
def test_a_rejected_version_can_be_put_in_force_but_a_candidate_and_an_external_one_cannot(
    store: Store, fill: Fill
) -> None:
    store.add_policy(store.policy("two").model_copy(update={"id": "gpt", "status": PolicyStatus.EXTERNAL}))
    for id in ("three", "gpt"):
        with pytest.raises(StorageError, match=rf"{id} is \w+ and cannot be rolled back to: only a super"):
            store.roll_back(id, "why not", actor="eve")
    store.reject("three", ["Failed: shorter."])
    store.roll_back("three", "Shorter is better.", actor="eve")
    assert statuses(store)["three"] == "promoted"
    assert store.policy("three").reasons[0] == "Failed: shorter."
    with pytest.raises(StorageError, match="holds no policy version nowhere"):
        store.roll_back("nowhere", "why not", actor="eve")


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize("reason", ["", " \n ", "x" * 2001, "a\x00b", "\ud800"])
def test_a_decision_needs_a_reason_that_can_be_kept(store: Store, tmp_path: Path, reason: str) -> None:
    blobs = open_blobs(str(tmp_path))
    blobs.put("policies/three/x", b"")
    with pytest.raises(DataError, match="reason"):
        store.roll_back("one", reason, actor="eve")
    for decision in (Decision.PROMOTE, Decision.REJECT):
        with pytest.raises(DataError, match="reason"):
            overrule(store, blobs, "three", decision, reason, actor="eve")
    assert statuses(store)["two"] == "promoted" and statuses(store)["three"] == "candidate"


def test_corrections_of_a_version_given_up_come_back_as_unused(store: Store, fill: Fill) -> None:
    fill.tasks(3.0, 2.0, 1.0)
    store.promote("base")
    first, second, third = (fill.answer(f"ann-{n}") for n in range(3))
    train(store, fill, "one", "base", first)
    store.promote("one")
    train(store, fill, "two", "one", second)
    store.promote("two")
    assert [c.id for c in store.unused_corrections()] == [third.id]
    store.roll_back("one", "Two invents dogs.", actor="eve")
    assert [c.id for c in store.unused_corrections()] == [second.id, third.id]
    train(store, fill, "three", "one", second, third)
    store.promote("three")
    assert store.unused_corrections() == []
    store.roll_back("two", "After all.", actor="eve")
    assert [c.id for c in store.unused_corrections()] == [third.id]


@pytest.mark.usefixtures("line")
def test_the_loop_settles_what_nobody_has_decided(store: Store, fill: Fill) -> None:
    settled = store.settle(verdict("three", "two"))
    assert settled.promoted and statuses(store)["three"] == "promoted" and statuses(store)["two"] == "superseded"
    assert store.policy("three").reasons == ("Passed: fewer.",)
    assert store.settle(verdict("three", "two")) == settled, "done again after a crash, it says the same"
    fill.policy("four", parent="three")
    settled = store.settle(verdict("four", "three", promoted=False))
    assert not settled.promoted and statuses(store)["four"] == "rejected"
    assert store.settle(verdict("four", "three", promoted=False)) == settled
    assert [line[:2] for line in log(store)[-2:]] == [("loop", "promote"), ("loop", "reject")]
    with pytest.raises(StorageError, match="holds no policy version nowhere"):
        store.settle(verdict("nowhere", "two"))


@pytest.mark.usefixtures("line")
def test_a_candidate_of_a_version_given_up_is_not_promoted(store: Store) -> None:
    store.roll_back("one", "Two calls every cup red.", actor="eve")
    settled = store.settle(verdict("three", "two"))
    assert not settled.promoted
    assert settled.reasons == (CHANGED_MEANWHILE, "Passed: fewer.") == store.policy("three").reasons
    assert statuses(store) == {"base": "superseded", "one": "promoted", "two": "superseded", "three": "rejected"}


@pytest.mark.usefixtures("line")
def test_what_a_person_decided_about_a_candidate_stands(store: Store, fill: Fill, tmp_path: Path) -> None:
    blobs = open_blobs(str(tmp_path))
    blobs.put("policies/three/config.json", b"{}")
    decided = overrule(store, blobs, "three", Decision.PROMOTE, "I read fifty of its answers.", actor="eve")
    assert decided.status is PolicyStatus.PROMOTED
    settled = store.settle(verdict("three", "two", promoted=False))
    assert settled.promoted and settled.reasons == ("Decided by eve: I read fifty of its answers.",)
    fill.policy("four", parent="three")
    overrule(store, blobs, "four", Decision.REJECT, "It swears.", actor="eve")
    settled = store.settle(verdict("four", "three"))
    assert not settled.promoted and settled.reasons == ("Decided by eve: It swears.",)
    assert statuses(store)["three"] == "promoted"
    assert log(store)[-1] == ("eve", "reject", "four: Decided by eve: It swears.")


@pytest.mark.usefixtures("line")
def test_what_cannot_be_decided_is_refused(store: Store, fill: Fill, tmp_path: Path) -> None:
    blobs = open_blobs(str(tmp_path))
    with pytest.raises(StorageError, match=r"policies/one of policy version one is gone"):
        overrule(store, blobs, "one", Decision.ROLL_BACK, "Back.", actor="eve")
    with pytest.raises(StorageError, match="base is the one that the run starts from"):
        overrule(store, blobs, "base", Decision.REJECT, "Away with it.", actor="eve")
    open_to = {policy.id: [d.value for d in decisions(policy)] for policy in store.policies()}
    assert open_to == {
        "base": ["roll back"],
        "one": ["roll back"],
        "two": [],
        "three": ["promote", "reject"],
    }


@pytest.mark.usefixtures("line")
def test_a_person_and_the_loop_at_once_leave_one_version_promoted(store: Store) -> None:
    with ThreadPoolExecutor(2) as pool:
        settled = pool.submit(store.settle, verdict("three", "two"))
        back = pool.submit(store.roll_back, "one", "At once.", actor="eve")
        back.result()
    assert statuses(store)["one"] == "promoted", "whoever was first, the person's choice stands in the end"
    assert statuses(store)["three"] == ("superseded" if settled.result().promoted else "rejected")
