"""Reading what people said and how the work goes, a page at a time."""

from __future__ import annotations

from typing import Any

import pytest

from redraft.errors import DataError
from redraft.records import Answer, Arm, DatasetVersion, HallucinationType, Phase, Submission
from redraft.store import Store
from redraft.store.browse import CorrectionFilter

Fill = Any
RED_TO_BLUE = "A blue cup stands on the table."


def found(store: Store, **wanted: object) -> list[str]:
    """Who gave the corrections that fit, newest first, by both ways of asking."""
    asked = CorrectionFilter.model_validate(wanted)
    rows = store.find_corrections(asked).rows
    assert store.count_corrections(asked) == len(rows)
    return [row.correction.annotator for row in rows]


@pytest.fixture
def answers(store: Store, fill: Fill) -> dict[str, str]:
    """ann corrects, bob finds it clean, cleo skips; ids by name."""
    fill.tasks(3.0, 2.0, 1.0)
    return {
        name: fill.answer(name, answer).id
        for name, answer in (("ann", Answer.CORRECTED), ("bob", Answer.CLEAN), ("cleo", Answer.SKIPPED))
    }


@pytest.mark.usefixtures("answers")
def test_a_search_finds_what_fits_every_condition(store: Store) -> None:
    assert found(store) == ["cleo", "bob", "ann"]
    assert found(store, words="BLUE cup") == ["ann"], "words are looked for in the corrected text, whatever their case"
    assert found(store, words="red") == ["cleo", "bob", "ann"], "and in the original"
    assert found(store, words="blue dog") == [], "all of them"
    assert found(store, annotator="bob") == found(store, answer=Answer.CLEAN) == ["bob"]
    assert found(store, type=HallucinationType.ATTRIBUTE) == ["ann"]
    assert found(store, type=HallucinationType.OBJECT) == []
    assert found(store, arm=Arm.UNCERTAIN, round=1, project="main", answer=Answer.CORRECTED) == ["ann"]
    assert found(store, arm=Arm.RANDOM) == found(store, round=2) == found(store, project="other") == []
    (row,) = store.find_corrections(CorrectionFilter(annotator="ann")).rows
    assert (row.correction.corrected, row.prompt, row.policy) == (RED_TO_BLUE, "Describe this image in detail.", "base")
    assert store.image(row.image_id)


@pytest.mark.usefixtures("answers")
@pytest.mark.parametrize("words", ["%", "_", "r%d", "r_d", "\\", "' OR 1=1 --", '"type":"attribute"'])
def test_signs_that_mean_something_to_a_database_mean_themselves(store: Store, words: str) -> None:
    assert found(store, words=words) == []


@pytest.mark.usefixtures("answers")
def test_a_replacement_that_looks_like_a_type_is_none(store: Store, fill: Fill) -> None:
    lease = store.lease("dora", 60)
    assert lease is not None
    sent: Submission = fill.submission(lease.task.id, "dora")
    edits = (sent.edits[0].model_copy(update={"replacement": '"type":"object"'}),)
    store.submit(sent.model_copy(update={"edits": edits}))
    assert found(store, type=HallucinationType.OBJECT) == []
    assert found(store, words='"type":"object"') == ["dora"]


def test_what_no_database_stores_is_not_looked_for(store: Store) -> None:
    for name in ("words", "annotator", "dataset", "policy"):
        with pytest.raises(DataError, match="NUL"):
            store.find_corrections(CorrectionFilter.model_validate({name: "a\x00b"}))


def test_pages_follow_each_other_without_gap_or_overlap(store: Store, fill: Fill) -> None:
    fill.tasks(*(float(n) for n in range(7)))
    given = [fill.answer(f"ann-{n}").id for n in range(7)]
    seen: list[str] = []
    before = None
    while True:
        page = store.find_corrections(CorrectionFilter(), before=before, limit=3)
        seen += [row.correction.id for row in page.rows]
        if page.older is None:
            break
        before = page.older
    assert seen == given[::-1]
    assert store.count_corrections(CorrectionFilter(), most=5) == 5


def test_lineage_goes_both_ways(store: Store, fill: Fill) -> None:
    fill.tasks(2.0, 1.0)
    store.promote("base")
    first, second = fill.answer("ann"), fill.answer("bob")
    for id, parent, member in (("one", "base", first), ("two", "one", second)):
        store.add_dataset(
            DatasetVersion(
                id=f"data-{id}", round=1, blob="d", pairs=1, corrections=(member.id,), reference=parent, created_at=2.0
            )
        )
        fill.policy(id, parent=parent, dataset=f"data-{id}")
    assert found(store, policy="one") == ["ann"]
    assert found(store, policy="two") == ["bob", "ann"]
    assert found(store, policy="base") == found(store, policy="nowhere") == []
    assert found(store, dataset="data-two") == ["bob"]
    assert [(d.id, d.corrections) for d in store.dataset_rows()] == [("data-one", 1), ("data-two", 1)]
    assert [d.id for d in store.dataset_rows(holding=first.id)] == ["data-one"]
    assert [p.id for p in store.policies_trained_on(first.id)] == ["one", "two"]


def test_an_answer_that_was_reopened_is_kept_apart(store: Store, fill: Fill) -> None:
    (task,) = fill.tasks(1.0)
    answer = fill.answer("ann")
    again = store.revise(answer.id, fill.submission(task, "ann", Answer.CLEAN))
    assert found(store) == ["ann"]
    assert found(store, superseded=True) == ["ann", "ann"]
    assert [(c.revision, c.current) for c in store.history_of(task)] == [(0, False), (1, True)]
    row = store.correction(again.id)
    assert row is not None and row.correction.answer is Answer.CLEAN
    assert store.correction("nowhere") is None
    assert store.annotators() == ["ann"]


def test_the_monitor_sees_who_works_and_what_waits(store: Store, fill: Fill, clock: Any) -> None:
    assert (store.at_work(), store.waiting_since(), store.effort()) == ([], None, [])
    fill.tasks(3.0, 2.0, 1.0)
    store.begin_round(1, Phase.ANNOTATING, "base")
    begun = clock.now
    clock.now += 10
    fill.answer("ann")
    fill.answer("bob", Answer.CLEAN)
    store.lease("cleo", 60)
    assert store.waiting_since() is None, "the last one is being worked on"
    assert [(w.annotator, w.holds, w.answers, w.last) for w in store.at_work()] == [
        ("ann", 0, 1, clock.now),
        ("bob", 0, 1, clock.now),
        ("cleo", 1, 0, None),
    ]
    clock.now += 4000
    assert store.at_work() == []
    store.expire_leases(clock.now)
    assert store.waiting_since() == begun
    assert store.waiting_since("other") is None
    (effort,) = store.effort()
    assert (effort.round, effort.answers, effort.corrected, effort.seconds) == (1, 2, 1, 3.0)


def test_decisions_are_found_in_the_log_newest_first(store: Store, fill: Fill) -> None:
    fill.tasks(1.0)
    store.promote("base", ["The start."])
    fill.answer("ann")
    fill.policy("next", parent="base")
    store.reject("next", ["Worse."])
    told = store.deeds(("promote", "reject", "roll_back"))
    assert [(entry.action, entry.detail) for entry in told] == [
        ("reject", "next: Worse."),
        ("promote", "base: The start."),
    ]
    assert len(store.deeds(("promote", "reject"), limit=1)) == 1
