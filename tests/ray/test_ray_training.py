"""Ray Train with DDP and with DeepSpeed, against one process without Ray."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
import ray
import torch
from pyarrow.fs import FileSelector, FileType
from ray.util import placement_group, placement_group_table

from redraft.blobs import Blobs
from redraft.config import Config, TrainConfig
from redraft.errors import Outage, TrainingError
from redraft.policy import load_policy
from redraft.records import TrainStep
from redraft.world import builtin_policy
from redraft_actors.leftovers import free_leftovers
from redraft_actors.train_job import JobSpec, train_alone
from redraft_actors.train_storage import TrainStorage
from redraft_actors.training import train_on_ray

from ..contract.imitated_s3 import ImitatedS3, imitated_s3

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("local_ray")]

TRAIN = TrainConfig(workers=2, cpus_per_worker=0.5, batch_size=4, steps=6, learning_rate=1e-4, checkpoint_every=2)


def spec_of(dataset: Path, blobs: Blobs, **changes: object) -> JobSpec:
    config = Config(train=TRAIN.model_copy(update=changes))
    return JobSpec(config, builtin_policy(), dataset, blobs.url, seed=1)


@pytest.fixture(scope="module")
def alone(dataset: Path, blobs: Blobs, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[TrainStep], Path]:
    out = tmp_path_factory.mktemp("alone") / "policy"
    return train_alone(spec_of(dataset, blobs, workers=1), out), out


@pytest.fixture(scope="module")
def undisturbed(
    dataset: Path, blobs: Blobs, tmp_path_factory: pytest.TempPathFactory, local_ray: str
) -> tuple[list[TrainStep], Path]:
    """Two workers with DDP, one pair at a time; the log of the steps lies beside."""
    root = tmp_path_factory.mktemp("undisturbed")
    spec, storage = spec_of(dataset, blobs, micro_batch=1), TrainStorage.in_folder(root)
    return train_on_ray(spec, name="job", storage=storage, out=root / "out", log=root / "log.jsonl"), root / "out"


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


def test_ddp_trains_alike(undisturbed: tuple[list[TrainStep], Path], alone: tuple[list[TrainStep], Path]) -> None:
    log, out = undisturbed
    assert_same_training(log, out, alone)
    lines = out.with_name("log.jsonl").read_text().splitlines()
    assert [TrainStep.model_validate_json(line) for line in lines] == log


@pytest.mark.parametrize(
    "strategy",
    [
        {"strategy": "deepspeed", "zero_stage": 2, "micro_batch": 1},
        {"strategy": "deepspeed", "zero_stage": 3, "offload_optimizer": True, "offload_parameters": True},
    ],
    ids=["zero-2", "zero-3-offloaded"],  # the first goes one pair at a time, and adds up
)
def test_deepspeed_trains_alike(
    dataset: Path, blobs: Blobs, tmp_path: Path, alone: tuple[list[TrainStep], Path], strategy: dict[str, object]
) -> None:
    spec = spec_of(dataset, blobs, **strategy)
    log = train_on_ray(
        spec, name="job", storage=TrainStorage.in_folder(tmp_path), out=tmp_path / "out", log=tmp_path / "log.jsonl"
    )
    assert_same_training(log, tmp_path / "out", alone)
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [TrainStep.model_validate_json(line) for line in lines] == log


def train_workers() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if any("RayTrainWorker" in part for part in child.cmdline())]


def wait_for_step(log: Path, step: int) -> None:
    while not (log.exists() and any(f'"step":{step},' in line for line in log.read_text().splitlines())):
        time.sleep(0.02)


def kill_a_worker_after(log: Path, step: int) -> None:
    wait_for_step(log, step)
    os.kill(train_workers()[0].pid, signal.SIGKILL)


def test_a_killed_worker_is_replaced_and_nothing_changes(
    dataset: Path, blobs: Blobs, tmp_path: Path, undisturbed: tuple[list[TrainStep], Path], bucket: ImitatedS3
) -> None:
    """The same parameters, bit for bit. What the others go on from lies in a bucket, and goes from there in the end."""
    storage = TrainStorage.beside_blobs(tmp_path, f"s3://{bucket.bucket}/run?endpoint_url={bucket.url}", "run-1")
    log = tmp_path / "log.jsonl"
    killer = threading.Thread(target=kill_a_worker_after, args=(log, 2), daemon=True)
    killer.start()
    done = train_on_ray(
        spec_of(dataset, blobs, micro_batch=1), name="killed", storage=storage, out=tmp_path / "out", log=log
    )
    killer.join()
    log_then, out_then = undisturbed
    assert [step.loss for step in done] == [step.loss for step in log_then]
    assert torch.equal(weights(tmp_path / "out"), weights(out_then))
    kept = storage.filesystem.get_file_info(FileSelector(f"{storage.path}/killed", recursive=True))
    assert any(file.base_name == "seal-1.json" for file in kept)
    storage.clear()
    assert storage.filesystem.get_file_info(storage.path).type == FileType.NotFound


def test_a_bucket_that_goes_away_is_an_outage(dataset: Path, blobs: Blobs, tmp_path: Path) -> None:
    log, going = tmp_path / "log.jsonl", ExitStack()
    server = going.enter_context(imitated_s3())
    storage = TrainStorage.beside_blobs(tmp_path, f"s3://{server.bucket}/run?endpoint_url={server.url}&retries=0", "1")

    def go() -> None:
        wait_for_step(log, 1)
        going.close()

    leaver = threading.Thread(target=go, daemon=True)
    leaver.start()
    spec = spec_of(dataset, blobs, steps=30, checkpoint_every=1, max_failures=0)
    with pytest.raises(Outage, match=r"s3://redraft/run at http://127\.0\.0\.1:.* now \(NETWORK_CONNECTION\)"):
        train_on_ray(spec, name="job", storage=storage, out=tmp_path / "out", log=log)
    leaver.join()
    assert (tmp_path / "ray-train" / "job.key").exists(), "the job can go on"


@pytest.mark.parametrize("zero_stage", [2, 3])
def test_a_job_goes_on_with_another_number_of_workers(
    dataset: Path, blobs: Blobs, tmp_path: Path, alone: tuple[list[TrainStep], Path], zero_stage: int
) -> None:
    """Two workers, one is killed and the job gives up; one worker takes it up again."""
    values = {"strategy": "deepspeed", "zero_stage": zero_stage, "checkpoint_every": 1}
    log = tmp_path / "log.jsonl"
    killer = threading.Thread(target=kill_a_worker_after, args=(log, 2), daemon=True)
    killer.start()
    with pytest.raises(TrainingError, match="go on"):
        train_on_ray(
            spec_of(dataset, blobs, max_failures=0, **values),
            name="job", storage=TrainStorage.in_folder(tmp_path), out=tmp_path / "never", log=log,
        )  # fmt: skip
    killer.join()
    done = train_on_ray(
        spec_of(dataset, blobs, workers=1, **values),
        name="job",
        storage=TrainStorage.in_folder(tmp_path),
        out=tmp_path / "out",
        log=log,
    )
    assert_same_training(done, tmp_path / "out", alone)


def test_the_vision_tower_trains_on_workers_too(dataset: Path, blobs: Blobs, tmp_path: Path) -> None:
    expected = tmp_path / "alone"
    spec = spec_of(dataset, blobs, freeze_vision=False, workers=1)
    log = train_alone(spec, expected)
    done = train_on_ray(
        spec_of(dataset, blobs, freeze_vision=False),
        name="vision", storage=TrainStorage.in_folder(tmp_path), out=tmp_path / "out", log=tmp_path / "log.jsonl",
    )  # fmt: skip
    assert_same_training(done, tmp_path / "out", (log, expected))


def test_a_loss_that_is_no_number_is_not_tried_again(dataset: Path, blobs: Blobs, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"stopped at step \d: the loss is nan"):
        train_on_ray(
            spec_of(dataset, blobs, learning_rate=1e25, max_grad_norm=1e30),
            name="nan", storage=TrainStorage.in_folder(tmp_path), out=tmp_path / "out", log=tmp_path / "log.jsonl",
        )  # fmt: skip
    steps = [TrainStep.model_validate_json(line).step for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps == sorted(set(steps)), "no step was taken twice"
    assert not (tmp_path / "out").exists()


def stop_a_worker_after(log: Path, step: int) -> None:
    while not (log.exists() and any(f'"step":{step},' in line for line in log.read_text().splitlines())):
        time.sleep(0.02)
    os.kill(train_workers()[0].pid, signal.SIGSTOP)


def test_a_worker_that_hangs_is_ended_and_replaced(
    dataset: Path, blobs: Blobs, tmp_path: Path, alone: tuple[list[TrainStep], Path]
) -> None:
    log = tmp_path / "log.jsonl"
    threading.Thread(target=stop_a_worker_after, args=(log, 2), daemon=True).start()
    spec = spec_of(dataset, blobs, hang_seconds=8.0, checkpoint_every=1)
    done = train_on_ray(spec, name="hung", storage=TrainStorage.in_folder(tmp_path), out=tmp_path / "out", log=log)
    assert_same_training(done, tmp_path / "out", alone)


def test_places_that_a_killed_job_held_are_given_back() -> None:
    left = placement_group([{"CPU": 0.5}])
    ray.get(left.ready())
    assert free_leftovers() == 1
    assert placement_group_table(left)["state"] == "REMOVED"
    assert free_leftovers() == 0
