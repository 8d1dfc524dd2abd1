"""BUILDING: corrections to an immutable, hashed dataset version with the reference's log-probabilities."""

from __future__ import annotations

import logging
import time

import pyarrow as pa
import pyarrow.parquet as pq

from redraft.blobs import open_blobs
from redraft.config import Config
from redraft.images import decode_image
from redraft.pairs import PAIR_SCHEMA, build_pairs, dataset_id, pair_from_row, pair_to_row, with_replay, with_smoothing
from redraft.policy import encode_prompts, load_policy
from redraft.quality import smoothings
from redraft.records import Correction, DatasetVersion, PreferencePair
from redraft.train.encode import TRAINING_SCHEMA, encode_pair
from redraft.train.reference_pass import ReferencePass
from redraft_actors.context import RunContext
from redraft_actors.pools import map_on_warm_workers

PAIRS_PER_BATCH = 32

_log = logging.getLogger(__name__)


class ReferenceScorer:
    """Adds tokens, changed masks and the reference policy's log-probabilities to rows of pairs."""

    def __init__(self, policy_path: str, blobs_url: str, config: Config) -> None:
        import torch

        torch.set_num_threads(1)
        self.policy = load_policy(policy_path, config.policy.device, config.policy.dtype)
        self.blobs, self.config = open_blobs(blobs_url), config
        self.references = ReferencePass(self.policy, self.blobs, config)
        _log.info("scores pairs by the reference in %s, on %s", policy_path, self.policy.device)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """``PAIR_SCHEMA`` in, ``TRAINING_SCHEMA`` out."""
        return self.encode([pair_from_row(row) for row in batch.to_pylist()])

    def encode(self, pairs: list[PreferencePair]) -> pa.Table:
        """One row a pair."""
        train, limit = self.config.train, self.config.images.max_pixels
        images = [decode_image(self.blobs.get(pair.blob), limit) for pair in pairs]
        prompts = encode_prompts(self.policy, images, [pair.prompt for pair in pairs])
        rows = []
        for pair, prompt in zip(pairs, prompts, strict=True):
            chosen, rejected = encode_pair(
                self.policy, pair, prompt, diff=train.objective.diff, max_tokens=train.max_tokens
            )
            rows.append(
                {
                    **pair_to_row(pair),
                    "chosen_ids": chosen.ids,
                    "rejected_ids": rejected.ids,
                    "chosen_changed": chosen.changed,
                    "rejected_changed": rejected.changed,
                }
            )
        return self.references.add(pa.Table.from_pylist(rows, schema=TRAINING_SCHEMA))


def build_dataset(run: RunContext, number: int, reference: str) -> DatasetVersion:
    """All corrections that no promoted policy has learned from yet, with replayed older ones, as a dataset version."""
    with run.timed(number, "build") as detail:
        fresh = run.store.freeze_unused()
        pairs = _smoothed(run, _collect(run, number, fresh))
        identity = dataset_id(pairs)
        key = f"datasets/{identity}-{reference}"
        if not run.blobs.exists(key):
            staging = run.staging("dataset")
            evaluate = run.config.evaluate
            scored = map_on_warm_workers(
                pa.Table.from_pylist([pair_to_row(pair) for pair in pairs], schema=PAIR_SCHEMA),
                ReferenceScorer,
                {
                    "policy_path": run.policy_address(reference),
                    "blobs_url": run.blobs.url,
                    "config": run.config,
                },
                batch_size=PAIRS_PER_BATCH,
                actors=evaluate.actors,
                cpus=evaluate.cpus_per_actor,
                gpus=evaluate.gpus_per_actor,
            )
            # Written here and not by the workers, which may be on machines that do not see the run folder.
            for part, rows in enumerate(scored.iter_batches(batch_size=None, batch_format="pyarrow")):
                pq.write_table(rows, staging / f"part-{part:05d}.parquet")
            run.blobs.publish_folder(key, staging)
        version = DatasetVersion(
            id=identity,
            round=number,
            blob=key,
            pairs=len(pairs),
            corrections=_used(fresh, pairs),
            reference=reference,
            created_at=time.time(),
        )
        run.store.add_dataset(version)
        detail["pairs"] = len(pairs)
    return version


def _used(fresh: list[Correction], pairs: list[PreferencePair]) -> tuple[str, ...]:
    """All fresh corrections, those that repeat another's pair included, and the replayed ones."""
    return tuple(dict.fromkeys([c.id for c in fresh] + [pair.correction_id for pair in pairs]))


def _collect(run: RunContext, number: int, fresh: list[Correction]) -> list[PreferencePair]:
    new = _pairs(run, fresh)
    if not run.config.train.replay:
        return new
    unused = {correction.id for correction in fresh}
    old = [c for c in run.store.standing_corrections() if c.id not in unused]
    return with_replay(new, _pairs(run, old), run.config.train.replay, run.config.seed * 1000 + number)


def _smoothed(run: RunContext, pairs: list[PreferencePair]) -> list[PreferencePair]:
    """Where the objective asks for it, each pair with what its annotator's answers, to all projects, say by now."""
    if not run.config.train.objective.reliability:
        return pairs
    answers = run.store.corrections(project=None, gold=True)
    golds = {gold.task_id: gold for gold in run.store.golds()}
    return with_smoothing(pairs, smoothings(answers, golds, training=run.config.annotate.training_tasks))


def _pairs(run: RunContext, corrections: list[Correction]) -> list[PreferencePair]:
    tasks = {task.id: task for task in run.store.tasks()}
    images = {c.task_id: run.store.image(tasks[c.task_id].image_id) for c in corrections}
    return build_pairs(corrections, tasks, {image.id: image for image in images.values()})
