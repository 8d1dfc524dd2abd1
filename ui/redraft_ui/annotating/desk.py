"""What an annotator does with one task at a time, without any page around it.

    take ──► keep, save_draft, … ──► answer, skip, flag ──► take
                  │                      │
                  └──── LeaseLost ───────┴──► what was typed stays, as a draft
    answers ──► revise, until something has been made of the answer

Every method asks the store who the person is before it does anything, and raises NotAllowed if they may not work. All
may be called twice: a draft is told apart by its revision, an answer by its nonce.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from redraft.config import Config
from redraft.errors import LeaseLost, WorklistError
from redraft.records import Answer, Correction, Draft, GoldRules, Lease, Role, Submission, Task
from redraft.store import Store
from redraft_ui.access.session import authorised
from redraft_ui.annotating import guard
from redraft_ui.annotating.bodies import DraftIn, FlagIn, SkipIn, SubmitIn
from redraft_ui.annotating.feedback import feedback_on
from redraft_ui.annotating.kinds import typed
from redraft_ui.annotating.refusals import NotThere
from redraft_ui.annotating.showing import Showing, draft_from, draft_view, held
from redraft_ui.annotating.views import AnswerView, DraftSaved, Me, Outcome, Renewed, TaskView

SHOWN_ANSWERS = 50
_CHANGEABLE = (Answer.CORRECTED, Answer.CLEAN, Answer.MARKED)
_IN_USE = "This answer is in use already, so it stays as it is."
"""One sentence for all reasons: who is told that an answer was known would know which tasks are tests."""


@dataclass(frozen=True)
class Desk:
    """The desk of one run; people are named as the store knows them."""

    store: Store
    config: Config

    def me(self, name: str) -> Me:
        """Who somebody is, how much is left for them and how much they have done."""
        authorised(self.store, name)
        return self._showing.me(name)

    def take(self, name: str) -> TaskView | None:
        """The task that the annotator holds, or else the next one; None if there is nothing to do."""
        authorised(self.store, name)
        rules = self.config.annotate
        gold = GoldRules(training=rules.training_tasks, share=rules.gold_share)
        lease = self.store.lease(name, rules.lease_seconds, gold)
        return None if lease is None else self._held(lease)

    def task_view(self, name: str, task_id: str) -> TaskView:
        """A task that the annotator holds; or has answered, with that answer as the draft to go on from.

        Raises:
            NotThere: neither is so.
        """
        authorised(self.store, name)
        lease = self._lease(name, task_id)
        if lease is not None:
            return self._held(lease)
        answer = self._answer_to(name, task_id)
        if answer is None:
            raise _not_theirs()
        view = self._showing.to_annotator(self.store.task(task_id), name)
        draft = draft_view(self.store.draft(task_id, name)) or draft_from(answer)
        revising = answer.id if self._why_not(answer) is None else None
        return view.model_copy(update={"draft": draft, "revising": revising})

    def visible_task(self, name: str, task_id: str) -> Task:
        """A task that the person holds, has answered, or may review.

        Raises:
            NotThere: none of these is so.
        """
        user = authorised(self.store, name)
        lease = self._lease(name, task_id)
        if lease is not None:
            return lease.task
        reviews = user.role.includes(Role.REVIEWER) and bool(self.store.known_tasks([task_id]))
        if not reviews and self._answer_to(name, task_id) is None:
            raise _not_theirs()
        return self.store.task(task_id)

    def keep(self, name: str, task_id: str) -> Renewed:
        """The task held for longer, because somebody works on it.

        Raises:
            LeaseLost: it went back to the worklist.
        """
        authorised(self.store, name)
        lease = self.store.renew(task_id, name, self.config.annotate.lease_seconds)
        return Renewed(expires_at=lease.expires_at, now=time.time())

    def save_draft(self, name: str, task_id: str, draft: DraftIn) -> DraftSaved:
        """Keep what was typed, and the task with it; a draft outlives the lease.

        Raises:
            LeaseLost: the annotator holds no such task, and has no earlier draft or answer of it.
            DataError: the draft holds what cannot be stored.
        """
        authorised(self.store, name)
        lease = self._lease(name, task_id, self.config.annotate.lease_seconds)
        task = lease.task if lease is not None else self._met(name, task_id)
        stored = self.store.save_draft(
            Draft(
                task_id=task_id,
                annotator=name,
                revision=draft.revision,
                edits=typed(task.text, draft.edits),
                marks=draft.marks,
                typing=draft.typing,
                seconds=draft.seconds,
            )
        )
        return DraftSaved(revision=stored.revision, expires_at=lease.expires_at if lease else None)

    def answer(self, name: str, task_id: str, sent: SubmitIn) -> Outcome:
        """Submit a correction, marks, or that the response is clean.

        Raises:
            LeaseLost: the task went back to the worklist; a draft of it stays.
            EditError: the answer does not fit the text; ``Refused`` and ``Asked`` are the guard rails.
            TooFast: nobody can have looked at the task.
            WorklistError: the nonce came with another answer before.
        """
        authorised(self.store, name)
        submission = self._checked(name, self._task(task_id), sent)
        return self._submitted(submission, sent.next)

    def skip(self, name: str, task_id: str, sent: SkipIn) -> Outcome:
        """Leave the task to somebody else. Raises as ``answer``."""
        authorised(self.store, name)
        guard.refuse_stray(sent.elapsed)
        return self._submitted(_passing(name, task_id, Answer.SKIPPED, sent), sent.next)

    def flag(self, name: str, task_id: str, sent: FlagIn) -> Outcome:
        """Report the task as unfit. Raises as ``answer``."""
        authorised(self.store, name)
        submission = _passing(name, task_id, Answer.FLAGGED, sent).model_copy(update={"reason": sent.reason})
        return self._submitted(submission, sent.next)

    def answers(self, name: str) -> list[AnswerView]:
        """The annotator's newest standing answers, and which of them can still be changed."""
        authorised(self.store, name)
        return [self._answer_view(answer) for answer in self.store.answers_by(name, SHOWN_ANSWERS)]

    def revise(self, name: str, correction_id: str, sent: SubmitIn) -> Outcome:
        """Put another answer in place of an earlier one.

        Raises:
            NotThere: the annotator has given no such answer.
            WorklistError: it can no longer be changed, or the nonce came with another answer before.
            EditError, TooFast: as ``answer``.
        """
        authorised(self.store, name)
        found = self.store.correction(correction_id)
        if found is None or found.correction.annotator != name or found.correction.review:
            raise NotThere("You have given no such answer.")
        if found.correction.gold:
            raise WorklistError(_IN_USE)
        task = self.store.task(found.correction.task_id)
        revised = self.store.revise(correction_id, self._checked(name, task, sent))
        return Outcome(correction=revised.id, next=self.take(name) if sent.next else None)

    @property
    def _showing(self) -> Showing:
        return Showing(self.store, self.config)

    def _held(self, lease: Lease) -> TaskView:
        view = self._showing.to_annotator(lease.task, lease.annotator)
        return held(view, lease, self.store.draft(lease.task.id, lease.annotator))

    def _lease(self, name: str, task_id: str, seconds: float = 0.0) -> Lease | None:
        """The live lease, prolonged if it would end within ``seconds``; None without one."""
        try:
            return self.store.renew(task_id, name, seconds)
        except LeaseLost:
            return None

    def _answer_to(self, name: str, task_id: str) -> Correction | None:
        theirs = [a for a in self.store.answers_of(task_id) if a.annotator == name and not a.review]
        return theirs[-1] if theirs else None

    def _task(self, task_id: str) -> Task:
        if not self.store.known_tasks([task_id]):
            raise _not_theirs()
        return self.store.task(task_id)

    def _met(self, name: str, task_id: str) -> Task:
        """A task that was the annotator's once."""
        if self.store.draft(task_id, name) is None and self._answer_to(name, task_id) is None:
            raise LeaseLost("The time for this task ran out and it went back to the others.")
        return self.store.task(task_id)

    def _checked(self, name: str, task: Task, sent: SubmitIn) -> Submission:
        """The answer as it is stored, past the guard rails."""
        if sent.answer is Answer.CLEAN:
            guard.refuse_stray(sent.elapsed)
        project = self.store.project(task.project)
        shaded = self._showing.is_shaded(task, name)
        submission = Submission(
            nonce=sent.nonce,
            task_id=task.id,
            annotator=name,
            answer=sent.answer,
            edits=typed(task.text, sent.edits),
            corrected=sent.corrected,
            marks=sent.marks,
            seconds=sent.seconds,
            elapsed=sent.elapsed or 0.0,
            shaded=sent.shaded and shaded,
            confirmed=sent.confirmed,
        )
        guard.check(task.text, submission, project.kind, self.config.annotate)
        return submission

    def _submitted(self, submission: Submission, wants_next: bool) -> Outcome:
        correction = self.store.submit(submission)
        return Outcome(
            correction=correction.id,
            feedback=feedback_on(self.store, correction, self.config.annotate.training_tasks),
            next=self.take(submission.annotator) if wants_next else None,
        )

    def _answer_view(self, answer: Correction) -> AnswerView:
        why_not = self._why_not(answer)
        return AnswerView(
            correction=answer.id,
            task=answer.task_id,
            prompt=self.store.task(answer.task_id).prompt,
            reopenable=why_not is None,
            why_not=why_not,
            **answer.model_dump(include=_COPIED),
        )

    def _why_not(self, answer: Correction) -> str | None:
        """Why an answer cannot be changed, or None if it can."""
        if answer.answer not in _CHANGEABLE:
            return f"You {answer.answer} this task: that cannot be taken back."
        if answer.gold or answer.frozen or any(a.review for a in self.store.answers_of(answer.task_id)):
            return _IN_USE
        return None


_COPIED = {"project", "answer", "original", "corrected", "edits", "marks", "reason", "submitted_at"}


def _passing(name: str, task_id: str, answer: Answer, sent: SkipIn) -> Submission:
    return Submission(
        nonce=sent.nonce,
        task_id=task_id,
        annotator=name,
        answer=answer,
        seconds=sent.seconds,
        elapsed=sent.elapsed or 0.0,
    )


def _not_theirs() -> NotThere:
    return NotThere("There is no such task for you: take the next one.")
