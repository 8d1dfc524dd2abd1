"""Where the steps of a training job are written down while it runs: JSONL always, TensorBoard and MLflow if asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ray.train import UserCallback

from redraft.config import TrainConfig
from redraft.errors import ConfigError
from redraft.records import TrainStep


class StepLog(UserCallback):
    """Appends each reported step to the run's log, on the head node.

    Steps repeated after a failure appear again; the last one counts.
    """

    def __init__(self, path: Path, config: TrainConfig) -> None:
        self.path, self.config = path, config

    def after_report(self, run_context: Any, metrics: list[dict[str, Any]], checkpoint: Any) -> None:
        """Ray Train calls this with every worker's metrics."""
        self.write(TrainStep.model_validate(step) for step in metrics[0]["steps"])

    def write(self, steps: Iterable[TrainStep]) -> None:
        """One line a step."""
        steps = list(steps)
        with self.path.open("a", encoding="utf-8") as f:
            f.writelines(step.model_dump_json() + "\n" for step in steps)
        if self.config.tensorboard and steps:
            _to_tensorboard(steps, self.path.with_suffix(""))
        if self.config.mlflow:
            _to_mlflow(steps, self.config.mlflow, self.path.stem)


@contextmanager
def followed(path: Path, tell: Callable[[TrainStep], None]) -> Iterator[None]:
    """Tell of each step that another process writes into the log at ``path``, soon after it is written."""
    done = threading.Event()

    def follow() -> None:
        seen = 0
        while not done.wait(0.5):
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
            whole = [line for line in lines if line.endswith("\n")]
            for line in whole[seen:]:
                tell(TrainStep.model_validate_json(line))
            seen = len(whole)

    thread = threading.Thread(target=follow, name="step-log", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def check_loggers(config: TrainConfig) -> None:
    """Look for the packages that ``train.tensorboard`` and ``train.mlflow`` need.

    Raises:
        ConfigError: naming what to install.
    """
    from importlib.util import find_spec

    if config.tensorboard and find_spec("tensorboardX") is None:
        raise ConfigError("train.tensorboard needs tensorboardX: install it with `pip install tensorboardX`")
    if config.mlflow and find_spec("mlflow") is None:
        raise ConfigError("train.mlflow needs mlflow: install it with `pip install mlflow-skinny`")


def numbers(step: TrainStep) -> dict[str, float]:
    """The figures of a step under their names."""
    figures = step.model_dump(exclude={"step", "alarm", "speed"})
    if step.speed is not None:
        figures |= step.speed.model_dump(exclude={"ended_at"}, exclude_none=True)
    return {name: float(value) for name, value in figures.items()}


def _to_tensorboard(steps: list[TrainStep], folder: Path) -> None:
    """A file of events for each bunch, closed, so that nothing is lost with the process that writes it."""
    from tensorboardX import SummaryWriter

    with SummaryWriter(str(folder), filename_suffix=f".{steps[0].step}") as writer:
        for step in steps:
            for name, value in numbers(step).items():
                writer.add_scalar(f"train/{name}", value, step.step)


def _to_mlflow(steps: Iterable[TrainStep], uri: str, name: str) -> None:
    import mlflow

    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("redraft")
    found = mlflow.search_runs(filter_string=f"tags.mlflow.runName = '{name}'", output_format="list")
    with mlflow.start_run(run_id=found[0].info.run_id if found else None, run_name=None if found else name):
        for step in steps:
            mlflow.log_metrics(numbers(step), step=step.step)
