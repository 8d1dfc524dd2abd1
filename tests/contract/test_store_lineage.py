"""The registry: what was trained on what, what is promoted, where the loop stands, and the log of who did it."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from redraft.errors import DataError, NotAllowed, StorageError
from redraft.records import (
    Answer,
    Arm,
    Correction,
    DatasetVersion,
    Evaluation,
    HallucinationType,
    ImageItem,
    Interval,
    Phase,
    PolicyStatus,
    PolicyVersion,
    RoundRow,
    SceneRate,
    Split,
    Verdict,
)
from redraft.store import Store

Fill = Any


def dataset(id: str, *corrections: Correction) -> DatasetVersion:
    members = tuple(c.id for c in corrections)
    return DatasetVersion(
        id=id, round=1, blob=f"datasets/{id}", pairs=len(members), corrections=members, reference="base", created_at=2.0
    )


def train(store: Store, fill: Fill, id: str, parent: str, *corrections: Correction) -> PolicyVersion:
    store.add_dataset(dataset(f"data-{id}", *corrections))
    policy: PolicyVersion = fill.policy(id, parent=parent, dataset=f"data-{id}")
    return policy


def statuses(store: Store) -> dict[str, str]:
    return {policy.id: policy.status.value for policy in store.policies()}


def evaluation(policy: str, split: Split, value: float) -> Evaluation:
    interval = Interval(value=value, low=0.0, high=1.0)
    return Evaluation(
        policy=policy,
        split=split,
        responses=3,
        response_rate=interval,
        mention_rate=interval,
        recall=interval,
        mean_words=interval,
        question_accuracy=None,
        by_type={HallucinationType.NUMBER: 0.25},
        by_scene={"kitchen": 1 / 3},
        over_generalisation=(
            SceneRate(scene="kitchen", inside=0.1, inside_mentions=7, elsewhere=0.0, elsewhere_mentions=2),
        ),
        blob="evaluations/x.parquet",
    )


def test_records_come_back_as_they_were(store: Store, fill: Fill) -> None:
    (id,) = fill.tasks(1.5)
    task = store.task(id)
    assert (task.priority, task.spans[0].score, task.policy) == (1.5, 0.75, "base")
    assert store.response(task.response_id).trace.logprobs == (-0.25, -1e-9)
    assert store.responses(1) == [store.response(task.response_id)]
    assert store.image(task.image_id) == store.images(Split.POOL)[0]
    assert store.images(Split.TEST) == []
    assert store.policy("base").seed == 7


@pytest.mark.parametrize("kind", ["image", "response", "task", "policy", "dataset", "lineage"])
def test_an_unknown_id_is_named(store: Store, kind: str) -> None:
    with pytest.raises(StorageError, match=r"holds no .*nowhere"):
        getattr(store, kind)("nowhere")


def test_an_image_never_changes_split(store: Store) -> None:
    item = ImageItem(id="a", origin="cat.jpg", split=Split.TEST, blob="images/a", width=4, height=3)
    other = item.model_copy(update={"id": "b", "origin": "dog.jpg", "split": Split.POOL})
    store.add_images([item])
    with pytest.raises(DataError, match=r"cat\.jpg is already used as test and cannot be pool too"):
        store.add_images([other, item.model_copy(update={"split": Split.POOL})])
    assert store.images(Split.POOL) == [], "nothing is taken of a refused call"
    store.add_images([item, other])
    assert store.images(Split.TEST) == [item]


def test_what_no_database_can_hold_is_refused(store: Store, fill: Fill) -> None:
    fill.tasks(1.0)
    response = store.response("r1-0")
    with pytest.raises(DataError, match="text of response big holds a NUL character at 1"):
        store.add_responses([response.model_copy(update={"id": "big", "text": "a\x00b"})])
    with pytest.raises(DataError, match="does not fit in 64 bits"):
        store.add_responses([response.model_copy(update={"id": "big", "seed": 2**63})])
    assert store.responses(1) == [response]


def test_one_policy_is_promoted_at_a_time(store: Store, fill: Fill) -> None:
    assert store.promoted() is None
    fill.policy("base")
    store.promote("base", ["the first"])
    fill.policy("next", parent="base")
    store.promote("next", ["fewer errors"])
    store.promote("next")
    assert statuses(store) == {"base": "superseded", "next": "promoted"}
    promoted = store.promoted()
    assert promoted is not None and (promoted.id, promoted.reasons) == ("next", ("fewer errors",))
    with pytest.raises(StorageError, match="refused a row"):
        store.add_policy(promoted.model_copy(update={"id": "usurper"}))
    with pytest.raises(StorageError, match="base is superseded and cannot be promoted"):
        store.promote("base")


def test_a_rejected_candidate_keeps_its_reasons(store: Store, fill: Fill) -> None:
    fill.policy("bad")
    store.reject("bad", ["recall fell", "too short"])
    store.reject("bad", ["again"])
    assert store.policy("bad").status is PolicyStatus.REJECTED
    assert store.policy("bad").reasons == ("recall fell", "too short")
    with pytest.raises(StorageError, match="bad is rejected and cannot be promoted"):
        store.promote("bad")


def test_promotions_at_once_leave_one(store: Store, fill: Fill) -> None:
    names = [f"p{i}" for i in range(6)]
    for name in names:
        fill.policy(name)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(store.promote, names))
    assert sorted(statuses(store).values()) == ["promoted"] + ["superseded"] * 5
    assert len(store.audit()) == 6


def test_a_rejected_candidates_corrections_come_back_and_a_promoted_ones_do_not(store: Store, fill: Fill) -> None:
    fill.tasks(*[1.0] * 6)
    store.promote("base")
    first, second = fill.answer("a"), fill.answer("b")
    fill.answer("a", Answer.CLEAN)
    fill.answer("a", Answer.SKIPPED)
    assert store.unused_corrections() == [first, second]

    train(store, fill, "one", "base", first, second)
    assert store.unused_corrections() == [first, second], "a candidate may still be rejected"
    store.reject("one", ["worse"])
    third = fill.answer("b")
    assert store.unused_corrections() == [first, second, third]

    train(store, fill, "two", "base", first, second)
    store.promote("two")
    assert store.unused_corrections() == [third]
    train(store, fill, "three", "two", third)
    store.promote("three")
    assert store.unused_corrections() == [], "what the parent was trained on is used too"


def test_lineage_lists_everything_that_made_a_policy(store: Store, fill: Fill) -> None:
    fill.tasks(*[1.0] * 4)
    store.promote("base")
    first, second, third = fill.answer("zoe"), fill.answer("ann"), fill.answer("zoe")
    train(store, fill, "rejected", "base", first, third)
    train(store, fill, "one", "base", second, first)
    train(store, fill, "two", "one", third)
    lineage = store.lineage("two")
    assert lineage.policy == store.policy("two")
    assert [p.id for p in lineage.ancestors] == ["one", "base"]
    assert [d.id for d in lineage.datasets] == ["data-two", "data-one"]
    assert lineage.datasets[1].corrections == (second.id, first.id), "a dataset version keeps its order"
    assert lineage.corrections == (first, second, third)
    assert lineage.annotators == ("ann", "zoe")
    assert [p.id for p in store.policies_trained_on(first.id)] == ["rejected", "one", "two"]
    assert [p.id for p in store.policies_trained_on(third.id)] == ["rejected", "two"]
    assert store.lineage("base").corrections == ()


def test_a_dataset_version_is_written_once_and_holds_nothing_twice(store: Store, fill: Fill) -> None:
    fill.tasks(1.0, 2.0)
    first, second = fill.answer("a"), fill.answer("a")
    version = dataset("d", first)
    store.add_dataset(version)
    store.add_dataset(dataset("d", first, second))
    assert store.datasets() == [version]
    with pytest.raises(DataError, match="twice"):
        store.add_dataset(dataset("e", first, first))
    with pytest.raises(StorageError, match="refused a row"):
        store.add_dataset(dataset("e", first, second.model_copy(update={"id": "nowhere"})))
    assert store.datasets() == [version]


def test_a_step_is_committed_once(store: Store, fill: Fill, clock: Any) -> None:
    fill.policy("base")
    begun = store.begin_round(1, Phase.SAMPLING, "base")
    clock.now += 10
    assert store.begin_round(1, Phase.TRAINING, "base") == begun
    assert store.advance(1, Phase.SAMPLING, Phase.ANNOTATING)
    assert not store.advance(1, Phase.SAMPLING, Phase.ANNOTATING)
    store.add_dataset(dataset("d"))
    assert store.advance(1, Phase.ANNOTATING, Phase.TRAINING, dataset="d")
    fill.policy("new", parent="base", dataset="d")
    assert store.advance(1, Phase.TRAINING, Phase.PROMOTING, candidate="new")
    assert store.advance(1, Phase.PROMOTING, Phase.DONE, promoted=False)
    ended = RoundRow(
        number=1,
        phase=Phase.DONE,
        incumbent="base",
        dataset="d",
        candidate="new",
        promoted=False,
        started_at=begun.started_at,
        ended_at=begun.started_at + 10,
    )
    assert store.rounds() == [ended]
    with pytest.raises(StorageError, match="round 2 was never begun"):
        store.advance(2, Phase.SAMPLING, Phase.ANNOTATING)


def test_a_step_that_many_threads_finish_is_committed_by_one(store: Store, fill: Fill) -> None:
    fill.policy("base")
    store.begin_round(1, Phase.SAMPLING, "base")
    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(lambda _: store.advance(1, Phase.SAMPLING, Phase.ANNOTATING), range(6)))
    assert sorted(won) == [False] * 5 + [True]


def test_measurements_are_kept_one_a_policy_and_split(store: Store, fill: Fill) -> None:
    fill.policy("zero")
    fill.policy("a-later")
    kept = [
        evaluation("zero", Split.DEV, 0.5),
        evaluation("zero", Split.TEST, 0.1),
        evaluation("a-later", Split.DEV, 1),
    ]
    for item in (evaluation("zero", Split.TEST, 0.9), kept[2], kept[1], kept[0]):
        store.add_evaluation(item)
    assert store.evaluations() == kept
    assert store.evaluations("a-later") == kept[2:]
    store.add_evaluation(evaluation("a-later", Split.DEV, math.nan))
    assert math.isnan(store.evaluations("a-later")[0].recall.value)
    verdict = Verdict(
        candidate="a-later",
        incumbent="zero",
        promoted=False,
        difference=Interval(value=-0.1, low=-0.2, high=0.0),
        reasons=("not sure",),
    )
    store.add_verdict(1, verdict.model_copy(update={"promoted": True}))
    store.add_verdict(1, verdict)
    assert store.verdicts() == [(1, verdict)]


def test_users_are_made_once_and_keep_their_role(store: Store) -> None:
    assert store.user("ann") is None
    made = store.ensure_user("ann", "reviewer")
    assert (made.name, made.role, made.disabled) == ("ann", "reviewer", False)
    assert store.ensure_user("ann") == store.user("ann") == made
    with pytest.raises(NotAllowed, match="no user 'bob'"):
        store.disable_user("bob", actor="admin")


@pytest.mark.parametrize("name", ["", " ", "ann ", "a\nb", "a\x00b", "x" * 65, "\ud800", "\u202eevil"])
def test_a_name_is_short_and_printable(store: Store, name: str) -> None:
    with pytest.raises(DataError, match="printable"):
        store.ensure_user(name)
    assert store.users() == []


def test_a_role_is_one_of_four(store: Store) -> None:
    with pytest.raises(DataError, match="unknown role 'king'"):
        store.ensure_user("ann", "king")


def test_the_random_arm_of_a_policy_in_the_order_of_answers(store: Store, fill: Fill) -> None:
    fill.tasks(0.9, 0.8, 0.7, arm=Arm.RANDOM)
    fill.tasks(0.6, arm=Arm.UNCERTAIN, round=2)
    fill.tasks(0.5, arm=Arm.RANDOM, round=3, policy="other")
    for answer in (Answer.CORRECTED, Answer.CLEAN, Answer.SKIPPED, Answer.CORRECTED, Answer.CORRECTED):
        fill.answer("ann", answer)
    assert store.random_arm("base") == [True, False]
    assert store.random_arm("other") == [True]


def test_the_audit_log_tells_who_did_what_and_cannot_be_changed(store: Store, fill: Fill, clock: Any) -> None:
    fill.tasks(1.0)
    correction = fill.answer("ann")
    store.promote("base", actor="admin-eve")
    store.add_dataset(dataset("d", correction))
    fill.policy("new", parent="base", dataset="d")
    store.reject("new", ["no"])
    log = [(entry.actor, entry.action, entry.detail) for entry in store.audit()]
    assert log == [
        ("ann", "submit", f"corrected {correction.id}"),
        ("admin-eve", "promote", "base"),
        ("loop", "add_dataset", "d 1 corrections"),
        ("loop", "reject", "new: no"),
    ]
    assert all(entry.at == clock.now for entry in store.audit())
    for change in ("UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"):
        engine = sa.create_engine(store.url)
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
            connection.execute(sa.text(change))
        engine.dispose()
    assert len(store.audit()) == 4


def test_a_deed_that_fails_leaves_no_line(store: Store, fill: Fill) -> None:
    fill.policy("base")
    with pytest.raises(StorageError):
        store.promote("nowhere")
    with pytest.raises(StorageError):
        store.add_dataset(dataset("d", fill_correction()))
    assert store.audit() == []


def fill_correction() -> Correction:
    """A correction that no database holds."""
    return Correction.model_construct(id="nowhere")
