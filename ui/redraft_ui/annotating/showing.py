"""A task as a person sees it: with or without the policy's doubts, and never with what is known of its answer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import sha256

from redraft.config import Config
from redraft.errors import NotAllowed
from redraft.records import Answer, Correction, Draft, Lease, ProjectKind, Task
from redraft.store import Store
from redraft.store.browse import CorrectionFilter
from redraft_ui.annotating.kinds import TYPES, vocabulary
from redraft_ui.annotating.views import API_PREFIX, DraftView, ImageView, Me, ScoredSpan, TaskView


def is_shaded(task_id: str, annotator: str, unshaded_share: float) -> bool:
    """Whether this annotator is shown the policy's doubts on this task; the same whenever it is asked.

    Of many tasks, ``unshaded_share`` are shown without, so that it can be measured how far shading leads people.
    """
    digest = sha256(f"shading\x1f{task_id}\x1f{annotator}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 >= unshaded_share


@dataclass(frozen=True)
class Showing:
    """Makes the views of one run."""

    store: Store
    config: Config

    def me(self, name: str) -> Me:
        """How much is left for somebody, and how many tasks they have answered or reviewed; skips do not count.

        Raises:
            NotAllowed: there is no such user.
        """
        user = self.store.user(name)
        if user is None:
            raise NotAllowed(f"there is no user {name!r}")
        theirs = CorrectionFilter(annotator=name)
        skipped = CorrectionFilter(annotator=name, answer=Answer.SKIPPED)
        done = self.store.count_corrections(theirs) - self.store.count_corrections(skipped)
        return Me(name=name, role=user.role, left=self.store.waiting(name), done=done)

    def is_shaded(self, task: Task, name: str) -> bool:
        """Whether the annotator is shown the policy's doubts; in a blind evaluation nobody is."""
        return self._is_open(task) and is_shaded(task.id, name, self.config.annotate.unshaded_share)

    def to_annotator(self, task: Task, name: str) -> TaskView:
        """The task without a lease or a draft."""
        return self._view(task, name, shaded=self.is_shaded(task, name))

    def to_reviewer(self, task: Task, name: str) -> TaskView:
        """The task with the policy's doubts, unless it is of a blind evaluation."""
        return self._view(task, name, shaded=self._is_open(task))

    def _is_open(self, task: Task) -> bool:
        return self.store.project(task.project).kind is ProjectKind.CORRECTION

    def _view(self, task: Task, name: str, *, shaded: bool) -> TaskView:
        project, image = self.store.project(task.project), self.store.image(task.image_id)
        rules, person = self.config.annotate, self.me(name)
        return TaskView(
            id=task.id,
            project=project.id,
            kind=project.kind,
            prompt=task.prompt,
            text=task.text,
            spans=tuple(ScoredSpan(start=s.span.start, end=s.span.end, score=s.score) for s in task.spans if shaded),
            shaded=shaded,
            threshold=rules.doubt_threshold,
            image=ImageView(url=f"{API_PREFIX}/tasks/{task.id}/image", width=image.width, height=image.height),
            expires_at=None,
            now=time.time(),
            lease_seconds=rules.lease_seconds,
            draft=None,
            training=False,
            guidelines=project.guidelines,
            left=person.left,
            done=person.done,
            types=TYPES,
            vocabulary=vocabulary(),
            max_change=rules.max_change,
        )


def held(view: TaskView, lease: Lease, draft: Draft | None) -> TaskView:
    """The view of somebody who holds the task."""
    changes = {"expires_at": lease.expires_at, "training": lease.training, "draft": draft_view(draft)}
    return view.model_copy(update=changes)


def draft_view(draft: Draft | None) -> DraftView | None:
    """A draft as the editor takes it up."""
    if draft is None:
        return None
    return DraftView.model_validate(draft.model_dump(include=set(DraftView.model_fields)))


def draft_from(answer: Correction) -> DraftView:
    """An answer as the beginning of the one that takes its place."""
    return DraftView(
        revision=0,
        edits=answer.edits,
        marks=answer.marks,
        typing=None,
        seconds=answer.seconds,
        saved_at=answer.submitted_at,
    )
