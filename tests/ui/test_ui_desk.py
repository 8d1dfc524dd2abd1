"""What annotators and reviewers do, on a real store, without any page or server."""

from __future__ import annotations

import pytest

from redraft.errors import EditError, LeaseLost, NotAllowed, WorklistError
from redraft.records import Answer, HallucinationType, Mark, ProjectKind, Span, Task, TaskState, Typing
from redraft_ui.annotating.bodies import DraftIn, FlagIn
from redraft_ui.annotating.kinds import typed
from redraft_ui.annotating.refusals import Asked, NotThere, Refused, TooFast
from redraft_ui.annotating.showing import is_shaded

from .conftest import Run
from .office import Office, clean, correction, nonce, review, skip, swap

NUMBER = HallucinationType.NUMBER


def test_an_annotator_takes_corrects_and_goes_on(office: Office, tasks: list[Task]) -> None:
    view = office.desk.take("ada")
    assert view is not None and view.id == tasks[0].id
    assert (view.left, view.done, view.training, view.draft, view.revising) == (2, 0, False, None, None)
    assert [(s.start, s.end) for s in view.spans] == [(10, 22)]
    assert view.expires_at is not None and 890 < view.expires_at - view.now <= 900
    outcome = office.desk.answer("ada", view.id, correction(view.text, "two", "three", next=True))
    assert outcome.feedback is None
    assert outcome.next is not None and outcome.next.id == tasks[1].id
    assert (outcome.next.left, outcome.next.done) == (1, 1)
    (stored,) = office.store.corrections()
    assert stored.id == outcome.correction
    assert stored.corrected == tasks[0].text.replace("two", "three")
    assert (stored.seconds, stored.elapsed, stored.shaded, stored.edits[0].type) == (12.5, 20.0, True, NUMBER)


def test_the_same_answer_twice_is_one(office: Office, tasks: list[Task]) -> None:
    office.desk.take("ada")
    sent = correction(tasks[0].text, "two", "three", next=True)
    once, again = (office.desk.answer("ada", tasks[0].id, sent) for _ in range(2))
    assert once.correction == again.correction
    assert once.next and again.next and once.next.id == again.next.id
    assert len(office.store.corrections()) == 1
    other = correction(tasks[1].text, "green", "red", nonce=sent.nonce)
    with pytest.raises(WorklistError, match="nonce"):
        office.desk.answer("ada", tasks[1].id, other)


def test_a_lost_lease_keeps_the_draft_and_says_so(office: Office, tasks: list[Task]) -> None:
    office.desk.take("ada")
    edits = (swap(tasks[0].text, "two", "three"),)
    typing = Typing(span=Span(start=0, end=5), text="Ther")
    saved = office.desk.save_draft("ada", tasks[0].id, DraftIn(revision=3, edits=edits, typing=typing, seconds=7))
    assert saved.revision == 3 and saved.expires_at is not None
    office.late = 1000
    assert office.desk.take("bob") is not None
    late = office.desk.save_draft("ada", tasks[0].id, DraftIn(revision=4, edits=edits))
    assert (late.revision, late.expires_at) == (4, None)
    with pytest.raises(LeaseLost):
        office.desk.keep("ada", tasks[0].id)
    with pytest.raises(LeaseLost):
        office.desk.answer("ada", tasks[0].id, correction(tasks[0].text, "two", "three"))
    kept = office.store.draft(tasks[0].id, "ada")
    assert kept is not None and kept.edits == typed(tasks[0].text, edits)
    assert office.store.corrections() == []


def test_a_draft_comes_back_with_its_task_and_goes_with_the_answer(office: Office, tasks: list[Task]) -> None:
    office.desk.take("ada")
    draft = DraftIn(revision=2, edits=(swap(tasks[0].text, "two", "three"),), seconds=3.5)
    office.desk.save_draft("ada", tasks[0].id, draft)
    older = office.desk.save_draft("ada", tasks[0].id, DraftIn(revision=1))
    assert older.revision == 2
    again = office.desk.take("ada")
    assert again is not None and again.draft is not None
    assert (again.draft.revision, again.draft.seconds, again.draft.edits[0].replacement) == (2, 3.5, "three")
    office.desk.answer("ada", tasks[0].id, correction(tasks[0].text, "two", "three"))
    assert office.store.draft(tasks[0].id, "ada") is None


def test_nobody_saves_a_draft_of_a_task_that_was_never_theirs(office: Office, tasks: list[Task]) -> None:
    office.desk.take("ada")
    for task_id in (tasks[0].id, "no-such-task"):
        with pytest.raises(LeaseLost):
            office.desk.save_draft("bob", task_id, DraftIn(revision=1))


def test_a_task_is_seen_by_who_holds_answered_or_reviews_it(office: Office, tasks: list[Task]) -> None:
    office.desk.take("ada")
    assert office.desk.task_view("ada", tasks[0].id).text == tasks[0].text
    for see in (office.desk.task_view, office.desk.visible_task):
        for name, task_id in [("bob", tasks[0].id), ("ada", tasks[1].id), ("ada", "no-such-task")]:
            with pytest.raises(NotThere):
                see(name, task_id)
    assert office.desk.visible_task("rita", tasks[1].id).id == tasks[1].id
    with pytest.raises(NotThere):
        office.desk.visible_task("rita", "no-such-task")
    office.desk.answer("ada", tasks[0].id, clean())
    assert office.desk.visible_task("ada", tasks[0].id).id == tasks[0].id


def test_the_guard_rails_ask_and_take_yes_for_an_answer(office: Office, tasks: list[Task]) -> None:
    view = office.desk.take("ada")
    assert view is not None
    rewrite = correction(view.text, view.text, "A dog.")
    with pytest.raises(Asked):
        office.desk.answer("ada", view.id, rewrite)
    assert office.store.corrections() == []
    office.desk.answer("ada", view.id, rewrite.model_copy(update={"confirmed": ("rewrite",)}))
    assert office.store.corrections()[0].corrected == "A dog."


def test_a_stray_click_answers_nothing(office: Office, tasks: list[Task]) -> None:
    office.desk.take("ada")
    with pytest.raises(TooFast):
        office.desk.answer("ada", tasks[0].id, clean(elapsed=0.1))
    with pytest.raises(TooFast):
        office.desk.skip("ada", tasks[0].id, skip(elapsed=0.1))
    office.desk.answer("ada", tasks[0].id, clean(elapsed=None))
    office.desk.take("ada")
    office.desk.answer("ada", tasks[1].id, correction(tasks[1].text, "green", "red", elapsed=0.1))


def test_who_skips_or_flags_does_not_see_the_task_again(office: Office, tasks: list[Task]) -> None:
    office.desk.take("ada")
    outcome = office.desk.skip("ada", tasks[0].id, skip(next=True))
    assert outcome.next is not None and outcome.next.id == tasks[1].id and outcome.next.done == 0
    office.desk.flag("ada", tasks[1].id, FlagIn(nonce=nonce(), reason="The picture is black."))
    assert office.store.task(tasks[1].id).state is TaskState.FLAGGED
    assert [a.why_not for a in office.desk.answers("ada")] == [
        "You flagged this task: that cannot be taken back.",
        "You skipped this task: that cannot be taken back.",
    ]


def test_a_disabled_or_unknown_person_gets_nowhere(office: Office, tasks: list[Task]) -> None:
    office.desk.take("ada")
    office.store.disable_user("ada", actor="test")
    for name in ("ada", "nobody"):
        for do in (
            lambda name=name: office.desk.take(name),
            lambda name=name: office.desk.me(name),
            lambda name=name: office.desk.keep(name, tasks[0].id),
            lambda name=name: office.desk.save_draft(name, tasks[0].id, DraftIn(revision=1)),
            lambda name=name: office.desk.answer(name, tasks[0].id, clean()),
            lambda name=name: office.desk.skip(name, tasks[0].id, skip()),
            lambda name=name: office.desk.answers(name),
            lambda name=name: office.desk.visible_task(name, tasks[0].id),
        ):
            with pytest.raises(NotAllowed):
                do()
    assert office.store.corrections() == []


def test_an_answer_is_reopened_until_it_is_frozen(office: Office, tasks: list[Task]) -> None:
    office.desk.take("ada")
    text = tasks[0].text
    first = office.desk.answer("ada", tasks[0].id, correction(text, "two", "three"))
    view = office.desk.task_view("ada", tasks[0].id)
    assert view.revising == first.correction and view.expires_at is None
    assert view.draft is not None and view.draft.edits[0].replacement == "three"
    sent = correction(text, "two", "four")
    second, again = (office.desk.revise("ada", first.correction, sent) for _ in range(2))
    assert second == again != first
    assert [c.corrected for c in office.store.corrections()] == [text.replace("two", "four")]
    with pytest.raises(NotThere):
        office.desk.revise("bob", second.correction, correction(text, "two", "five"))
    office.store.freeze_unused()
    (answer,) = office.desk.answers("ada")
    assert not answer.reopenable and answer.why_not is not None
    assert office.desk.task_view("ada", tasks[0].id).revising is None
    with pytest.raises(WorklistError):
        office.desk.revise("ada", second.correction, correction(text, "two", "five"))


def test_feedback_comes_while_training_and_never_after(run: Run, tasks: list[Task]) -> None:
    office = Office(run, training_tasks=1, gold_share=0.99)
    office.add_gold(tasks[0], "two", "three")
    office.add_gold(tasks[1], "green", "red")
    view = office.desk.take("ada")
    assert view is not None and view.id == tasks[0].id and view.training
    sent = correction(view.text, "two", "four", next=True)
    outcome, again = (office.desk.answer("ada", view.id, sent) for _ in range(2))
    assert outcome.feedback is not None and outcome.feedback == again.feedback
    assert not outcome.feedback.right and outcome.feedback.span_f1 == 1
    assert outcome.feedback.text == tasks[0].text.replace("two", "three")
    assert outcome.feedback.explanation == "Count them."
    silent = outcome.next
    assert silent is not None and silent.id == tasks[1].id and not silent.training
    assert office.desk.answer("ada", silent.id, correction(silent.text, "green", "red")).feedback is None
    assert {a.why_not for a in office.desk.answers("ada")} == {"This answer is in use already, so it stays as it is."}
    with pytest.raises(WorklistError, match="in use already"):
        office.desk.revise("ada", outcome.correction, clean())


def test_a_right_answer_in_training_is_told_so(run: Run, tasks: list[Task]) -> None:
    office = Office(run, training_tasks=1)
    office.add_gold(tasks[0], "two", "three")
    office.desk.take("ada")
    outcome = office.desk.answer("ada", tasks[0].id, correction(tasks[0].text, "two red", "three red"))
    assert outcome.feedback is not None and outcome.feedback.right


def test_an_evaluation_is_blind_and_takes_marks(office: Office, tasks: list[Task]) -> None:
    task = office.add_project("blind", ProjectKind.EVALUATION, tasks[0])
    view = office.desk.take("ada")
    assert view is not None and view.id == task.id and view.kind is ProjectKind.EVALUATION
    assert not view.shaded and view.spans == ()
    with pytest.raises(Refused):
        office.desk.answer("ada", task.id, correction(task.text, "two", "three"))
    marks = (Mark(span=Span(start=10, end=13), type=NUMBER),)
    office.desk.answer("ada", task.id, clean(answer="marked", marks=marks))
    (stored,) = office.store.corrections(project="blind")
    assert (stored.answer, stored.marks, stored.shaded) == (Answer.MARKED, marks, False)


def test_shading_is_hidden_on_a_share_of_tasks_and_always_the_same(run: Run, tasks: list[Task]) -> None:
    names = [f"task-{n}" for n in range(2000)]
    shown = [is_shaded(name, "ada", 0.25) for name in names]
    assert 0.7 < sum(shown) / len(shown) < 0.8
    assert shown == [is_shaded(name, "ada", 0.25) for name in names]
    assert shown != [is_shaded(name, "bob", 0.25) for name in names]
    assert all(is_shaded(name, "ada", 0.0) for name in names) and not any(is_shaded(name, "ada", 1.0) for name in names)
    office = Office(run, unshaded_share=1.0)
    view = office.desk.take("ada")
    assert view is not None and view.spans == () and not view.shaded
    office.desk.answer("ada", view.id, clean(shaded=True))
    assert office.store.corrections()[0].shaded is False


def test_a_reviewer_settles_what_annotators_said(office: Office, tasks: list[Task]) -> None:
    text = tasks[0].text
    office.desk.take("ada")
    office.desk.answer("ada", tasks[0].id, correction(text, "two", "three"))
    office.desk.take("bob")
    office.desk.flag("bob", tasks[1].id, FlagIn(nonce=nonce(), reason="Black."))
    rows = office.reviews.waiting("rita")
    assert [(r.task, r.flagged, r.answers) for r in rows] == [(tasks[1].id, True, 0), (tasks[0].id, False, 1)]
    view = office.reviews.view("rita", tasks[0].id)
    assert [(a.annotator, a.review) for a in view.answers] == [("ada", False)]
    assert view.why_not is None and view.gold is None and view.task.draft is None
    sent = review(text, "two", "four", reason="There are four.")
    once, again = (office.reviews.review("rita", tasks[0].id, sent) for _ in range(2))
    assert once == again
    view = office.reviews.view("rita", tasks[0].id)
    assert [(a.annotator, a.review, a.reason) for a in view.answers] == [
        ("ada", False, ""),
        ("rita", True, "There are four."),
    ]
    assert view.task.draft is not None and view.task.draft.edits[0].replacement == "four"
    assert [c.corrected for c in office.store.standing_corrections()] == [text.replace("two", "four")]
    assert not office.desk.answers("ada")[0].reopenable
    assert office.reviews.resolve("rita", tasks[1].id, TaskState.RETIRED).state is TaskState.RETIRED
    assert office.reviews.waiting("rita") == []


def test_only_reviewers_review_and_never_their_own(office: Office, tasks: list[Task]) -> None:
    for do in (
        lambda: office.reviews.waiting("ada"),
        lambda: office.reviews.view("ada", tasks[0].id),
        lambda: office.reviews.review("ada", tasks[0].id, review(tasks[0].text, "two", "four")),
        lambda: office.reviews.resolve("ada", tasks[0].id, TaskState.OPEN),
    ):
        with pytest.raises(NotAllowed):
            do()
    office.desk.take("rita")
    office.desk.answer("rita", tasks[0].id, clean())
    assert "yourself" in str(office.reviews.view("rita", tasks[0].id).why_not)
    with pytest.raises(WorklistError):
        office.reviews.review("rita", tasks[0].id, review(tasks[0].text, "two", "four"))
    with pytest.raises(NotThere):
        office.reviews.view("rita", "no-such-task")
    with pytest.raises(EditError):
        office.reviews.review("rita", tasks[1].id, review(tasks[1].text, tasks[1].text, ""))
