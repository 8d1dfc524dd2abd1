"""TRAINING: the candidate, by Ray Train with DDP or DeepSpeed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ray.train
from ray.exceptions import RayActorError
from ray.train import ControllerError, WorkerGroupError
from ray.train.torch import TorchConfig, TorchTrainer

from redraft.errors import StorageError, TrainingError
from redraft.logs import logs_here
from redraft.records import TrainStep
from redraft.train.state import TrainingState
from redraft_actors.leftovers import free_leftovers
from redraft_actors.step_log import StepLog
from redraft_actors.train_job import JobSpec
from redraft_actors.train_storage import TrainStorage, parts_of_checkpoint, read_key
from redraft_actors.train_worker import EXPORT, FAILURE, train_worker


def train_on_ray(spec: JobSpec, *, name: str, storage: TrainStorage, out: Path, log: Path) -> list[TrainStep]:
    """Ray Train workers; one that is killed or hangs is replaced, and all go on from the last reported checkpoint.

    ``name`` identifies the job in ``storage``: starting it again under the same name resumes it, with another number
    of workers, too. The steps done so far are appended to ``log`` as they come in, and the log is rewritten whole at
    the end.

    Raises:
        TrainingError: if the job cannot go on: its loss is no number, its data are another policy's, or its workers
            died more than ``train.max_failures`` times.
        StorageError: the workers cannot read what they train on, or keep what they go on from; if for now, it is an
            Outage.
    """
    free_leftovers()
    train, key = spec.config.train, storage.begin(name)
    callbacks: list[Any] = [StepLog(log, train)]
    logs = logs_here()
    trainer = TorchTrainer(
        train_worker,
        train_loop_config={
            **spec.to_plain(),
            "logs": logs.model_dump_json() if logs else None,
            "key": str(key),
            "bucket": storage.bucket.url if storage.bucket else None,
        },
        torch_config=TorchConfig(backend="nccl" if train.gpus_per_worker else "gloo"),
        scaling_config=ray.train.ScalingConfig(
            num_workers=train.workers,
            use_gpu=train.gpus_per_worker > 0,
            resources_per_worker={"CPU": train.cpus_per_worker}
            | ({"GPU": train.gpus_per_worker} if train.gpus_per_worker else {}),
            accelerator_type=train.accelerator,
        ),
        run_config=ray.train.RunConfig(
            name=name,
            storage_path=storage.path,
            storage_filesystem=storage.filesystem,
            failure_config=ray.train.FailureConfig(max_failures=train.max_failures),
            checkpoint_config=ray.train.CheckpointConfig(num_to_keep=train.keep_checkpoints),
            callbacks=callbacks,
        ),
    )
    try:
        result = trainer.fit()
    except ControllerError as e:
        if not isinstance(e.controller_failure, OSError):
            raise
        with storage.explained():
            raise e.controller_failure from e
    except WorkerGroupError as e:
        if refused := next((f for f in e.worker_failures.values() if isinstance(f, StorageError)), None):
            raise refused from e
        if not any(_died(failure) for failure in e.worker_failures.values()):
            raise
        raise TrainingError(
            f"training job {name} lost a worker more often than train.max_failures ({train.max_failures}) allows; the "
            f"same command lets it go on from its last checkpoint in {storage.name}/{name}"
        ) from e
    if result.checkpoint is None:
        raise TrainingError(f"training job {name} ended without a checkpoint; see {storage.name}/{name}")
    wanted = EXPORT, FAILURE, *TrainingState.FILES
    with storage.explained(), parts_of_checkpoint(result.checkpoint, wanted, read_key(key), out) as folder:
        if (folder / FAILURE).exists():
            raise TrainingError((folder / FAILURE).read_text(encoding="utf-8"))
        state = TrainingState.load(folder)
        (folder / EXPORT).rename(out)
    log.write_text("".join(step.model_dump_json() + "\n" for step in state.log))
    return state.log


def _died(failure: Exception) -> bool:
    """Whether a worker's process ended, rather than its code failed; Ray wraps what its health check found."""
    return isinstance(getattr(failure, "health_check_failure", failure), RayActorError)
