"""What each Ray Train worker does: load, resume, train, report."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ray.train

from redraft.config import Config
from redraft.errors import DataError, TrainingError
from redraft.logs import LogPlace, carried
from redraft.policy import Policy, save_policy
from redraft.records import TrainStep
from redraft.train.engine import Engine, TorchEngine
from redraft.train.state import TrainingState
from redraft_actors.train_job import JobSpec, run_job
from redraft_actors.watchdog import Watchdog

EXPORT = "policy"
FAILURE = "failure.txt"
REPORT_EVERY = 5
"""Steps per report: a worker waits at each until Ray Train's controller has polled it."""

_log = logging.getLogger(__name__)


def train_worker(plain: dict[str, Any]) -> None:
    """The training function of one worker.

    What would fail again on every retry (a loss that is no number, a dataset of another policy) is reported in a
    checkpoint of its own kind instead of raised, so that Ray Train does not start the workers again in vain.
    """
    import torch

    torch.set_num_threads(1)
    logs = LogPlace.model_validate_json(plain["logs"]) if plain["logs"] else None
    with carried(logs, "trainer"):
        _train(JobSpec.from_plain(plain))


def _train(spec: JobSpec) -> None:
    policy = spec.load_policy()
    engine = _engine(policy, spec.config)
    state = TrainingState()
    checkpoint = ray.train.get_checkpoint()
    if checkpoint is not None:
        with checkpoint.as_directory() as folder:
            engine.load(Path(folder))
            state = TrainingState.load(Path(folder))
    rank, of = f"rank {engine.rank} of {engine.world_size}", f"of {spec.config.train.steps}"
    _log.info("%s: training begins at step %d %s, from %s", rank, state.next_step, of, spec.policy_path)
    watchdog = Watchdog(spec.config.train.hang_seconds)
    reporter = _Reporter(spec, policy, engine, state)

    def after_step(step: TrainStep) -> None:
        watchdog.beat()
        reporter(step)
        watchdog.beat()

    try:
        run_job(spec, policy, engine, state, after_step)
        _log.info("%s: training is done", rank)
    except (TrainingError, DataError) as e:
        _log.error("%s: training ends: %s", rank, e)
        reporter.failed(str(e))
    finally:
        watchdog.stop()


class _Reporter:
    """Reports steps in bunches, and checkpoints with the last of a bunch."""

    def __init__(self, spec: JobSpec, policy: Policy, engine: Engine, state: TrainingState) -> None:
        self.spec, self.policy, self.engine, self.state = spec, policy, engine, state
        self.last = spec.config.train.steps - 1
        self.unreported: list[dict[str, Any]] = []

    def __call__(self, step: TrainStep) -> None:
        self.unreported.append(step.model_dump())
        if step.step == self.last:
            self._checkpoint(self._export)
        elif (step.step + 1) % self.spec.config.train.checkpoint_every == 0:
            self._checkpoint()
        elif len(self.unreported) == REPORT_EVERY:
            ray.train.report({"steps": self._taken()})

    def failed(self, why: str) -> None:
        """End the job for good, with the reason in place of a policy."""
        self._checkpoint(lambda folder: _write(folder / FAILURE, why if self.engine.rank == 0 else ""))

    def _checkpoint(self, add: Callable[[Path], None] = lambda _: None) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            self.engine.save(folder)
            if self.engine.rank == 0:
                self.state.save(folder)
            add(folder)
            ray.train.report({"steps": self._taken()}, checkpoint=ray.train.Checkpoint.from_directory(folder))

    def _export(self, folder: Path) -> None:
        exported = self.engine.model_state()
        if self.engine.rank == 0:
            save_policy(self.policy, folder / EXPORT, exported)

    def _taken(self) -> list[dict[str, Any]]:
        taken, self.unreported = self.unreported, []
        return taken


def _write(path: Path, text: str) -> None:
    if text:
        path.write_text(text, encoding="utf-8")


def _engine(policy: Policy, config: Config) -> Engine:
    if config.train.strategy == "ddp":
        return TorchEngine(policy, config.train)
    from redraft_actors.deepspeed_engine import DeepSpeedEngine

    return DeepSpeedEngine(policy, config.train)
