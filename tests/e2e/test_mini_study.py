"""A study of two sizes, killed in the middle and run again."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

STUDY = """
sizes: [8, 16]
seeds: [0]
schedules: [steps]
steps: 4
batch_size: 4
items: 40
test_images: 12
bootstrap: 100
arms:
  ddpo: {objective: {preset: paper}}
  dpo: {objective: {preset: paper, gamma: 1}}
  rankings: {labels: rankings, objective: {preset: paper, gamma: 1}}
search: {size: 8, images: 10, candidates: [{learning_rate: 1.0e-4}, {learning_rate: 2.0e-4}]}
"""
CELLS, TRIALS = 7, 7


def test_a_study_that_is_killed_goes_on_and_ends_with_a_report(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    config, out = tmp_path / "mini.yaml", tmp_path / "study"
    config.write_text(STUDY)
    process = start("study", "scaling", config, "--out", out, "--workers", "2")
    patience = time.monotonic() + 300
    while len(list(out.glob("cells/*.json"))) < 3:
        assert process.poll() is None and time.monotonic() < patience, (tmp_path / "output.log").read_text()
        time.sleep(0.2)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = {file.name: file.stat().st_mtime_ns for file in out.glob("cells/*.json")}
    again = start("study", "scaling", config, "--out", out, "--workers", "2")
    assert again.wait(timeout=500) == 0, (tmp_path / "output.log").read_text()
    after = {file.name: file.stat().st_mtime_ns for file in out.glob("cells/*.json")}
    assert before.items() <= after.items(), "what was done is not done again"
    assert len(after) == CELLS + TRIALS
    with (out / "rows.csv").open() as rows:
        done = [(row["arm"], row["labels"], row["split"]) for row in csv.DictReader(rows)]
    arms = [(arm, labels, "test") for labels in ("8", "16") for arm in ("ddpo", "dpo", "rankings")]
    assert sorted(done) == sorted([("", "0", "test"), *arms])
    summary = json.loads((out / "summary.json").read_text())
    assert "Dense weighting of the corrected words helps over plain DPO: undecided" in summary["paragraph"]
    assert f"{CELLS} of {CELLS} cells" in (tmp_path / "output.log").read_text()
    page = (out / "report.html").read_text()
    assert "://" not in page and "<img" in page, "nothing is loaded from elsewhere"
