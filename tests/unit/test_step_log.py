"""Where the steps of a training job are written down."""

from __future__ import annotations

import threading
from importlib.util import find_spec
from pathlib import Path

import pytest

from redraft.config import TrainConfig
from redraft.errors import ConfigError
from redraft.records import StepSpeed, TrainStep
from redraft_actors.step_log import StepLog, check_loggers, followed, numbers

SPEED = StepSpeed(ended_at=1.0, seconds=0.5, pairs_per_second=8.0, tokens_per_second=900.0, memory_gib=1.5)


def step(number: int) -> TrainStep:
    return TrainStep(
        step=number, loss=0.69, accuracy=0.5, margin=0.1, chosen_logp=-1.0, rejected_logp=-2.0,
        chosen_reference_logp=-1.1, rejected_reference_logp=-1.9, lr=1e-5, grad_norm=2.0, speed=SPEED,
    )  # fmt: skip


def test_every_step_is_a_line(tmp_path: Path) -> None:
    log = StepLog(tmp_path / "steps.jsonl", TrainConfig())
    log.write([step(0), step(1)])
    log.write([step(2)])
    lines = (tmp_path / "steps.jsonl").read_text().splitlines()
    assert [TrainStep.model_validate_json(line) for line in lines] == [step(0), step(1), step(2)]


def test_a_log_is_followed_while_it_is_written(tmp_path: Path) -> None:
    told: list[int] = []
    arrived = threading.Event()

    def tell(one: TrainStep) -> None:
        told.append(one.step)
        if one.step == 2:
            arrived.set()

    path = tmp_path / "steps.jsonl"
    with followed(path, tell):
        StepLog(path, TrainConfig()).write([step(0), step(1)])
        with path.open("a") as log:
            log.write(step(2).model_dump_json())
            log.flush()
            assert not arrived.wait(1.2), "half a line is no step yet"
            log.write("\n")
            log.flush()
        assert arrived.wait(30)
    assert told == [0, 1, 2]


def test_tensorboard_gets_every_figure(tmp_path: Path) -> None:
    log = StepLog(tmp_path / "steps.jsonl", TrainConfig(tensorboard=True))
    log.write([step(0)])
    log.write([step(1)])
    written = b"".join(file.read_bytes() for file in (tmp_path / "steps").glob("events*"))
    for name in numbers(step(0)):
        assert written.count(f"train/{name}".encode()) >= 2, name
    assert {"loss", "margin", "chosen_logp", "grad_norm", "tokens_per_second"} <= set(numbers(step(0)))


def test_a_missing_logger_is_named_before_training() -> None:
    check_loggers(TrainConfig(tensorboard=True))
    if find_spec("mlflow") is None:
        with pytest.raises(ConfigError, match="pip install mlflow-skinny"):
            check_loggers(TrainConfig(mlflow="file:runs"))
