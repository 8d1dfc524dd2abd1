"""What each Ray Train worker does: load, resume, train, report."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray.train
import torch.distributed as dist

from redraft.blobs.arrow import arrow_refusals_explained
from redraft.blobs.location import S3Location
from redraft.config import Config
from redraft.errors import DataError, TrainingError
from redraft.logs import LogPlace, carried
from redraft.policy import Policy, save_policy
from redraft.records import TrainStep
from redraft.train.engine import Engine, TorchEngine
from redraft.train.seals import check_seals, seal
from redraft.train.state import TrainingState
from redraft_actors.train_job import JobSpec, run_job
from redraft_actors.train_storage import read_key
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
        _train(JobSpec.from_plain(plain), read_key(Path(plain["key"])), plain["bucket"])


def _train(spec: JobSpec, key: bytes, bucket: str | None) -> None:
    kept = _Kept(key, S3Location.parse(bucket) if bucket else None)
    policy = spec.load_policy()
    engine = _engine(policy, spec.config)
    state = TrainingState()
    checkpoint = ray.train.get_checkpoint()
    if checkpoint is not None:
        with kept.opened(checkpoint) as folder:
            engine.load(folder)
            state = TrainingState.load(folder)
    rank, of = f"rank {engine.rank} of {engine.world_size}", f"of {spec.config.train.steps}"
    _log.info("%s: training begins at step %d %s, from %s", rank, state.next_step, of, spec.policy_path)
    watchdog = Watchdog(spec.config.train.hang_seconds)
    reporter = _Reporter(spec, policy, engine, state, kept)

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


@dataclass(frozen=True)
class _Kept:
    """What a job's checkpoints are sealed with, and the bucket that they are in, if it is one."""

    key: bytes
    bucket: S3Location | None

    @contextmanager
    def opened(self, checkpoint: ray.train.Checkpoint) -> Iterator[Path]:
        """A checkpoint on this machine; one worker of the machine checks it, and the others wait."""
        with ExitStack() as stack:
            with arrow_refusals_explained(self.bucket):
                folder = Path(stack.enter_context(checkpoint.as_directory()))
            if ray.train.get_context().get_local_rank() == 0:
                check_seals(folder, self.key)
            dist.barrier()
            yield folder


class _Reporter:
    """Reports steps in bunches, and checkpoints with the last of a bunch."""

    def __init__(self, spec: JobSpec, policy: Policy, engine: Engine, state: TrainingState, kept: _Kept) -> None:
        self.spec, self.policy, self.engine, self.state, self.kept = spec, policy, engine, state, kept
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
            seal(folder, self.kept.key, self.engine.rank)
            with arrow_refusals_explained(self.kept.bucket):
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
