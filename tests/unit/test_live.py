"""What is said while a loop runs where there is no terminal: in a log file, or under a job."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from redraft.config import Config
from redraft.errors import Outage
from redraft.runs import Progress, RunFolder
from redraft_actors.context import RunContext
from redraft_actors.live import watch


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunContext]:
    opened = RunContext.open(str(RunFolder.create(tmp_path / "run", Config()).root))
    yield opened
    opened.store.close()


def said(run: RunContext, looks: int) -> list[str]:
    out, left = io.StringIO(), iter([False] * looks + [True])
    watch(run, lambda: next(left), Console(file=out, width=200))
    return out.getvalue().splitlines()


def test_nothing_is_said_before_anything_goes_on(run: RunContext) -> None:
    assert said(run, 2) == []


def test_each_step_is_told_once(run: RunContext) -> None:
    run.report_progress(Progress(round=1, step="annotate", total=30, unit="tasks", since=0.0))
    (line,) = said(run, 3)
    assert line.startswith("round 1 · annotate · 30/30 tasks")


def test_a_database_that_is_away_does_not_end_who_watches(run: RunContext, monkeypatch: pytest.MonkeyPatch) -> None:
    run.report_progress(Progress(round=1, step="annotate", total=30, unit="tasks", since=0.0))
    there = run.store.counts
    away = iter([True, True, False])

    def counts(*wanted: int) -> object:
        if next(away):
            raise Outage("database redraft cannot be used: connection refused")
        return there(*wanted)

    monkeypatch.setattr(run.store, "counts", counts)
    waits, goes_on = said(run, 3)
    assert waits == "The loop waits: database redraft cannot be used: connection refused"
    assert goes_on.startswith("round 1 · annotate")
