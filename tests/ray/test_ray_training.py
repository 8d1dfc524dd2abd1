"""Ray Train with DDP and with DeepSpeed, against one process without Ray."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest
import torch

from redraft.blobs import Blobs
from redraft.config import Config, TrainConfig
from redraft.policy import load_policy
from redraft.records import TrainStep
from redraft.world import builtin_policy
from redraft_actors.train_job import JobSpec, train_alone
from redraft_actors.training import train_on_ray

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("local_ray")]

TRAIN = TrainConfig(workers=2, cpus_per_worker=0.5, batch_size=4, steps=6, learning_rate=1e-4, checkpoint_every=2)


def spec_of(dataset: Path, blobs: Blobs, **changes: object) -> JobSpec:
    config = Config(train=TRAIN.model_copy(update=changes))
    return JobSpec(config, builtin_policy(), dataset, blobs.url, seed=1)


@pytest.fixture(scope="module")
def alone(dataset: Path, blobs: Blobs, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[TrainStep], Path]:
    out = tmp_path_factory.mktemp("alone") / "policy"
    return train_alone(spec_of(dataset, blobs, workers=1), out), out


def weights(folder: Path) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in load_policy(folder, device="cpu").model.parameters()])


def assert_same_training(log: list[TrainStep], out: Path, alone: tuple[list[TrainStep], Path]) -> None:
    expected, expected_out = alone
    assert [s.step for s in log] == [s.step for s in expected]
    for ours, theirs in zip(log, expected, strict=True):
        assert ours.loss == pytest.approx(theirs.loss, abs=1e-4)
        assert ours.chosen_logp == pytest.approx(theirs.chosen_logp, abs=1e-3)
        assert ours.grad_norm == pytest.approx(theirs.grad_norm, rel=1e-2)
    torch.testing.assert_close(weights(out), weights(expected_out), atol=2e-4, rtol=0)


@pytest.mark.parametrize("strategy", [("ddp", 2), ("deepspeed", 2), ("deepspeed", 3)], ids=str)
def test_every_strategy_trains_alike(
    dataset: Path, blobs: Blobs, tmp_path: Path, alone: tuple[list[TrainStep], Path], strategy: tuple[str, int]
) -> None:
    spec = spec_of(dataset, blobs, strategy=strategy[0], zero_stage=strategy[1])
    log = train_on_ray(spec, name="job", storage=tmp_path, out=tmp_path / "out", log=tmp_path / "log.jsonl")
    assert_same_training(log, tmp_path / "out", alone)
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [TrainStep.model_validate_json(line) for line in lines] == log


def kill_a_worker_after(log: Path, step: int) -> None:
    while not (log.exists() and any(f'"step":{step},' in line for line in log.read_text().splitlines())):
        time.sleep(0.02)
    workers = [
        p for p in psutil.Process().children(recursive=True) if any("RayTrainWorker" in part for part in p.cmdline())
    ]
    os.kill(workers[0].pid, signal.SIGKILL)


def test_a_killed_worker_is_replaced_and_nothing_changes(
    dataset: Path, blobs: Blobs, tmp_path: Path, alone: tuple[list[TrainStep], Path]
) -> None:
    log = tmp_path / "log.jsonl"
    killer = threading.Thread(target=kill_a_worker_after, args=(log, 2), daemon=True)
    killer.start()
    done = train_on_ray(spec_of(dataset, blobs), name="killed", storage=tmp_path, out=tmp_path / "out", log=log)
    killer.join()
    assert_same_training(done, tmp_path / "out", alone)
