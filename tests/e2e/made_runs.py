"""Runs whose records are made here, as the loop would have left them, for commands that start no loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redraft import world
from redraft.blobs import Blobs
from redraft.config import Config
from redraft.pool import round_requests
from redraft.records import (
    Answer,
    Arm,
    Edit,
    HallucinationType,
    Phase,
    PolicyStatus,
    PolicyVersion,
    Response,
    Submission,
    Task,
    TokenTrace,
)
from redraft.runs import RunFolder
from redraft.store import Store

CommandLine = Callable[..., tuple[int, str, str]]
WRONG = " There are three tents in the top left."


@dataclass
class Run:
    """A run folder, opened."""

    root: Path
    config: Config
    store: Store
    blobs: Blobs


def make(root: Path, **sections: Any) -> Run:
    small = {"images": {"per_round": 4}, "evaluate": {"dev_images": 2, "test_images": 4, "questions": 1}}
    config = Config.model_validate({"name": "data", "annotate": {"by": "human"}} | small | sections)
    folder = RunFolder.create(root, config)
    run = Run(root, config, folder.store(), folder.blobs())
    add_policy(run, "r00-base", PolicyStatus.PROMOTED)
    run.store.begin_round(1, Phase.ANNOTATING, "r00-base")
    return run


def add_policy(run: Run, id: str, status: PolicyStatus) -> None:
    run.store.add_policy(
        PolicyVersion(
            id=id,
            round=0,
            parent=None if status is PolicyStatus.PROMOTED else "r00-base",
            dataset=None,
            blob=f"policies/{id}",
            status=status,
            config_hash="",
            code_version="",
            seed=0,
            created_at=0.0,
        )
    )


def add_tasks(run: Run) -> list[Task]:
    """A task about each of the round's pictures, whose text has one sentence too many."""
    made = []
    for request in round_requests(run.config, run.store, run.blobs, 1):
        text = world.true_answer(world.scene_of(request.origin), request.prompt) + WRONG
        response = Response(
            id=f"response-{request.image_id[:8]}",
            image_id=request.image_id,
            prompt=request.prompt,
            text=text,
            policy="r00-base",
            round=1,
            sample=0,
            seed=0,
            temperature=0.9,
            top_p=1.0,
            finished=True,
            trace=TokenTrace(token_ids=(), starts=(), ends=(), logprobs=(), entropies=()),
        )
        made.append(
            Task(
                id=f"task-{request.image_id[:8]}",
                round=1,
                response_id=response.id,
                image_id=response.image_id,
                prompt=response.prompt,
                text=text,
                spans=(),
                arm=Arm.UNCERTAIN,
                priority=0.5,
                policy="r00-base",
            )
        )
        run.store.add_responses([response])
    run.store.add_tasks(made)
    return made


def without_wrong(text: str) -> Edit:
    start = text.index(WRONG)
    return Edit(start=start, end=start + len(WRONG), replacement="", type=HallucinationType.OBJECT)


def correct_all(run: Run) -> int:
    count = 0
    while lease := run.store.lease("ann", 60):
        edits = (without_wrong(lease.task.text),)
        run.store.submit(submission(lease.task.id, "ann", Answer.CORRECTED, edits=edits))
        count += 1
    return count


def submission(task: str, who: str, answer: Answer, **more: Any) -> Submission:
    nonce = f"{who}-{task}-{answer}"
    return Submission(nonce=nonce[:64], task_id=task, annotator=who, answer=answer, seconds=3.0, **more)


def sentence(result: tuple[int, str, str]) -> str:
    """The one sentence of a refusal."""
    code, _, err = result
    assert code == 2
    (line,) = err.strip().splitlines()
    return line
