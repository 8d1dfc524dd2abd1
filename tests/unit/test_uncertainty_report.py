"""What a run's doubts were worth, in its report and on the command line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from redraft.report.calibration import calibration_charts
from redraft.report.calibration_rows import DiscriminationRow, discrimination_rows, reliability_rows
from redraft.report.history import read_history
from redraft.responses import scored_table
from redraft.uncertainty.evaluating import evaluate_uncertainty
from redraft_actors.cli_scaling import app

from .test_report import SmallRun
from .test_uncertainty_probe import SMALL, world
from .uncertain_answers import response


@pytest.fixture
def run(tmp_path: Path) -> SmallRun:
    """Six of ten responses were corrected, and the words that were wrong had been the less likely ones."""
    small = SmallRun(tmp_path / "run")
    small.annotate(1, corrected=6, clean=4)
    rows = []
    for i, one in enumerate(small.store.responses(1)):
        doubt = -3.0 if i < 6 else -1.0
        trace = response(one.text, {"cup": doubt, "two": doubt, "dogs": doubt}).trace
        rows.append((one.model_copy(update={"trace": trace}), None))
    folder = small.blobs.scratch_folder()
    pq.write_table(scored_table(rows), folder / "part.parquet")
    small.blobs.publish_folder("samples/round-001-policy-0", folder)
    return small


def test_the_report_has_the_areas_of_the_random_arm(run: SmallRun) -> None:
    (chart,) = calibration_charts(read_history(run.folder, run.store), run.store)
    rows = {(row.signal, row.level, row.arm): row for row in chart.rows if isinstance(row, DiscriminationRow)}
    found = rows["nll", "response", "random"]
    assert (found.auroc, found.responses, found.wrong) == (1.0, 4, 2)
    assert rows["nll", "claim", "all"].wrong == 18  # cup, two and dogs, six times
    assert chart.drawing.png.startswith(b"\x89PNG")


def test_a_run_without_samples_or_answers_has_no_charts(tmp_path: Path) -> None:
    small = SmallRun(tmp_path / "run")
    assert calibration_charts(read_history(small.folder, small.store), small.store) == []
    small.annotate(1, corrected=2)
    assert calibration_charts(read_history(small.folder, small.store), small.store) == []


def test_the_command_prints_tables_json_and_csv(run: SmallRun) -> None:
    where = str(run.folder.root)
    told = CliRunner().invoke(app, ["calibration", where])
    assert told.exit_code == 0
    assert "10 judged responses, 4 of the random arm" in told.output
    assert "too few answers for a probe" in told.output
    study = json.loads(CliRunner().invoke(app, ["calibration", where, "--json"]).output)
    assert study["sources"]["edited"] == 18
    rows = list(csv.DictReader(io.StringIO(CliRunner().invoke(app, ["calibration", where, "--csv"]).output)))
    (nll,) = [row for row in rows if (row["signal"], row["level"], row["arm"]) == ("nll", "response", "all")]
    assert float(nll["auroc"]) == 1.0


def test_rows_say_what_the_study_says() -> None:
    study = evaluate_uncertainty(world(80), SMALL, {})
    areas, bins = discrimination_rows(study), reliability_rows(study)
    assert len(areas) == len(study.discrimination)
    assert sum(row.count for row in bins if row.level == "claim") == 80
    assert {row.error for row in bins if row.level == "claim"} == {study.reliability[0].error}
