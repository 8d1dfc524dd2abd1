"""What a reviewer does: look at answers side by side, and store the version that stands in for them.

Every method asks the store who the person is, and raises NotAllowed unless they are a reviewer at least.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from redraft.config import Config
from redraft.records import Answer, Correction, Role, Submission, Task, TaskState
from redraft.segments import apply_edits
from redraft.store import Store
from redraft_ui.access.session import authorised
from redraft_ui.annotating import guard
from redraft_ui.annotating.bodies import ReviewIn
from redraft_ui.annotating.kinds import typed
from redraft_ui.annotating.refusals import NotThere
from redraft_ui.annotating.showing import Showing, draft_from
from redraft_ui.annotating.views import GoldView, Outcome, Resolved, ReviewAnswer, ReviewRow, ReviewView

SHOWN_TASKS = 50


@dataclass(frozen=True)
class ReviewDesk:
    """The reviewers' desk of one run."""

    store: Store
    config: Config

    def waiting(self, name: str, project: str | None = None) -> list[ReviewRow]:
        """Tasks that wait for a reviewer: flagged ones, then those whose answers differ, then the rest."""
        authorised(self.store, name, Role.REVIEWER)
        return [self._row(task) for task in self.store.to_review(SHOWN_TASKS, project=project)]

    def view(self, name: str, task_id: str) -> ReviewView:
        """A task with all its answers; the review that stands, if there is one, is the draft to go on from.

        Raises:
            NotThere: there is no such task.
        """
        authorised(self.store, name, Role.REVIEWER)
        task = self._task(task_id)
        answers = self._answers(task_id)
        view = Showing(self.store, self.config).to_reviewer(task, name)
        standing = next((answer for answer in answers if answer.review), None)
        if standing is not None:
            view = view.model_copy(update={"draft": draft_from(standing)})
        return ReviewView(
            task=view,
            state=task.state,
            answers=tuple(_shown(answer) for answer in answers),
            gold=self._gold(task),
            why_not=_why_not(name, task, answers),
        )

    def review(self, name: str, task_id: str, sent: ReviewIn) -> Outcome:
        """Store the reviewer's version; again, it takes the place of the last.

        Raises:
            NotThere: there is no such task.
            WorklistError: the reviewer answered the task themselves, nobody has answered it, it is a gold one, its
                review is in a dataset already, or the nonce came with another answer before.
            EditError: the version does not fit the text; ``Refused`` and ``Asked`` are the guard rails.
        """
        authorised(self.store, name, Role.REVIEWER)
        task = self._task(task_id)
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
            reason=sent.reason,
            confirmed=sent.confirmed,
        )
        guard.check(task.text, submission, self.store.project(task.project).kind, self.config.annotate)
        return Outcome(correction=self.store.review(submission).id)

    def resolve(self, name: str, task_id: str, state: Literal[TaskState.OPEN, TaskState.RETIRED]) -> Resolved:
        """Put a flagged task back on the worklist, or take it off.

        Raises:
            NotThere: there is no such task.
            WorklistError: it is not flagged.
        """
        authorised(self.store, name, Role.REVIEWER)
        task = self._task(task_id)
        self.store.resolve_flag(task.id, state, actor=name)
        return Resolved(state=self.store.task(task.id).state)

    def _task(self, task_id: str) -> Task:
        if not self.store.known_tasks([task_id]):
            raise NotThere("There is no such task.")
        return self.store.task(task_id)

    def _answers(self, task_id: str) -> list[Correction]:
        return [answer for answer in self.store.answers_of(task_id) if answer.answer is not Answer.SKIPPED]

    def _row(self, task: Task) -> ReviewRow:
        answers = [answer for answer in self._answers(task.id) if not answer.review]
        given = [answer for answer in answers if answer.answer is not Answer.FLAGGED]
        return ReviewRow(
            task=task.id,
            project=task.project,
            kind=self.store.project(task.project).kind,
            prompt=task.prompt,
            text=task.text,
            state=task.state,
            answers=len(given),
            differ=len({(a.answer, a.corrected, a.marks if a.answer is Answer.MARKED else ()) for a in given}) > 1,
            flagged=len(given) < len(answers),
        )

    def _gold(self, task: Task) -> GoldView | None:
        gold = self.store.gold(task.id)
        if gold is None:
            return None
        text = apply_edits(task.text, gold.edits)
        return GoldView(edits=gold.edits, text=text, explanation=gold.explanation, author=gold.author)


def _why_not(name: str, task: Task, answers: list[Correction]) -> str | None:
    """Why this reviewer may not store a version, in the order in which the store would refuse."""
    if task.gold:
        return "The answer to this task is known already."
    if any(answer.annotator == name and not answer.review for answer in answers):
        return "You have answered this task yourself: somebody else must review it."
    if not any(not answer.review for answer in answers):
        return "Nobody has answered this task yet."
    if any(answer.review and answer.frozen for answer in answers):
        return "The review of this task is in a dataset already."
    return None


def _shown(answer: Correction) -> ReviewAnswer:
    kept = set(ReviewAnswer.model_fields) - {"correction"}
    return ReviewAnswer(correction=answer.id, **answer.model_dump(include=kept))
