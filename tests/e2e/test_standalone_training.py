"""`redraft train` as someone uses it who has RLHF-V's parquet file and a checkpoint, and no loop."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from redraft.policy import load_policy
from redraft.records import Split, TrainStep
from redraft.world import DESCRIBE, builtin_policy, render, scene_at, true_description

from .made_runs import CommandLine

pytestmark = pytest.mark.e2e

TWO_THREADS = {**os.environ, "OMP_NUM_THREADS": "2"}
"""Sums must be added up in the same order before and after a restart."""

SMALL = ["--preset", "paper", "--set", "train.batch_size=8", "--set", "train.learning_rate=5e-5"]


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-c", "from redraft_actors.cli import main; main()", *map(str, words)]


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), capture_output=True, text=True, timeout=600, check=False, env=TWO_THREADS)


def rows(count: int) -> list[dict[str, object]]:
    made: list[dict[str, object]] = []
    for index in range(count):
        scene = scene_at(0, Split.POOL, index)
        buffer = io.BytesIO()
        render(scene).save(buffer, "PNG")
        chosen = true_description(scene)
        rejected = re.sub(r"\b(two|three|a|an) (\w+)\b(?=\.)", "two tents", chosen, count=1)
        text = {"question": f"<image>\n{DESCRIBE}", "chosen": chosen, "rejected": rejected}
        made.append(
            {
                "ds_name": "world",
                "image": {"bytes": buffer.getvalue(), "path": f"{index}.png"},
                "text": json.dumps(text),
                "origin_dataset": "world",
                "origin_split": "pool",
                "idx": index,
                "image_path": f"{index}.png",
            }
        )
    return made


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rlhfv") / "RLHF-V-Dataset.parquet"
    pq.write_table(pa.Table.from_pylist(rows(24)), path)
    return path


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = rows(10)
    made[3]["image"] = {"bytes": b"no picture", "path": "3.png"}
    made[7]["text"] = "{not json"
    path = tmp_path_factory.mktemp("damaged") / "pairs.parquet"
    pq.write_table(pa.Table.from_pylist(made), path)
    return path


def steps_of(folder: Path) -> list[TrainStep]:
    lines = (folder / "steps.jsonl").read_text().splitlines()
    return [TrainStep.model_validate_json(line).model_copy(update={"speed": None}) for line in lines]


def weights(folder: Path) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in load_policy(folder, device="cpu").model.parameters()])


@pytest.fixture(scope="module")
def trained(parquet: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "out"
    done = run("train", "--pairs", parquet, "--policy", "builtin:tiny", "--out", out, *SMALL)
    assert done.returncode == 0, done.stderr
    return out


def test_a_checkpoint_learns_the_pairs(trained: Path) -> None:
    log = steps_of(trained)
    assert len(log) == 7 * 24 // 8, "seven epochs of 24 pairs in batches of 8"
    assert log[0].loss == pytest.approx(0.6931, abs=1e-3), "ln 2: the policy is its own reference"
    assert log[-1].accuracy == 1.0
    assert log[-1].margin > log[1].margin
    assert not torch.equal(weights(trained / "policy"), weights(builtin_policy()))


def test_the_same_command_again_finds_it_done(parquet: Path, trained: Path) -> None:
    again = run("train", "--pairs", parquet, "--policy", "builtin:tiny", "--out", trained, *SMALL)
    assert again.returncode == 0
    assert "Already trained" in again.stdout
    other = run("train", "--pairs", parquet, "--policy", "builtin:tiny", "--out", trained, "--preset", "released")
    assert other.returncode == 2
    assert "another config" in other.stderr


def test_a_killed_job_goes_on_and_ends_the_same(parquet: Path, trained: Path, tmp_path: Path) -> None:
    words = command("train", "--pairs", parquet, "--policy", "builtin:tiny", "--out", tmp_path / "out", *SMALL)
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=TWO_THREADS)
    log = tmp_path / "out" / "steps.jsonl"
    while not log.exists() or len(log.read_text().splitlines()) < 12:
        assert process.poll() is None, "it must not end before it is killed"
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False, env=TWO_THREADS)
    assert done.returncode == 0, done.stderr
    assert torch.equal(weights(tmp_path / "out" / "policy"), weights(trained / "policy"))
    assert steps_of(tmp_path / "out") == steps_of(trained)


def test_workers_train_the_same(parquet: Path, trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run("train", "--pairs", parquet, "--policy", "builtin:tiny", "--out", out, "--workers", "2", *SMALL)
    assert done.returncode == 0, done.stderr
    for ours, theirs in zip(steps_of(out), steps_of(trained), strict=True):
        assert ours.loss == pytest.approx(theirs.loss, abs=1e-3)
    torch.testing.assert_close(weights(out / "policy"), weights(trained / "policy"), atol=5e-4, rtol=0)


def test_bad_pairs_are_listed_before_anything_is_trained(damaged: Path, tmp_path: Path) -> None:
    words: list[str | Path] = ["train", "--pairs", damaged, "--policy", "builtin:tiny", "--out", tmp_path / "out"]
    words += [*SMALL, "--epochs", "1"]
    refused = run(*words)
    assert refused.returncode == 2
    assert "2 of 10 pairs cannot be used" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert re.findall(r"index (\d+)", refused.stdout) == ["3", "7"]
    assert not (tmp_path / "out" / "policy").exists()
    skipped = run(*words, "--skip-bad")
    assert skipped.returncode == 0, skipped.stderr
    assert len(steps_of(tmp_path / "out")) == 1


def test_a_plan_starts_nothing(redraft: CommandLine, parquet: Path, tmp_path: Path) -> None:
    words: list[str | Path] = ["train", "--pairs", parquet, "--policy", "builtin:tiny", "--out", tmp_path / "out"]
    code, said, err = redraft(*words, "--plan", "--json")
    assert code == 0, err
    plan = json.loads(said)
    assert plan["statistics"]["pairs"] == 24
    assert plan["fits"] is True
    assert not (tmp_path / "out" / "dataset").exists()
    without = ["train", "--policy", "builtin:tiny", "--out", tmp_path / "none"]
    code, said, err = redraft(*without, "--plan", "--set", "train.gpu=A100-40GB")
    assert code == 0, err
    assert "A100-40GB" in said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--pairs", "missing.parquet"], "missing.parquet"),
        (["--pairs", "PAIRS", "--preset", "best"], "paper, released, recommended"),
        (["--pairs", "PAIRS", "--set", "train.lerning_rate=1"], "train.learning_rate"),
        (["--pairs", "PAIRS", "--set", "train.gpu=A100-40G", "--plan"], "A100-40GB"),
        ([], "--pairs"),
    ],
)
def test_mistakes_are_one_sentence(
    redraft: CommandLine, parquet: Path, tmp_path: Path, words: list[str], told: str
) -> None:
    words = [str(parquet) if word == "PAIRS" else word for word in words]
    code, _, err = redraft("train", "--policy", "builtin:tiny", "--out", tmp_path / "out", *words)
    assert code == 2
    assert told in err
    assert "Traceback" not in err
