"""Whole runs through the command line, with things dying on the way."""

from __future__ import annotations

import itertools
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from redraft.records import Answer, Phase, Split, TaskState, TokenKind
from redraft.runs import RunFolder
from redraft.world import render, scene_at
from redraft_ui.running import served_at

pytestmark = [pytest.mark.ray, pytest.mark.e2e]

Start = Callable[..., subprocess.Popen[str]]


def step_of(run: Path) -> str:
    path = run / "progress.json"
    return str(json.loads(path.read_text())["step"]) if path.exists() else ""


def wait_for_step(process: subprocess.Popen[str], run: Path, step: str) -> None:
    while step_of(run) != step:
        assert process.poll() is None, (run.parent / "output.log").read_text()
        time.sleep(0.05)


def kill_one(process: subprocess.Popen[str], title: str) -> None:
    """SIGKILL the first Ray worker whose title has ``title`` in it, as soon as there is one."""
    while process.poll() is None:
        for child in psutil.Process(process.pid).children(recursive=True):
            try:
                if title in " ".join(child.cmdline()):
                    os.kill(child.pid, signal.SIGKILL)
                    return
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.05)
    raise AssertionError(f"the run ended before a {title} was seen")


def assert_each_correction_used_once(run: Path) -> None:
    store = RunFolder.open(run).store()
    tasks, answers = store.tasks(), store.corrections()
    assert all(task.state is TaskState.DONE for task in tasks)
    assert sorted(c.task_id for c in answers) == sorted(task.id for task in tasks)
    corrected = sorted(c.id for c in answers if c.answer is Answer.CORRECTED)
    assert corrected
    used = [identity for dataset in store.datasets() for identity in dataset.corrections]
    assert sorted(used) == corrected, "no correction lost, none used twice"


@pytest.fixture
def ended(start: Start) -> Iterator[Callable[[subprocess.Popen[str]], None]]:
    """Wait for a run to end well; whatever is left of it is ended after the test."""
    seen: list[subprocess.Popen[str]] = []

    def wait(process: subprocess.Popen[str]) -> None:
        seen.append(process)
        process.wait(timeout=500)

    yield wait
    for process in seen:
        if process.poll() is None:
            process.terminate()


def test_a_run_survives_the_death_of_sampler_controller_and_trainer(
    start: Start, ended: Callable[[subprocess.Popen[str]], None], small: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    process = start("run", small, "--out", run)
    wait_for_step(process, run, "sample")
    kill_one(process, "MapWorker(MapBatches(Sampler))")
    wait_for_step(process, run, "annotate")
    kill_one(process, "ray::Controller")
    wait_for_step(process, run, "train")
    kill_one(process, "RayTrainWorker")
    ended(process)
    assert process.returncode == 0, (tmp_path / "output.log").read_text()
    assert_each_correction_used_once(run)
    summary = json.loads((run / "summary.json").read_text())
    assert [r["round"] for r in summary["rounds"]] == [0, 1]
    assert (run / "report.html").stat().st_size > 10_000
    steps = [json.loads(line)["step"] for line in (run / "training" / "round-01.jsonl").read_text().splitlines()]
    assert steps == list(range(6))
    assert_every_process_has_logged(run)


def assert_every_process_has_logged(run: Path) -> None:
    """Each kind of process, with run, round and policy where there is one; what was killed has left its lines, too."""
    logged: dict[str, list[dict[str, object]]] = {}
    for file in (run / "logs").glob("*.jsonl"):
        process = file.name.partition(f"-{socket.gethostname()}-")[0]
        logged.setdefault(process, []).extend(json.loads(line) for line in file.read_text().splitlines())
    assert {line["run"] for lines in logged.values() for line in lines} == {"small"}
    row = RunFolder.open(run).store().rounds()[-1]
    about = {name: {(line["round"], line["policy"]) for line in lines} for name, lines in logged.items()}
    assert about["sampler"] == about["reference-scorer"] == about["oracle"] == {(1, row.incumbent)}
    assert about["evaluator"] == {(0, row.incumbent), (1, row.candidate)}
    assert about["trainer"] == {(1, row.candidate)}
    assert {str(line["message"]).split(":")[0] for line in logged["terminal"]} == {"follows the loop", "the loop ended"}
    begun = [str(line["message"]) for line in logged["trainer"] if "begins at step" in str(line["message"])]
    assert {line.split(":")[0] for line in begun} == {"rank 0 of 2", "rank 1 of 2"}
    assert "controller" in logged


def test_an_interrupted_run_is_resumed(
    start: Start, ended: Callable[[subprocess.Popen[str]], None], small: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    process = start("run", small, "--out", run)
    wait_for_step(process, run, "sample")
    process.send_signal(signal.SIGTERM)
    assert_interrupted(process, ended, run)
    process, keyboard = start_in_terminal(start, "resume", run)
    wait_for_step(process, run, "build")
    os.write(keyboard, b"\x03")
    assert_interrupted(process, ended, run)
    again = start("resume", run)
    ended(again)
    assert again.returncode == 0, (tmp_path / "output.log").read_text()
    assert_each_correction_used_once(run)
    assert RunFolder.open(run).store().rounds()[-1].phase is Phase.DONE
    assert not (run / "ray-train").exists(), "checkpoints of a job that is done fill the disk"


def assert_interrupted(
    process: subprocess.Popen[str], ended: Callable[[subprocess.Popen[str]], None], run: Path
) -> None:
    ended(process)
    assert process.returncode == 130
    assert (run.parent / "output.log").read_text().rstrip().endswith(f"redraft resume {run}")


def start_in_terminal(start: Start, *words: object) -> tuple[subprocess.Popen[str], int]:
    """A process in a terminal of its own, and that terminal's keyboard: Ctrl-C reaches every process in it."""
    keyboard, screen = pty.openpty()
    process = start(*words, terminal=screen)
    os.close(screen)
    return process, keyboard


@pytest.fixture
def another_ray() -> Iterator[None]:
    """Some other Ray that runs on this machine."""
    code = (
        "import ray; ray.init(address='local', num_cpus=1, include_dashboard=False); print('up', flush=True); input()"
    )
    quiet = {**os.environ, "RAY_usage_stats_enabled": "0"}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=quiet,
    ) as other:  # fmt: skip
        assert other.stdout is not None
        assert any("up" in line for line in iter(other.stdout.readline, ""))
        yield
        other.communicate("\n")


@pytest.mark.usefixtures("another_ray")
def test_people_correct_photographs_and_the_next_policy_learns_from_it(
    start: Start, ended: Callable[[subprocess.Popen[str]], None], small: Path, tmp_path: Path
) -> None:
    shared = Path(__file__).parents[3] / "shared" / "data" / "coco-photos" / "images"
    photos = shared if shared.is_dir() else tmp_path / "photos"
    if photos != shared:
        photos.mkdir()
        for index in range(6):
            render(scene_at(7, Split.POOL, index)).resize((640, 480)).save(photos / f"{index}.jpg")
    run = tmp_path / "run"
    process = start("run", small, "--out", run, "--images", photos, "--annotators", "human")
    ended(process)
    output = (tmp_path / "output.log").read_text()
    assert process.returncode == 0, output
    assert f"redraft ui {run}" in output
    store = RunFolder.open(run).store()
    tasks = store.tasks()
    assert len({task.image_id for task in tasks}) == len(list(photos.iterdir()))
    assert all(task.state is TaskState.OPEN and task.spans for task in tasks)
    assert store.counts().open == len(tasks)

    corrected = correct_everything(start, run)
    again = start("resume", run)
    ended(again)
    assert again.returncode == 0, (tmp_path / "output.log").read_text()
    row = store.rounds()[-1]
    assert (row.phase, row.promoted is None) == (Phase.DONE, False)
    lineage = store.lineage(str(row.candidate))
    assert sorted(c.task_id for c in lineage.corrections) == sorted(corrected)
    assert lineage.annotators == ("Ada",)


def correct_everything(start: Start, run: Path) -> list[str]:
    """Work through the worklist by the API of `redraft ui`, the first response being right; the tasks corrected."""
    folder = RunFolder.open(run)
    with folder.store() as store:
        ada = store.ensure_user("Ada")
        secret = store.issue_token(ada.name, TokenKind.API, seconds=600, actor="test")
    pages = start("ui", run, "--port", 0, "--headless")
    while (url := served_at(run)) is None:
        assert pages.poll() is None, (run.parent / "output.log").read_text()
        time.sleep(0.1)
    corrected = []
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=60) as api:
        for number in itertools.count():
            given = api.post("/tasks/next")
            if given.status_code == 204:
                break
            task = given.json()
            answer: dict[str, object] = {"answer": "clean"}
            if number:
                word = task["text"].split()[0]
                edit = {"start": 0, "end": len(word), "replacement": "Truly", "type": "other"}
                answer = {"answer": "corrected", "edits": [edit], "confirmed": ["rewrite"]}
                corrected.append(task["id"])
            sent = api.post(
                f"/tasks/{task['id']}/submit", json={"nonce": f"nonce-{number:04d}", "elapsed": 9, **answer}
            )
            assert sent.status_code == 200, sent.text
    pages.terminate()
    assert pages.wait(timeout=60) == 0
    (file,) = (run / "logs").glob("pages-*.jsonl")
    assert f"pages and API are at {url}" in file.read_text()
    return corrected
