"""What the instruments of a small run show, and that the shipped dashboard asks for nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from redraft.gauges import GAUGES, read_gauges
from redraft.runs import Event, RunFolder, append_event

from .test_report import SmallRun

DASHBOARD = Path(__file__).parents[2] / "configs" / "grafana" / "redraft.json"
NAMES = {gauge.name for gauge in GAUGES}


def shown(folder: RunFolder, now: float = 1e6) -> dict[str, float]:
    with folder.store() as store:
        gauges = read_gauges(folder, folder.config(), store, now)
    return {name.removeprefix("redraft_"): value for name, value in gauges.items()}


def test_a_run_that_has_just_begun_shows_zeros_and_leaves_out_what_is_not_known(tmp_path: Path) -> None:
    run = SmallRun(tmp_path / "run")
    gauges = shown(run.folder)
    assert {"tasks_open", "corrections", "gpu_hours"} <= set(gauges)
    unknown = {"random_arm_wrong", "hallucination", "pairs_per_second", "oldest_task_seconds", "canary_bad"}
    assert not unknown & set(gauges)


def test_a_run_with_a_round_shows_what_it_did(tmp_path: Path) -> None:
    run = SmallRun(tmp_path / "run", train={"workers": 4, "gpus_per_worker": 1})
    run.measure("policy-0", 18)
    run.train(1, run.annotate(1, corrected=6), 4)
    event = Event(at=9.0, round=1, step="sample", seconds=8.0, detail={"images": 24})
    append_event(run.folder, event)
    trial = {"asked": 50, "bad": 2, "well": 1, "cut": 0}
    append_event(run.folder, Event(at=9.5, round=1, step="canary", seconds=60.0, detail=trial))
    gauges = shown(run.folder)
    assert gauges["corrections"] == 6
    assert gauges["round"] == 1
    assert gauges["hallucination"] == pytest.approx(4 / 24)
    assert (gauges["policies_promoted"], gauges["policies_rejected"]) == (1, 0)
    assert gauges["images_per_second"] == 3.0
    assert (gauges["canary_asked"], gauges["canary_bad"]) == (50, 0.04)
    assert gauges["gpu_hours"] == pytest.approx(4 * 21.5 / 3600)
    assert {f"redraft_{name}" for name in gauges} <= NAMES


def test_the_dashboard_draws_every_gauge_and_no_other() -> None:
    asked = set(re.findall(r"ray_(redraft_\w+)", json.dumps(json.loads(DASHBOARD.read_text())["panels"])))
    assert asked == NAMES
