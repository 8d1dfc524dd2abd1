"""Adjudication: what waits for a reviewer, the answers side by side, and the reviewer's own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from redraft_ui.annotating.bodies import ResolveIn, ReviewIn
from redraft_ui.annotating.views import Outcome, Resolved, ReviewRow, ReviewView
from redraft_ui.api.identity import AtReviewDesk, Caller
from redraft_ui.api.problems import declared
from redraft_ui.api.tasks import TaskId

ProjectId = Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,40}$", description="only tasks of this project")]

router = APIRouter(prefix="/reviews", tags=["reviews"])


@router.get("", responses=declared())
def reviews(desk: AtReviewDesk, caller: Caller, project: ProjectId = None) -> list[ReviewRow]:
    """What waits for a reviewer: flagged tasks, then those whose answers differ, then the rest."""
    return desk.waiting(caller.name, project)


@router.get("/{task_id}", responses=declared(404))
def review_task(desk: AtReviewDesk, caller: Caller, task_id: TaskId) -> ReviewView:
    """A task with all its answers and, if there is one, the known answer."""
    return desk.view(caller.name, task_id)


@router.post("/{task_id}", responses=declared(404, 409, 413))
def review(desk: AtReviewDesk, caller: Caller, task_id: TaskId, answer: ReviewIn) -> Outcome:
    """Store the reviewer's version, which stands in for all others; the same nonce again changes nothing."""
    return desk.review(caller.name, task_id, answer)


@router.post("/{task_id}/resolve", responses=declared(404, 409))
def resolve(desk: AtReviewDesk, caller: Caller, task_id: TaskId, wanted: ResolveIn) -> Resolved:
    """Put a flagged task back on the worklist, or take it off."""
    return desk.resolve(caller.name, task_id, wanted.state)
