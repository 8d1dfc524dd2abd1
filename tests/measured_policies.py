"""Policy versions with a measurement on the development split, made up: wrong about so many of twenty pictures."""

from __future__ import annotations

from redraft.evaluate.outcomes import write_outcomes
from redraft.records import Evaluation, Interval, Outcome, PolicyStatus, PolicyVersion, Split
from redraft_actors.context import RunContext

PICTURES = 20


def add_candidate(run: RunContext, id: str, parent: str | None) -> None:
    """A version that nothing is decided about; its checkpoint is another's business."""
    run.store.add_policy(
        PolicyVersion(
            id=id,
            round=1,
            parent=parent,
            dataset=None,
            blob=f"policies/{id}",
            status=PolicyStatus.CANDIDATE,
            config_hash="0",
            code_version="0",
            seed=0,
            created_at=0.0,
        )
    )


def measure(run: RunContext, policy: str, wrong: int) -> None:
    """Say how the version did: one error in each of the first ``wrong`` descriptions, none in the others."""
    blob, none = f"evaluations/{policy}-dev.parquet", Interval(value=0, low=0, high=0)
    run.blobs.put(blob, write_outcomes([_outcome(n, errors=int(n < wrong)) for n in range(PICTURES)]))
    run.store.add_evaluation(
        Evaluation(
            policy=policy,
            split=Split.DEV,
            responses=PICTURES,
            response_rate=none,
            mention_rate=none,
            recall=none,
            mean_words=none,
            question_accuracy=None,
            by_type={},
            by_scene={},
            over_generalisation=(),
            blob=blob,
        )
    )


def _outcome(number: int, errors: int) -> Outcome:
    return Outcome(
        image_id=str(number),
        prompt="Describe.",
        scene="park",
        text="A cat.",
        mentions=2,
        errors=errors,
        error_types=(),
        found=1,
        present=1,
        words=2,
    )
