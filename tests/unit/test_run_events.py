"""A step of a run is an event in the table and in the file, and the loop's log says what it was about."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from redraft.config import Config
from redraft.errors import DataError, Outage
from redraft.logs import about
from redraft.runs import Event, RunFolder, append_event, read_events
from redraft_actors import controller
from redraft_actors.context import RunContext
from redraft_actors.controller import Controller


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return RunFolder.create(tmp_path / "run", Config.model_validate({"name": "mine", "serve": {"enabled": False}})).root


@pytest.fixture
def run(root: Path) -> Iterator[RunContext]:
    opened = RunContext.open(root)
    yield opened
    opened.store.close()


def logged(root: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in (root / "logs").glob("*.jsonl") for line in file.read_text().splitlines()]


def test_a_timed_step_is_the_same_event_in_the_table_and_in_the_file(run: RunContext) -> None:
    with about(policy="r02-abc", dataset="d2"), run.timed(2, "train", 10, "steps") as detail:
        detail["pairs"] = 7
    (event,) = run.store.events(policy="r02-abc")
    assert read_events(run.folder) == [event]
    assert (event.run, event.round, event.step, event.dataset, event.detail) == ("mine", 2, "train", "d2", {"pairs": 7})
    assert event.seconds is not None


def test_a_step_that_failed_is_no_event(run: RunContext) -> None:
    with pytest.raises(DataError), run.timed(1, "sample"):
        raise DataError("image 7 is broken")
    assert run.store.events() == read_events(run.folder) == []


def test_lines_of_before_the_table_are_read_as_ever(run: RunContext) -> None:
    run.folder.events.write_text(
        '{"at":1.0,"round":1,"step":"sample","seconds":8.0,"rss_gib":1.5,"detail":{"images":3}}\n'
    )
    append_event(run.folder, Event(at=2.0, round=1, step="route"))
    first, second = read_events(run.folder)
    assert (first.seconds, first.detail, first.policy) == (8.0, {"images": 3}, None)
    assert second.step == "route"


def test_what_the_loop_does_waits_for_and_ends_with_is_in_its_log(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Controller(str(root), "", wait=True)
    turn, troubles = loop.turn, iter([Outage("database d: connection refused")])

    def one_round_begins_and_somebody_stops_it() -> str | None:
        for trouble in troubles:
            raise trouble
        ended = turn()
        loop.run.store.request_stop()
        return ended

    monkeypatch.setattr(loop, "turn", one_round_begins_and_somebody_stops_it)
    monkeypatch.setattr(controller, "FIRST_WAIT_SECONDS", 0.0)
    reason = loop.loop()
    waited, began, ended = logged(root)
    assert (waited["level"], waited["message"]) == ("warning", "the loop waits: database d: connection refused")
    assert (began["round"], began["message"], began["run"]) == (0, "begins: BeginRound", "mine")
    assert ended["message"] == reason
    assert ended["logger"] == "redraft_actors.controller"
    loop.run.store.close()


def test_an_error_that_ends_the_loop_is_in_its_log_with_the_traceback(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Controller(str(root), "", wait=True)

    def turn() -> None:
        raise DataError("image 7 is broken")

    monkeypatch.setattr(loop, "turn", turn)
    with pytest.raises(DataError):
        loop.loop()
    (line,) = logged(root)
    assert line["level"] == "error"
    assert "image 7 is broken" in line["exception"]
    loop.run.store.close()
