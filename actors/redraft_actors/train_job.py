"""A training job as plain values, and the one function that runs it on whatever engine it is given."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redraft.blobs import open_blobs
from redraft.config import Config, parse_config
from redraft.policy import Policy, load_policy, save_policy
from redraft.records import TrainStep
from redraft.train.engine import Engine, TorchEngine
from redraft.train.examples import read_examples
from redraft.train.loop import run_training
from redraft.train.state import TrainingState

AfterStep = Callable[[TrainStep], None]


@dataclass(frozen=True)
class JobSpec:
    """Everything one training job needs; policy and dataset are folders that all machines see, or blobs' addresses."""

    config: Config
    policy_path: str | Path
    dataset_path: str | Path
    blobs_url: str
    seed: int

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
            plain["policy_path"],
            plain["dataset_path"],
            plain["blobs_url"],
            plain["seed"],
        )

    def load_policy(self) -> Policy:
        """The policy to train."""
        return load_policy(self.policy_path, self.config.policy.device, self.config.policy.dtype)


def train_alone(
    spec: JobSpec, out: Path, after_step: AfterStep = lambda _: None, *, checkpoints: Path | None = None
) -> list[TrainStep]:
    """One process, no Ray: for debugging, benchmarks and small data. Writes the candidate's checkpoint to ``out``.

    Args:
        checkpoints: a folder to resume from, and to write to every ``train.checkpoint_every`` steps.
    """
    policy = spec.load_policy()
    engine = TorchEngine(policy, spec.config.train)
    state = TrainingState()
    newest = checkpoints / "newest" if checkpoints else None
    if newest and not newest.exists() and newest.with_name("old").exists():
        newest.with_name("old").rename(newest)
    if newest and newest.exists():
        engine.load(newest)
        state = TrainingState.load(newest)

    def remember(step: TrainStep) -> None:
        after_step(step)
        if newest and (step.step + 1) % spec.config.train.checkpoint_every == 0:
            _replace_folder(newest, engine, state)

    run_job(spec, policy, engine, state, remember)
    save_policy(policy, out, engine.model_state())
    return state.log


def run_job(
    spec: JobSpec, policy: Policy, engine: Engine, state: TrainingState, after_step: AfterStep
) -> TrainingState:
    """Train from where ``state`` stands to the last step."""
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


def _replace_folder(folder: Path, engine: Engine, state: TrainingState) -> None:
    """Write a checkpoint beside the old one and put it in its place: a kill leaves one or the other, whole."""
    fresh, old = folder.with_name("writing"), folder.with_name("old")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(parents=True)
    engine.save(fresh)
    state.save(fresh)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
