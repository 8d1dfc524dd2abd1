"""How an answer compares with the known one: told while somebody trains, and at no other time."""

from __future__ import annotations

from redraft.quality import score_answer
from redraft.quality.gold_scores import training_answers
from redraft.records import Correction
from redraft.segments import apply_edits
from redraft.store import Store
from redraft_ui.annotating.views import Feedback

_LOOKED_THROUGH = 5000
"""Of an annotator's answers, so many newest are looked through; training is at their beginning."""


def feedback_on(store: Store, answer: Correction, training_tasks: int) -> Feedback | None:
    """What an annotator is told about an answer: nothing unless it was one of their ``training_tasks`` first gold ones.

    It depends on what is stored alone, so that an answer that is sent again is told the same.
    """
    if not answer.gold or not training_tasks:
        return None
    theirs = store.answers_by(answer.annotator, _LOOKED_THROUGH)
    gold = store.gold(answer.task_id)
    if gold is None or answer.id not in training_answers(theirs, training_tasks):
        return None
    score = score_answer(answer, gold.edits)
    return Feedback(
        right=score.right,
        text=apply_edits(answer.original, gold.edits),
        edits=gold.edits,
        explanation=gold.explanation,
        span_f1=score.span_f1,
    )
