"""`redraft schedule`: a person says when rounds train, and the loop heeds it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from redraft.config import Config
from redraft.errors import ConfigError
from redraft.records import Phase, Schedule
from redraft.rounds import Hold, Train, next_action
from redraft.runs import RunFolder
from redraft_actors.cli import app
from redraft_actors.context import RunContext
from redraft_actors.standing import loop_state

from ..measured_policies import add_candidate

LOOP = {"train_after": 40, "train_hours": (9, 17), "min_corrections": 5}


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", Config.model_validate({"name": "nightly", "loop": LOOP}))


def schedule(run: RunFolder, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["schedule", str(run.root), *arguments])


def test_it_tells_what_the_config_says_until_somebody_says_otherwise(run: RunFolder) -> None:
    configured = "It trains once 40 new corrections are in, on 5 corrections at least, only from 9:00 to 17:00 UTC."
    assert schedule(run).stdout.strip() == f"{configured} (as the config says)"
    told = schedule(run, "--train-every", "90", "--train-hours", "22-6").stdout
    assert told.startswith(
        "It trains once 40 new corrections are in, or once a round is 90 minutes old, on 5 corrections at least, "
        "only from 22:00 to 6:00 UTC."
    )
    assert schedule(run).stdout == told, "it stays"
    told = schedule(run, "--train-after", "never", "--train-hours", "any").stdout
    assert told.startswith("It trains once a round is 90 minutes old, on 5 corrections at least. (as set since")
    assert schedule(run, "--as-configured").stdout.strip() == f"{configured} (as the config says)"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--train-after", "soon"], "--train-after 'soon': give a number of corrections, or never"),
        (["--train-after", "0"], "train_after: Input should be greater than or equal to 1"),
        (["--train-every", "inf"], "train_every_minutes: Input should be a finite number"),
        (["--train-hours", "22"], "--train-hours '22': give two hours such as 22-6, or any"),
        (["--train-hours", "6-6"], "train_hours: name two different hours from 0 to 23"),
        (["--train-hours", "any", "--as-configured"], "name no other option with it"),
    ],
)
def test_what_makes_no_sense_changes_nothing(run: RunFolder, arguments: list[str], says: str) -> None:
    result = schedule(run, *arguments)
    assert isinstance(result.exception, ConfigError) and says in str(result.exception)
    with run.store() as store:
        assert store.schedule() is None and store.audit() == []


def test_the_loop_heeds_it_at_its_next_decision(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    context = RunContext.open(run.root)
    store = context.store
    monkeypatch.setattr(store, "now", lambda: 20 * 3600.0)  # eight in the evening
    add_candidate(context, "base", parent=None)
    store.promote("base", actor="loop")
    store.begin_round(1, Phase.TRAINING, "base")
    assert next_action(loop_state(context)) == Hold(number=1, reason="training begins at 09:00 UTC")
    store.set_schedule(Schedule(train_hours=(19, 23)), actor="eve")
    assert next_action(loop_state(context)) == Train(number=1)
    store.set_schedule(None, actor="eve")
    assert isinstance(next_action(loop_state(context)), Hold)
    store.close()
