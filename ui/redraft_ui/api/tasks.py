"""Take a task, save what one has typed, answer it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from redraft_ui.annotating.bodies import DraftIn, FlagIn, PreviewIn, SkipIn, SubmitIn
from redraft_ui.annotating.kinds import typed
from redraft_ui.annotating.preview import preview as preview_of
from redraft_ui.annotating.preview import tokenizer_of
from redraft_ui.annotating.views import DraftSaved, Me, Outcome, PreviewView, Renewed, TaskView
from redraft_ui.api.identity import AtDesk, Caller, Work
from redraft_ui.api.problems import declared

TaskId = Annotated[str, Path(pattern=r"^[\x21-\x7e]{1,100}$", description="the id of a task")]

router = APIRouter(tags=["tasks"])


@router.get("/me", responses=declared())
def me(desk: AtDesk, caller: Caller) -> Me:
    """Who calls, and how much is left for them."""
    return desk.me(caller.name)


@router.post(
    "/tasks/next", response_model=TaskView, responses={**declared(), 204: {"description": "nothing is left to do"}}
)
def next_task(desk: AtDesk, caller: Caller) -> TaskView | Response:
    """The task that the caller holds; else the one to do next, reserved for them."""
    return desk.take(caller.name) or Response(status_code=204)


@router.get("/tasks/{task_id}", responses=declared(404))
def task(desk: AtDesk, caller: Caller, task_id: TaskId) -> TaskView:
    """A task that the caller holds or has answered."""
    return desk.task_view(caller.name, task_id)


@router.post("/tasks/{task_id}/renew", responses=declared(409))
def renew(desk: AtDesk, caller: Caller, task_id: TaskId) -> Renewed:
    """Keep the task reserved while one works on it."""
    return desk.keep(caller.name, task_id)


@router.put("/tasks/{task_id}/draft", responses=declared(409, 413))
def save_draft(desk: AtDesk, caller: Caller, task_id: TaskId, draft: DraftIn) -> DraftSaved:
    """Save what stands in the editor, and keep the task reserved.

    Of two drafts the higher revision stays; the answer tells which is stored. A lost lease does not lose the draft.
    """
    return desk.save_draft(caller.name, task_id, draft)


@router.post("/tasks/{task_id}/submit", responses=declared(404, 409, 413))
def submit(desk: AtDesk, caller: Caller, task_id: TaskId, answer: SubmitIn) -> Outcome:
    """Answer the task. The same nonce again changes nothing and gives the same answer."""
    return desk.answer(caller.name, task_id, answer)


@router.post("/tasks/{task_id}/skip", responses=declared(409))
def skip(desk: AtDesk, caller: Caller, task_id: TaskId, skipped: SkipIn) -> Outcome:
    """Leave the task to somebody else."""
    return desk.skip(caller.name, task_id, skipped)


@router.post("/tasks/{task_id}/flag", responses=declared(409))
def flag(desk: AtDesk, caller: Caller, task_id: TaskId, flagged: FlagIn) -> Outcome:
    """Report the task as unfit; a reviewer will look at it."""
    return desk.flag(caller.name, task_id, flagged)


@router.post("/tasks/{task_id}/preview", responses=declared(404, 413))
def preview(work: Work, desk: AtDesk, caller: Caller, task_id: TaskId, wanted: PreviewIn) -> PreviewView:
    """Which tokens of both texts a correction would weigh; nothing is stored."""
    seen = desk.visible_task(caller.name, task_id)
    tokenizer = tokenizer_of(work.blobs, work.store.policy(seen.policy))
    return preview_of(seen.text, typed(seen.text, wanted.edits), tokenizer, work.config.train.objective)
