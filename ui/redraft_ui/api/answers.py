"""One's earlier answers, and changing them while nothing has been made of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from redraft_ui.annotating.bodies import SubmitIn
from redraft_ui.annotating.views import AnswerView, Outcome
from redraft_ui.api.identity import AtDesk, Caller
from redraft_ui.api.problems import declared

CorrectionId = Annotated[str, Path(pattern=r"^[\x21-\x7e]{1,100}$", description="the id of an answer")]

router = APIRouter(prefix="/answers", tags=["answers"])


@router.get("", responses=declared())
def answers(desk: AtDesk, caller: Caller) -> list[AnswerView]:
    """The caller's standing answers, newest first."""
    return desk.answers(caller.name)


@router.post("/{correction_id}/revise", responses=declared(404, 409, 413))
def revise(desk: AtDesk, caller: Caller, correction_id: CorrectionId, answer: SubmitIn) -> Outcome:
    """Put another answer in place of an earlier one; 409 once that is in a dataset, or was reviewed."""
    return desk.revise(caller.name, correction_id, answer)
