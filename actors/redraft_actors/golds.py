"""Gold tasks of a run: drawn from what its policies said about the picture world, or taken from reviews."""

from __future__ import annotations

import time

import pyarrow.parquet as pq

from redraft.errors import RunError
from redraft.gold import explain, gold_task_id, known_answers
from redraft.records import Answer, Gold, Response
from redraft.responses import scored_from_table
from redraft_actors.context import RunContext
from redraft_actors.standing import key_of_samples


def draw_gold(run: RunContext, count: int, *, seed: int, project: str) -> int:
    """Make gold tasks of answers sampled in the newest round that has any; how many came.

    Answers that were never routed to people are taken where there are any, else stored ones, which then exist twice:
    as they were, and as gold. What is a gold task already is not drawn again.

    Raises:
        RunError: the pictures are photographs, whose truth nobody knows, or no policy has said anything (more) yet.
        DataError: there is no such project.
    """
    if run.config.images.source != "world":
        raise RunError(
            f"{run.folder.root} is about photographs, whose right answers only people know: review tasks, and make "
            "good ones gold with `redraft gold add`"
        )
    run.store.project(project)
    taken = {gold.task_id for gold in run.store.golds()}
    said = [response for response in _said(run) if gold_task_id(project, response.id) not in taken]
    if not said:
        raise RunError(f"there is nothing to draw from in {run.folder.root}: let a round sample (again) first")
    now, origins = time.time(), {id: run.store.image(id).origin for id in {response.image_id for response in said}}
    drawn = known_answers(
        [(response, origins[response.image_id]) for response in said],
        count=count,
        seed=seed,
        project=project,
        round=max((row.number for row in run.store.rounds()), default=0),
        now=now,
    )
    run.store.add_responses([known.response for known in drawn])
    run.store.add_tasks([known.task for known in drawn])
    for known in drawn:
        run.store.add_gold(known.gold)
    return len(drawn)


def add_gold(run: RunContext, task_id: str, explanation: str | None = None) -> Gold:
    """Make a reviewed task a gold one: what the reviewer said is the known answer.

    Raises:
        RunError: nobody has reviewed the task, or the review says neither what is wrong nor that nothing is.
        StorageError: there is no such task.
    """
    task = run.store.task(task_id)
    review = next((answer for answer in run.store.answers_of(task_id) if answer.review), None)
    if review is None:
        raise RunError(f"task {task_id} was not reviewed: review it, and its review becomes the known answer")
    if review.answer not in (Answer.CORRECTED, Answer.CLEAN):
        raise RunError(f"the review of task {task_id} says {review.answer}, which is no answer to learn from")
    said = explain(task.text, review.edits) if explanation is None else explanation
    gold = Gold(task_id=task_id, edits=review.edits, explanation=said, author=review.annotator, created_at=time.time())
    run.store.add_gold(gold)
    return gold


def _said(run: RunContext) -> list[Response]:
    """What a policy wrote in the newest sampled round: if possible, what people have not been given."""
    for row in reversed(run.store.rounds()):
        stored = run.store.responses(row.number)
        given = {response.id for response in stored}
        fresh = [response for response in _sampled(run, row.number, row.incumbent) if response.id not in given]
        if found := fresh or [response for response in stored if response.policy == row.incumbent]:
            return found
    return []


def _sampled(run: RunContext, number: int, policy: str) -> list[Response]:
    """The first sample about every picture of a round; none where the round was not sampled."""
    key = key_of_samples(number, policy)
    if not run.blobs.exists(key):
        return []
    table = pq.read_table(run.blobs.path(key), filters=[("sample", "=", 0)])
    return [response for response, _ in scored_from_table(table)]
