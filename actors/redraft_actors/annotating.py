"""ANNOTATING: oracle annotators as Ray actors, using exactly the worklist calls that the pages use."""

from __future__ import annotations

import logging
import time
from typing import Any

import ray

from redraft.logs import LogPlace, carried, logs_here
from redraft.records import MAIN_PROJECT, Submission, WorkFilter, stable_id
from redraft.world import OracleAnnotator, scene_of
from redraft_actors.context import RunContext

_log = logging.getLogger(__name__)


class OracleWorker:
    """One oracle at its desk: lease, answer, submit, until nothing is left.

    The constructor opens nothing: of one that fails Ray does not tell why, so an outage could not be waited for.
    """

    def __init__(self, root: str, index: int, logs: LogPlace | None = None) -> None:
        self.root, self.index, self.logs = root, index, logs
        self.name = f"oracle-{index}"

    def work(self) -> int:
        """Answer tasks until none can be leased; how many were answered.

        The nonce depends on task and oracle alone, so an answer repeated after a crash counts once.
        """
        with carried(self.logs, "oracle"):
            _log.info("%s begins", self.name)
            run = RunContext.open(self.root)
            loop_only = WorkFilter(projects=(MAIN_PROJECT,))
            if run.store.ensure_user(self.name).work != loop_only:
                run.store.set_work(self.name, loop_only, actor="loop")
            answered = self._answer_all(run)
            run.store.close()
            _log.info("%s answered %d tasks", self.name, answered)
            return answered

    def _answer_all(self, run: RunContext) -> int:
        config = run.config.annotate
        oracle = OracleAnnotator(
            name=self.name,
            seed=run.config.seed * 1000 + self.index,
            error_rate=config.error_rate,
            seconds_per_task=config.seconds_per_task,
        )
        answered = 0
        while (lease := run.store.lease(self.name, config.lease_seconds)) is not None:
            task = lease.task
            scene = scene_of(run.store.image(task.image_id).origin)
            time.sleep(oracle.seconds_per_task)
            answer, edits = oracle.annotate(scene, task.prompt, task.text, task.id)
            run.store.submit(
                Submission(
                    nonce=stable_id("oracle", self.name, task.id),
                    task_id=task.id,
                    annotator=self.name,
                    answer=answer,
                    edits=edits,
                    seconds=oracle.seconds_per_task,
                    elapsed=oracle.seconds_per_task,
                    shaded=False,
                )
            )
            answered += 1
        return answered


OracleActor: Any = ray.remote(num_cpus=0.1, max_restarts=-1, max_task_retries=-1)(OracleWorker)


def run_oracles(run: RunContext, number: int) -> None:
    """Let all oracles work until the worklist is empty."""
    counts = run.store.counts(number)
    with run.timed(number, "annotate", counts.open + counts.leased, "tasks") as detail:
        root, logs = str(run.folder.root), logs_here()
        actors = [OracleActor.remote(root, index, logs) for index in range(run.config.annotate.oracles)]
        detail["tasks"] = sum(ray.get([actor.work.remote() for actor in actors]))
        for actor in actors:
            ray.kill(actor)
        counts = run.store.counts(number)
        detail.update({"corrected": counts.corrected, "clean": counts.clean})
