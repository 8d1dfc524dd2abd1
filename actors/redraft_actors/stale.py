"""What becomes of open tasks that an older policy wrote, once those of a newer one are there."""

from __future__ import annotations

from collections.abc import Collection

from redraft.judged_claims import open_claims
from redraft.records import Arm, Task, TaskState
from redraft.routing import Candidate, candidate_of, fit_effort, value_by
from redraft.routing.stale import still_worth
from redraft.uncertainty.examples import read_sampled, sample_folders
from redraft.uncertainty.scorer import Scorer, read_scorer, scorer_key
from redraft_actors.context import RunContext
from redraft_actors.standing import key_of_samples


def look_again(run: RunContext, number: int, before: int, samples_key: str) -> int:
    """Apply ``route.stale`` to the open tasks of round ``before``, now that round ``number`` is routed; how many went.

    To rescore is to score what was noted when the response was sampled by the scorer of today, which has seen more
    answers; the response stays the older policy's. Its random arm stands for a policy that is gone, and is retired.
    """
    rule, by = run.config.route.stale, value_by(run.config.route)
    if rule == "keep":
        return 0
    if rule == "retire" or by is None:
        return run.store.retire_tasks(before)
    scorer = read_scorer(run.blobs.get(scorer_key(samples_key)), samples_key)
    stale = [task for task in run.store.tasks(before) if task.state is TaskState.OPEN and task.arm is Arm.UNCERTAIN]
    fresh = [task for task in run.store.tasks(number) if task.arm is Arm.UNCERTAIN]
    kept = still_worth(_candidates(run, scorer, stale), _candidates(run, scorer, fresh), by)
    return run.store.retire_tasks(before, kept)


def _candidates(run: RunContext, scorer: Scorer, tasks: Collection[Task]) -> list[Candidate]:
    """The tasks' responses as routing sees them today; all are of one round."""
    effort = fit_effort(run.store.corrections())
    wanted = {task.response_id for task in tasks}
    images = {task.image_id for task in tasks}
    extractor = open_claims(run.config.uncertainty)
    found: list[Candidate] = []
    for start in {key_of_samples(task.round, task.policy) for task in tasks}:
        for key in sample_folders(run.blobs):
            if key == start or key.startswith(f"{start}-refill-"):
                sampled = read_sampled(run.blobs, key, images, run.config.route.entropy_weight, extractor)
                mine = (one for id, one in sampled.items() if id in wanted)
                found += [candidate_of(one.response, scorer.score(one), effort) for one in mine]
    return found
