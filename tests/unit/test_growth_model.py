"""The model of docs/scaling.md: its arithmetic, its limits, and that the document holds what the script prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)


@pytest.fixture
def given() -> Any:
    from growth.inputs import Assumptions
    from growth.measured import Measured

    return Assumptions(), Measured.load()


def test_a_day_of_one_annotator_by_hand(given: Any) -> None:
    """65 words at a quarter of a second, 1.59 segments at ten, five seconds anyway: 37.15 s, for four hours."""
    from growth.model import a_day

    day = a_day(1, 8, *given)
    assert day.tasks == pytest.approx(4 * 3600 / 37.15)
    assert day.corrections == pytest.approx(0.6 * day.tasks)
    assert day.rounds == pytest.approx(day.corrections / 300)
    assert day.responses == pytest.approx(day.tasks * 2 * 4)  # 600 pictures for 300 tasks, four answers each
    assert day.people_usd == 72


def test_a_part_is_full_where_the_model_says_it_is(given: Any) -> None:
    from growth.limits import loads, most_people
    from growth.model import a_day

    for part in ("loop", "SQLite", "controller"):
        people = most_people(part, 8, *given)
        assert loads(a_day(people, 8, *given), *given)[part] == pytest.approx(1, abs=0.01)
        assert loads(a_day(2 * people, 8, *given), *given)[part] > 1


def test_more_gpus_shorten_every_step_and_change_no_answer(given: Any) -> None:
    from growth.model import a_day

    few, many = a_day(1000, 8, *given), a_day(1000, 64, *given)
    assert many.loop < few.loop
    assert many.low_water < few.low_water
    assert (many.tasks, many.answers_s) == (few.tasks, few.answers_s)


def test_the_document_holds_the_tables_that_the_script_prints(given: Any) -> None:
    from growth.document import FILE, filled
    from growth.tables import all_tables

    text = FILE.read_text()
    tables = all_tables(*given)
    assert filled(text, tables) == text, "run benchmarks/scaling_model.py --write"
    assert all(f"<!-- table {name} -->" in text for name in tables)


def test_an_assumption_that_there_is_not_is_named(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "scaling_model.py"), "--set", "gpu_huor=2"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "nothing is assumed of gpu_huor" in result.stderr
    assert "Traceback" not in result.stderr
