"""Scores the corrections of a run under every promoted policy, to see what each of them did."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from redraft.errors import RunError
from redraft.evaluate.effects import Effect, SegmentLogps, effect, mean_of
from redraft.policy import Policy, load_policy
from redraft.records import DatasetVersion, PolicyVersion
from redraft.train.encode import TrainingExample
from redraft.train.examples import read_examples
from redraft.train.feed import BatchMaker
from redraft.train.rescoring import rescore
from redraft_actors.context import RunContext

Tell = Callable[[str], None]


def effects_of(run: RunContext, *, correction: str | None, most: int, seed: int, tell: Tell) -> list[Effect]:
    """Every dataset's corrections under every policy of the promoted line, oldest first.

    Args:
        correction: one correction alone; the datasets that hold it.
        most: so many corrections of a dataset, drawn at random, stand for it.
        tell: gets a line for each policy that is scored.

    Raises:
        RunError: nothing was trained yet, or the correction is in no dataset.
    """
    line = _promoted_line(run)
    datasets = [d for d in run.store.datasets() if correction is None or correction in d.corrections]
    if not datasets or len(line) < 2:
        what = (
            f"correction {correction} is in no dataset version"
            if correction
            else "no policy was promoted after the first"
        )
        raise RunError(f"{run.folder.root}: {what}, so there is no effect to measure yet")
    examples = {d.id: _examples(run, d, correction, most, seed) for d in datasets}
    found: list[Effect] = []
    scored: dict[tuple[str, str], dict[str, SegmentLogps]] = {}
    for policy in line[1:]:
        tell(policy.id)
        loaded = load_policy(run.policy_path(policy.id), run.config.policy.device, run.config.policy.dtype)
        for dataset in datasets:
            scored[dataset.id, policy.id] = _score(run, loaded, examples[dataset.id])
    for dataset in datasets:
        before = _under_the_writer(examples[dataset.id])
        for place, policy in enumerate(line[1:], start=1):
            trained = any(p.dataset == dataset.id for p in line[: place + 1])
            found.append(
                effect(
                    dataset.id,
                    policy.id,
                    before,
                    scored[dataset.id, policy.id],
                    trained=trained,
                    bootstrap=run.config.evaluate.bootstrap,
                    seed=seed,
                )
            )
    return found


def _promoted_line(run: RunContext) -> list[PolicyVersion]:
    promoted = run.store.promoted()
    if promoted is None:
        return []
    known = {policy.id: policy for policy in run.store.policies()}
    line = [promoted]
    while (parent := line[0].parent) is not None:
        line.insert(0, known[parent])
    return line


def _examples(
    run: RunContext, dataset: DatasetVersion, correction: str | None, most: int, seed: int
) -> dict[str, TrainingExample]:
    """Examples by correction id."""
    rows = read_examples(run.blobs.path(dataset.blob))
    ids = rows.table.column("correction_id").to_pylist()
    wanted = [i for i, id in enumerate(ids) if correction in (None, id)]
    if len(wanted) > most:
        wanted = sorted(random.Random(seed).sample(wanted, most))
    return {ids[i]: rows[i] for i in wanted}


def _under_the_writer(examples: Mapping[str, TrainingExample]) -> dict[str, SegmentLogps]:
    """The reference's log-probabilities, which the dataset holds: those of the policy that was to be corrected."""
    return {id: _logps(id, e, e.chosen_reference, e.rejected_reference) for id, e in examples.items()}


def _score(run: RunContext, loaded: Policy, examples: Mapping[str, TrainingExample]) -> dict[str, SegmentLogps]:
    ids = {example.pair_id: id for id, example in examples.items()}
    rows: Sequence[TrainingExample] = list(examples.values())
    maker = BatchMaker(loaded, rows, run.blobs, run.config.train, run.config.images.max_pixels)
    return {
        ids[example.pair_id]: _logps(ids[example.pair_id], example, chosen, rejected)
        for example, chosen, rejected in rescore(loaded, maker, rows, run.config.train.micro_batch)
    }


def _logps(id: str, example: TrainingExample, chosen: Sequence[float], rejected: Sequence[float]) -> SegmentLogps:
    return SegmentLogps(
        correction=id,
        image_id=example.blob,
        chosen=mean_of(chosen, example.chosen.changed),
        rejected=mean_of(rejected, example.rejected.changed),
        unchanged=mean_of(chosen, (not changed for changed in example.chosen.changed)),
    )
