"""What Ray cannot place is said in words once it has lasted; work that merely queues is not."""

from __future__ import annotations

from pathlib import Path

from redraft.config import Config
from redraft.runs import Progress, RunFolder, amend_progress, read_progress, write_progress
from redraft_actors.shortage import PATIENCE_SECONDS, Shortage, in_words, never_held

WORKER = {"CPU": 11.0, "GPU": 1.0, "accelerator_type:A100": 0.001}
SAMPLER = {"CPU": 1.0, "GPU": 0.5}


def test_demands_in_words() -> None:
    assert in_words([[WORKER] * 8], [(SAMPLER, 2), (SAMPLER, 1), ({"CPU": 2.0, "memory": 5.0}, 1)]) == [
        "8 x 11 CPUs and 1 GPU (A100)",
        "3 x 1 CPU and 0.5 GPUs",
        "1 x 2 CPUs",
    ]
    assert in_words([], [({"node:10.0.0.1": 0.001}, 1)]) == ["1 x node:10.0.0.1"]


def test_what_an_idle_node_could_hold_only_queues() -> None:
    nodes = [{"CPU": 8.0}, {"CPU": 4.0, "GPU": 1.0}]
    assert not never_held({"CPU": 8.0}, nodes) and not never_held(SAMPLER, nodes)
    assert never_held({"CPU": 5.0, "GPU": 1.0}, nodes) and never_held({"CPU": 1.0}, [])
    assert never_held(WORKER, nodes), "a kind of GPU is asked for, too"


def test_a_demand_counts_once_it_has_lasted_and_begins_anew_when_it_comes_back() -> None:
    watch = Shortage()
    assert watch.lasting(["8 x 1 GPU"], 100.0) == ""
    assert watch.lasting(["8 x 1 GPU", "1 x 2 CPUs"], 99.0 + PATIENCE_SECONDS) == ""
    told = watch.lasting(["8 x 1 GPU", "1 x 2 CPUs"], 100.0 + PATIENCE_SECONDS)
    assert told == "Ray has no place yet for 8 x 1 GPU: nodes are missing, or other work holds them"
    assert watch.lasting([], 101.0 + PATIENCE_SECONDS) == ""
    assert watch.lasting(["8 x 1 GPU"], 102.0 + PATIENCE_SECONDS) == ""


def test_it_is_said_beside_the_step_and_taken_back_without_wiping_out_other_words(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", Config())
    amend_progress(folder, "no place", instead_of="")
    assert read_progress(folder) is None, "nothing is under way yet"
    training = Progress(round=2, step="train", total=40, unit="steps", since=5.0)
    write_progress(folder, training)
    amend_progress(folder, "no place", instead_of="")
    assert read_progress(folder) == training.model_copy(update={"message": "no place"})
    amend_progress(folder, "", instead_of="no place")
    assert read_progress(folder) == training
    paused = training.model_copy(update={"step": "hold", "message": "paused by a person"})
    write_progress(folder, paused)
    amend_progress(folder, "", instead_of="no place")
    assert read_progress(folder) == paused
