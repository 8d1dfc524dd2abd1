"""A database that is down and a disk that is full stop the loop for a while, and nothing else does."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from redraft.config import Config
from redraft.errors import DataError, Outage, RunError, StorageError
from redraft.runs import RunFolder
from redraft.store import Store
from redraft_actors import controller
from redraft_actors.context import RunContext
from redraft_actors.controller import Controller
from redraft_actors.outages import outage_in


class Wrapped(Exception):
    """As Ray wraps what a worker raised."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__("task failed")
        self.cause = cause


def test_outages_are_found_however_they_are_wrapped() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/data/x.parquet")
    assert (
        outage_in(full)
        == "the disk that holds /data/x.parquet is full: free some space, the loop then goes on by itself"
    )
    assert outage_in(Wrapped(Wrapped(Outage("the database is down")))) == "the database is down"
    try:
        try:
            raise full
        except OSError as e:
            raise RuntimeError("write failed") from e
    except RuntimeError as e:
        assert "is full" in str(outage_in(e))
    assert outage_in(OSError(errno.EACCES, "Permission denied")) is None
    assert outage_in(DataError("an image is broken")) is None
    remarked = type("RayTaskError(Outage)", (Wrapped, Outage), {})(
        Outage("the bucket is away\nFailed after 1/1 attempts")
    )
    assert outage_in(remarked) == "the bucket is away"
    endless = RuntimeError("round and round")
    endless.__cause__ = endless
    assert outage_in(endless) is None


@pytest.fixture
def loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Controller, list[float]]:
    slept: list[float] = []
    monkeypatch.setattr(controller, "time", SimpleNamespace(sleep=slept.append))
    root = RunFolder.create(tmp_path / "run", Config.model_validate({"serve": {"enabled": False}})).root
    return Controller(str(root), "", wait=True), slept


def test_the_loop_waits_an_outage_out_says_so_once_and_goes_on(
    loop: tuple[Controller, list[float]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    controller, slept = loop
    troubles = iter([Outage("database d: connection refused")] * 7)

    def turn() -> str | None:
        for trouble in troubles:
            raise trouble
        return "Finished: all 3 rounds are done."

    monkeypatch.setattr(controller, "turn", turn)
    assert controller.loop() == "Finished: all 3 rounds are done."
    assert slept == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    progress = controller.run.read_progress()
    assert progress is not None and progress.message == "database d: connection refused"
    assert capsys.readouterr().out.count("The loop waits: database d: connection refused") == 1


def test_other_errors_end_it(loop: tuple[Controller, list[float]], monkeypatch: pytest.MonkeyPatch) -> None:
    controller, slept = loop

    def turn() -> None:
        raise DataError("image 7 is broken")

    monkeypatch.setattr(controller, "turn", turn)
    with pytest.raises(DataError, match="image 7"):
        controller.loop()
    assert slept == []


def test_a_locked_database_is_an_outage_and_a_damaged_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redraft.store.engine.BUSY_SECONDS", 0)
    file = tmp_path / "redraft.db"
    with Store.open(f"sqlite:///{file}") as store:
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Outage, match="locked"):
            store.request_stop()
        other.execute("ROLLBACK")
        other.close()
        store.request_stop()
    file.write_bytes(b"this is no database" * 100)
    with pytest.raises(StorageError) as refused:
        Store.open(f"sqlite:///{file}")
    assert not isinstance(refused.value, Outage)


def test_a_run_whose_database_is_away_is_opened_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A controller that is started again may find it away; a run that is not there is not waited for."""
    root = RunFolder.create(tmp_path / "run", Config()).root
    answers: list[Exception] = [Outage("the database is down"), Outage("the database is down")]
    waited: list[float] = []

    def store(folder: RunFolder) -> Store:
        if answers:
            raise answers.pop()
        return Store.open(f"sqlite:///{folder.root}/redraft.db")

    monkeypatch.setattr(RunFolder, "store", store)
    monkeypatch.setattr("redraft_actors.context.time", SimpleNamespace(sleep=waited.append))
    RunContext.wait_open(root).store.close()
    assert waited == [2.0, 4.0]
    with pytest.raises(RunError):
        RunContext.wait_open(tmp_path / "nowhere")
