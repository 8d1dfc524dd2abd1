"""An answer from outside as the records that it becomes; ids depend on content alone."""

from __future__ import annotations

from dataclasses import dataclass

from redraft.errors import DataError
from redraft.exchange.exported import EXTERNAL
from redraft.exchange.reading import Incoming
from redraft.records import (
    Correction,
    PolicyStatus,
    PolicyVersion,
    Response,
    Split,
    Task,
    TaskState,
    TokenTrace,
    stable_id,
)
from redraft.segments import diff_edits

ANNOTATOR = "import"
"""Who gave the answers of data that does not say."""

_NO_TRACE = TokenTrace(token_ids=(), starts=(), ends=(), logprobs=(), entropies=())


@dataclass(frozen=True)
class Into:
    """Where imported answers go: a project, the round that will learn from them, and under whose name.

    ``annotator`` overrides what the data says. With ``as_tasks`` the responses alone come in, for people to answer.
    """

    project: str
    round: int
    annotator: str | None = None
    as_tasks: bool = False


@dataclass(frozen=True)
class Entry:
    """One response with its task, and the answer unless it waits for one."""

    policy: str
    response: Response
    task: Task
    correction: Correction | None


def entry_of(row: Incoming, image_id: str, into: Into, now: float) -> Entry:
    """The records that a row becomes.

    Args:
        row: what came in.
        image_id: the SHA-256 of its picture.
        into: where it goes.
        now: the date of answers that bring none, UTC seconds.
    """
    line = row.line
    writer = EXTERNAL if line.policy is None else f"{EXTERNAL}:{line.policy}"
    response = Response(
        id=stable_id("imported", writer, image_id, line.prompt, line.rejected),
        image_id=image_id,
        prompt=line.prompt,
        text=line.rejected,
        policy=writer,
        round=0,
        sample=0,
        seed=0,
        temperature=1.0,
        top_p=1.0,
        finished=True,
        trace=_NO_TRACE,
    )
    task = _task(row, response, into)
    return Entry(writer, response, task, None if into.as_tasks else _correction(row, task, into, now))


def external_policy(id: str, now: float) -> PolicyVersion:
    """The version that stands for a model that is not here; without a checkpoint, a parent or a dataset."""
    return PolicyVersion(
        id=id,
        round=0,
        parent=None,
        dataset=None,
        blob="",
        status=PolicyStatus.EXTERNAL,
        reasons=("It wrote imported responses and is not here itself.",),
        config_hash="",
        code_version="",
        seed=0,
        created_at=now,
    )


def refuse_held_out(split: str | None, origin: str | None) -> None:
    """Refuse a picture that evaluations need unseen.

    Raises:
        DataError: the run has it in another split than the pool, or it comes from one of the picture world's.
    """
    if split not in (None, Split.POOL.value):
        raise DataError(f"its picture belongs to the {split} split of this run, and nothing may train on that")
    parts = (origin or "").split(":")
    if parts[0] == "world" and len(parts) == 4 and parts[2] != Split.POOL.value:
        raise DataError(f"its picture is {origin}, which is held out for evaluation, and nothing may train on that")


def _task(row: Incoming, response: Response, into: Into) -> Task:
    """Answers to one task outside are answers to one task here; what names no task has one of its own."""
    line = row.line
    if into.as_tasks:
        identity = stable_id("imported task", into.project, response.id)
    else:
        outside = ("task", line.task) if line.task is not None else ("pair", line.answer.value, line.chosen)
        identity = stable_id("imported answer", into.project, response.id, *outside)
    return Task(
        id=identity,
        round=into.round,
        response_id=response.id,
        image_id=response.image_id,
        prompt=line.prompt,
        text=line.rejected,
        spans=(),
        arm=line.arm,
        priority=0.0,
        policy=response.policy,
        state=TaskState.OPEN if into.as_tasks else TaskState.DONE,
        project=into.project,
    )


def _correction(row: Incoming, task: Task, into: Into, now: float) -> Correction:
    line = row.line
    if line.chosen is None:
        raise DataError("chosen is missing")
    edits = diff_edits(line.rejected, line.chosen) if line.edits is None else line.edits
    said = Correction(
        id="",
        task_id=task.id,
        round=task.round,
        annotator=into.annotator or line.annotator or ANNOTATOR,
        answer=line.answer,
        original=line.rejected,
        corrected=line.chosen,
        edits=edits,
        arm=line.arm,
        seconds=line.seconds,
        submitted_at=now if line.submitted_at is None else line.submitted_at,
        project=into.project,
        marks=line.marks,
        elapsed=line.elapsed,
        shaded=line.shaded,
        reason=line.reason,
        revision=line.revision,
        review=line.review,
    )
    content = said.model_dump_json(exclude={"id", "round", "submitted_at"})
    return said.model_copy(update={"id": stable_id("imported", content)})
