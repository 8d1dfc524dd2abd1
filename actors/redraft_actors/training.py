"""TRAINING: the candidate, by Ray Train with DDP or DeepSpeed, or in this process without Ray."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import ray.train
from ray.train import UserCallback
from ray.train.torch import TorchConfig, TorchTrainer

from redraft.blobs import open_blobs
from redraft.config import Config, parse_config
from redraft.errors import PolicyError
from redraft.policy import Policy, load_policy, save_policy
from redraft.records import TrainStep
from redraft.train.encode import PairTokens, TrainingExample
from redraft.train.engine import Engine, TorchEngine
from redraft.train.loop import TrainingState, run_training

EXPORT = "policy"
REPORT_EVERY = 5
"""Steps per report: a worker waits at each until Ray Train's controller has polled it."""


class JobSpec:
    """Everything one training job needs, as plain values that Ray can ship."""

    def __init__(self, config: Config, policy_path: Path, dataset_path: Path, blobs_url: str, seed: int) -> None:
        self.config, self.policy_path, self.dataset_path = config, policy_path, dataset_path
        self.blobs_url, self.seed = blobs_url, seed

    def to_plain(self) -> dict[str, str | int]:
        """For ``train_loop_config``, which Ray writes out as JSON."""
        return {
            "config": self.config.model_dump_json(),
            "policy_path": str(self.policy_path),
            "dataset_path": str(self.dataset_path),
            "blobs_url": self.blobs_url,
            "seed": self.seed,
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> JobSpec:
        """The inverse of ``to_plain``."""
        return cls(
            parse_config(json.loads(plain["config"]), "training job"),
            Path(plain["policy_path"]),
            Path(plain["dataset_path"]),
            plain["blobs_url"],
            plain["seed"],
        )


def train_alone(spec: JobSpec, out: Path, after_step: Callable[[TrainStep], None] = lambda _: None) -> list[TrainStep]:
    """One process, no Ray: for debugging and for benchmarks. Writes the candidate's checkpoint to ``out``."""
    policy = load_policy(spec.policy_path, spec.config.policy.device, spec.config.policy.dtype)
    engine = TorchEngine(policy, spec.config.train)
    state = _run(spec, policy, engine, TrainingState(), after_step)
    save_policy(policy, out, engine.model_state())
    return state.log


def train_on_ray(spec: JobSpec, *, name: str, storage: Path, out: Path, log: Path) -> list[TrainStep]:
    """Ray Train workers; a killed one is replaced and goes on from the last reported checkpoint.

    ``name`` identifies the job in ``storage``: starting it again under the same name resumes it. The steps done so
    far are appended to ``log`` as they come in, and the log is rewritten whole at the end.
    """
    train = spec.config.train
    callbacks: list[Any] = [StepLog(log)]
    trainer = TorchTrainer(
        _train_worker,
        train_loop_config=spec.to_plain(),
        torch_config=TorchConfig(backend="nccl" if train.gpus_per_worker else "gloo"),
        scaling_config=ray.train.ScalingConfig(
            num_workers=train.workers,
            use_gpu=train.gpus_per_worker > 0,
            resources_per_worker={"CPU": train.cpus_per_worker}
            | ({"GPU": train.gpus_per_worker} if train.gpus_per_worker else {}),
        ),
        run_config=ray.train.RunConfig(
            name=name,
            storage_path=str(storage),
            failure_config=ray.train.FailureConfig(max_failures=train.max_failures),
            checkpoint_config=ray.train.CheckpointConfig(num_to_keep=1),
            callbacks=callbacks,
        ),
    )
    result = trainer.fit()
    if result.error is not None:
        raise result.error
    if result.checkpoint is None:
        raise PolicyError(f"training job {name} ended without a checkpoint; see {storage / name}")
    with result.checkpoint.as_directory() as folder:
        state = TrainingState.load(Path(folder))
        shutil.copytree(Path(folder) / EXPORT, out, dirs_exist_ok=True)
    log.write_text("".join(step.model_dump_json() + "\n" for step in state.log))
    return state.log


class StepLog(UserCallback):
    """Appends each reported step to the run's log, on the head node, while the job runs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def after_report(self, run_context: Any, metrics: list[dict[str, Any]], checkpoint: Any) -> None:
        """One line a step; steps repeated after a failure appear again, the last one counts."""
        with self.path.open("a", encoding="utf-8") as f:
            for step in metrics[0]["steps"]:
                f.write(TrainStep.model_validate(step).model_dump_json() + "\n")


def _train_worker(plain: dict[str, Any]) -> None:
    import torch

    torch.set_num_threads(1)
    spec = JobSpec.from_plain(plain)
    policy = load_policy(spec.policy_path, spec.config.policy.device, spec.config.policy.dtype)
    engine = _engine(policy, spec.config)
    state = TrainingState()
    checkpoint = ray.train.get_checkpoint()
    if checkpoint is not None:
        with checkpoint.as_directory() as folder:
            engine.load(Path(folder))
            state = TrainingState.load(Path(folder))
    last = spec.config.train.steps - 1

    unreported: list[dict[str, Any]] = []

    def report(entry: TrainStep) -> None:
        unreported.append(entry.model_dump())
        metrics = {"steps": unreported.copy()}
        if entry.step != last and (entry.step + 1) % spec.config.train.checkpoint_every:
            if len(unreported) == REPORT_EVERY:
                unreported.clear()
                ray.train.report(metrics)
            return
        unreported.clear()
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            engine.save(folder)
            exported = engine.model_state() if entry.step == last else {}
            if engine.rank == 0:
                state.save(folder)
                if entry.step == last:
                    save_policy(policy, folder / EXPORT, exported)
            ray.train.report(metrics, checkpoint=ray.train.Checkpoint.from_directory(folder))

    _run(spec, policy, engine, state, report)


def _engine(policy: Policy, config: Config) -> Engine:
    if config.train.strategy == "ddp":
        return TorchEngine(policy, config.train)
    from redraft_actors.deepspeed_engine import DeepSpeedEngine

    return DeepSpeedEngine(policy, config.train)


def _run(
    spec: JobSpec, policy: Policy, engine: Engine, state: TrainingState, after_step: Callable[[TrainStep], None]
) -> TrainingState:
    return run_training(
        policy,
        engine,
        read_examples(spec.dataset_path),
        open_blobs(spec.blobs_url),
        spec.config.train,
        seed=spec.seed,
        max_pixels=spec.config.images.max_pixels,
        state=state,
        after_step=after_step,
    )


def read_examples(dataset: Path) -> list[TrainingExample]:
    """A dataset version's rows, in the order of pair ids, whatever order its files are in."""
    rows = pq.read_table(dataset).sort_by("id").to_pylist()
    return [
        TrainingExample(
            pair_id=row["id"],
            blob=row["blob"],
            prompt=row["prompt"],
            chosen=PairTokens(tuple(row["chosen_ids"]), tuple(row["chosen_changed"])),
            rejected=PairTokens(tuple(row["rejected_ids"]), tuple(row["rejected_changed"])),
            chosen_reference=tuple(row["chosen_reference"]),
            rejected_reference=tuple(row["rejected_reference"]),
        )
        for row in rows
    ]
