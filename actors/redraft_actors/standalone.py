"""`redraft train`: other people's pairs and a checkpoint in, a trained checkpoint out.

    prepare ──► (bad rows are told) ──► reference ──► plan ──► train ──► OUT/policy
    OUT/prepared   OUT/prepared/bad.jsonl   OUT/dataset   refused if it   OUT/steps.jsonl
                                                          cannot fit

Each stage is published whole in OUT and not done again: the same command, given again, goes on where it was stopped.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import psutil
import pyarrow.parquet as pq

from redraft.blobs import open_blobs
from redraft.checkpoints import resolve_policy_path
from redraft.config import Config
from redraft.errors import DataError
from redraft.images import decode_image
from redraft.plan import PairStatistics, TrainingPlan, plan_training, read_shape
from redraft.policy import encode_prompts, load_policy
from redraft.records import TrainStep
from redraft.sources.parts import PreparedSource
from redraft.train.recipes import steps_for
from redraft_actors.preparing import PrepareJob, prepare_alone, prepare_on_ray
from redraft_actors.referencing import add_references
from redraft_actors.step_log import StepLog, followed
from redraft_actors.train_folder import TrainFolder, published
from redraft_actors.train_job import JobSpec, train_alone

MEASURED_PAIRS = 256
"""Pairs whose lengths a plan is made from."""


def prepare(folder: TrainFolder, config: Config, pairs: Path, blobs: str | None, on_ray: bool) -> PreparedSource:
    """Read, check and tokenise the pairs, once.

    Raises:
        DataError: the source cannot be read, or has no good pair.
    """
    summary = folder.prepared / "summary.json"
    if summary.exists():
        return PreparedSource.model_validate_json(summary.read_text(encoding="utf-8"))
    shutil.rmtree(folder.prepared, ignore_errors=True)
    job = PrepareJob(
        config, resolve_policy_path(config.policy.path), pairs, str(folder.blobs), folder.prepared, source_blobs=blobs
    )
    prepared = prepare_on_ray(job) if on_ray else prepare_alone(job)
    summary.write_text(prepared.model_dump_json(), encoding="utf-8")
    return prepared


def refuse_bad(prepared: PreparedSource, skip: bool) -> None:
    """Bad rows end the job unless they are to be skipped.

    Raises:
        DataError: with the first of them, and where all are listed.
    """
    if prepared.bad_rows and not skip:
        first = prepared.bad[0]
        raise DataError(
            f"{prepared.bad_rows} of {prepared.pairs + prepared.bad_rows} pairs cannot be used, the first being "
            f"{first.where}: {first.reason}; all are listed in {prepared.bad_file}. Mend them, or leave them out with "
            "--skip-bad"
        )


def measured(prepared: PreparedSource, config: Config, blobs: Path) -> PairStatistics:
    """Lengths of the first pairs, as a plan wants them."""
    policy = load_policy(resolve_policy_path(config.policy.path), weights=False)
    store = open_blobs(str(blobs))
    with pq.ParquetFile(min(prepared.folder.glob("*.parquet"))) as file:
        rows = next(file.iter_batches(batch_size=MEASURED_PAIRS)).to_pylist()
    images = [decode_image(store.get(row["blob"]), config.images.max_pixels) for row in rows]
    prompts = encode_prompts(policy, images, [row["prompt"] for row in rows])
    statistics = PairStatistics.from_rows(
        [prompt.input_ids for prompt in prompts],
        [row["chosen_ids"] for row in rows],
        [row["rejected_ids"] for row in rows],
        image_token=policy.model.config.image_token_id,
    )
    return statistics.model_copy(update={"pairs": prepared.pairs})


def plan(config: Config, statistics: PairStatistics) -> TrainingPlan:
    """What training will need on the configured hardware; a cluster's main memory is not this machine's."""
    shape = read_shape(resolve_policy_path(config.policy.path), image_tokens=round(statistics.image_tokens))
    machine = None if config.ray.address else psutil.virtual_memory().total
    return plan_training(shape, config, statistics, machine=machine)


def with_epochs(config: Config, epochs: float | None, pairs: int) -> Config:
    """The config with as many steps as the epochs take; unchanged without epochs."""
    if epochs is None:
        return config
    steps = steps_for(epochs, pairs, config.train.batch_size)
    return config.model_copy(update={"train": config.train.model_copy(update={"steps": steps})})


def reference(folder: TrainFolder, config: Config, prepared: PreparedSource, on_ray: bool) -> None:
    """The policy's own log-probabilities of every pair, once, as ``OUT/dataset``."""
    if folder.dataset.exists():
        return
    with published(folder.dataset) as fresh:
        policy = resolve_policy_path(config.policy.path)
        add_references(prepared.folder, fresh, policy, str(folder.blobs), config, on_ray=on_ray)


def train(folder: TrainFolder, config: Config, on_ray: bool, progress: Callable[[TrainStep], None]) -> list[TrainStep]:
    """Train, and write the checkpoint and the log of steps."""
    spec = JobSpec(config, resolve_policy_path(config.policy.path), folder.dataset, str(folder.blobs), seed=config.seed)
    with published(folder.policy) as fresh:
        if on_ray:
            from redraft_actors.train_storage import TrainStorage
            from redraft_actors.training import train_on_ray

            storage = TrainStorage.in_folder(folder.root)
            with followed(folder.steps, progress):
                return train_on_ray(spec, name="train", storage=storage, out=fresh, log=folder.steps)
        log = StepLog(folder.steps, config.train)

        def after_step(step: TrainStep) -> None:
            log.write([step])
            progress(step)

        done = train_alone(spec, fresh, after_step, checkpoints=folder.root / "checkpoints")
    folder.steps.write_text("".join(step.model_dump_json() + "\n" for step in done), encoding="utf-8")
    return done
