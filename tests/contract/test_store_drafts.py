"""Drafts outlive everything but the answer, and answers can be reopened until they are used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from redraft.errors import DataError, EditError, LeaseLost, NotAllowed, WorklistError
from redraft.records import Answer, Correction, Draft, HallucinationType, Mark, Span, Submission, Typing
from redraft.store import Store

from .conftest import Clock, Filler, edit
from .test_store_worklist import leased_task


def draft(revision: int, annotator: str = "ann", **fields: Any) -> Draft:
    return Draft(task_id="t1-0", annotator=annotator, revision=revision, **fields)


FULL = draft(
    3,
    edits=(edit(),),
    marks=(Mark(span=Span(start=0, end=1)), Mark(span=Span(start=6, end=9), type=HallucinationType.OBJECT)),
    typing=Typing(span=Span(start=6, end=9), text="plate und Straße"),
    seconds=12.5,
)


def test_a_draft_comes_back_as_it_was_and_the_newest_wins(store: Store, fill: Filler, clock: Clock) -> None:
    fill.tasks(1.0)
    leased_task(store, "ann")
    assert store.draft("t1-0", "ann") is None
    stored = store.save_draft(FULL)
    assert stored == store.draft("t1-0", "ann") == FULL.model_copy(update={"saved_at": clock.now})
    clock.now += 5
    for late in (draft(2), draft(3, seconds=99.0)):
        assert store.save_draft(late) == stored, "an older draft, or the same again, changes nothing"
    newer = store.save_draft(draft(4))
    assert (newer.edits, newer.typing, newer.saved_at) == ((), None, clock.now)
    assert store.draft("t1-0", "other") is None


def test_a_draft_needs_a_claim_on_the_task(store: Store, fill: Filler, clock: Clock) -> None:
    fill.tasks(1.0)
    with pytest.raises(LeaseLost):
        store.save_draft(draft(0))
    leased_task(store, "ann", 10)
    clock.now += 10
    with pytest.raises(LeaseLost):
        store.save_draft(draft(0))
    leased_task(store, "ann", 10)
    store.save_draft(draft(0))
    clock.now += 10
    leased_task(store, "other")
    assert store.save_draft(draft(1)).revision == 1, "what is typed after the lease ran out is kept"
    with pytest.raises(LeaseLost):
        store.submit(fill.submission("t1-0", "ann"))
    assert store.draft("t1-0", "ann") is not None


@pytest.mark.parametrize("answer", list(Answer))
def test_an_answer_takes_its_draft_away_and_no_other(store: Store, fill: Filler, answer: Answer) -> None:
    fill.tasks(1.0, wanted=2)
    for name in ("ann", "other"):
        leased_task(store, name)
        store.save_draft(draft(1, name))
    store.submit(fill.submission("t1-0", "ann", answer))
    assert store.draft("t1-0", "ann") is None
    assert store.draft("t1-0", "other") is not None


@pytest.mark.parametrize(
    "fields",
    [
        {"typing": Typing(span=Span(start=0, end=1), text="a\x00")},
        {"typing": Typing(span=Span(start=0, end=1), text="x" * 20_001)},
        {"edits": (edit(replacement="\ud800"),)},
        {"marks": (Mark(span=Span(start=0, end=1)),) * 1001},
    ],
)
def test_a_draft_that_cannot_be_kept_is_refused(store: Store, fill: Filler, fields: dict[str, Any]) -> None:
    fill.tasks(1.0)
    leased_task(store, "ann")
    with pytest.raises(DataError):
        store.save_draft(draft(0, **fields))
    assert store.draft("t1-0", "ann") is None


def test_an_answer_reopened_is_a_new_revision_beside_the_old(store: Store, fill: Filler, clock: Clock) -> None:
    fill.tasks(1.0)
    first = fill.answer("ann", elapsed=9.0, shaded=False)
    assert (first.elapsed, first.shaded, first.revision, first.current) == (9.0, False, 0, True)
    store.save_draft(draft(7))
    clock.now += 60
    change = fill.submission("t1-0", "ann", Answer.CLEAN, marks=(Mark(span=Span(start=2, end=9)),))
    second = store.revise(first.id, change)
    assert (second.answer, second.revision, second.corrected) == (Answer.CLEAN, 1, first.original)
    assert store.corrections() == store.answers_of("t1-0") == store.answers_by("ann") == [second]
    assert store.draft("t1-0", "ann") is None
    assert store.counts().clean == store.counts().done == 1
    assert [entry.action for entry in store.audit()] == ["submit", "revise"]
    assert store.revise(first.id, change) == second, "the same nonce again changes nothing"
    with pytest.raises(WorklistError, match="later version"):
        store.revise(first.id, fill.submission("t1-0", "ann"))
    third = store.revise(second.id, fill.submission("t1-0", "ann"))
    assert (third.revision, third.current, store.unused_corrections()) == (2, True, [third])


def test_only_ones_own_answer_is_reopened_and_only_with_what_fits(store: Store, fill: Filler) -> None:
    fill.tasks(2.0, 1.0)
    mine = fill.answer("ann")
    wrong: list[tuple[Submission, type[Exception], str]] = [
        (fill.submission("t1-0", "bob"), WorklistError, "no answer .* of bob"),
        (fill.submission("t1-1", "ann"), WorklistError, "no answer"),
        (fill.submission("t1-0", "ann", Answer.SKIPPED), WorklistError, "only into each other"),
        (fill.submission("t1-0", "ann", edits=()), EditError, "change nothing"),
    ]
    for submission, error, says in wrong:
        with pytest.raises(error, match=says):
            store.revise(mine.id, submission)
    with pytest.raises(WorklistError, match="no answer nowhere"):
        store.revise("nowhere", fill.submission("t1-0", "ann"))
    store.ensure_user("ann")
    store.disable_user("ann", actor="admin")
    for call in (
        lambda: store.revise(mine.id, fill.submission("t1-0", "ann")),
        lambda: store.save_draft(draft(1)),
    ):
        with pytest.raises(NotAllowed, match="disabled"):
            call()
    assert store.corrections() == [mine]


def freeze(store: Store, fill: Filler, mine: Correction) -> None:
    assert [c.id for c in store.freeze_unused()] == [mine.id]


def look_at(store: Store, fill: Filler, mine: Correction) -> None:
    store.review(fill.submission("t1-0", "rev", Answer.CLEAN))


@pytest.mark.parametrize(("happens", "says"), [(freeze, "in a dataset"), (look_at, "reviewer has looked at it")])
def test_what_was_used_or_reviewed_stays_as_it_is(
    store: Store, fill: Filler, happens: Callable[[Store, Filler, Correction], None], says: str
) -> None:
    fill.tasks(1.0)
    mine = fill.answer("ann")
    happens(store, fill, mine)
    with pytest.raises(WorklistError, match=says):
        store.revise(mine.id, fill.submission("t1-0", "ann", Answer.CLEAN))


def test_answers_by_somebody_are_the_newest_first(store: Store, fill: Filler, clock: Clock) -> None:
    fill.tasks(3.0, 2.0, 1.0)
    mine = []
    for answer in (Answer.CORRECTED, Answer.SKIPPED, Answer.CLEAN):
        clock.now += 1
        mine.append(fill.answer("ann", answer))
    assert store.answers_by("ann") == mine[::-1]
    assert store.answers_by("ann", limit=1) == mine[2:]
    assert store.answers_by("bob") == []
