"""A round whose incumbent a person has replaced: it ends, promotes nothing, and serving follows the person."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from redraft.config import Config, LoopConfig
from redraft.errors import DataError
from redraft.records import (
    Phase,
    RoundRow,
)
from redraft.rounds import BeginRound, Evaluate, LoopState, Promote, SkipTraining, next_action
from redraft.runs import RunFolder
from redraft.store.policies import CHANGED_MEANWHILE
from redraft_actors import steps
from redraft_actors.cli_policies import app
from redraft_actors.context import RunContext
from redraft_actors.controller import Controller
from redraft_actors.evaluating import decide_round

from ..measured_policies import PICTURES, add_candidate, measure


def state(phase: Phase, promoted: str | None, candidate: str | None = None) -> LoopState:
    return LoopState(
        config=LoopConfig(rounds=3),
        annotators="human",
        round=RoundRow(number=1, phase=phase, incumbent="two", candidate=candidate, started_at=0.0),
        tasks_open=5,
        tasks_leased=1,
        new_corrections=50,
        unused_corrections=50,
        total_corrections=50,
        stop_requested=False,
        promoted=promoted,
    )


@pytest.mark.parametrize("phase", [Phase.SAMPLING, Phase.ANNOTATING, Phase.BUILDING, Phase.TRAINING])
def test_a_round_without_a_candidate_ends_when_its_incumbent_is_replaced(phase: Phase) -> None:
    action = next_action(state(phase, "one"))
    assert action == SkipTraining(number=1, reason="a person has put one in the incumbent's place")
    for promoted in ("two", None):
        assert not isinstance(next_action(state(phase, promoted)), SkipTraining)


def test_a_candidate_is_measured_and_judged_all_the_same_and_the_next_round_begins() -> None:
    assert next_action(state(Phase.EVALUATING, "one", "three")) == Evaluate(number=1)
    assert next_action(state(Phase.PROMOTING, "one", "three")) == Promote(number=1)
    assert next_action(state(Phase.DONE, "one")) == BeginRound(number=2, then=Phase.SAMPLING)


@pytest.fixture
def run(tmp_path: Path) -> RunContext:
    """base, one and two, each promoted over the last, and a round that began from two; serving is on."""
    config = Config.model_validate({"name": "small", "evaluate": {"bootstrap": 100}, "serve": {"enabled": True}})
    context = RunContext.open(RunFolder.create(tmp_path / "run", config).root)
    for id, parent in (("base", None), ("one", "base"), ("two", "one")):
        add_policy(context, id, parent)
        context.store.promote(id, [f"{id} it is."])
    context.store.begin_round(1, Phase.ANNOTATING, "two")
    return context


def add_policy(run: RunContext, id: str, parent: str | None) -> None:
    run.blobs.put(f"policies/{id}/config.json", b"{}")
    add_candidate(run, id, parent)


def test_a_better_candidate_is_not_promoted_over_a_persons_choice(run: RunContext) -> None:
    add_policy(run, "three", "two")
    measure(run, "two", wrong=PICTURES)
    measure(run, "three", wrong=0)
    run.store.roll_back("one", "Two calls every cup red.", actor="eve")
    for _ in range(2):  # the second time as after a crash
        verdict = decide_round(run, 1, "three", "two")
        assert not verdict.promoted and verdict.reasons[0] == CHANGED_MEANWHILE
    assert run.store.verdicts() == [(1, verdict)]
    promoted = run.store.promoted()
    assert promoted is not None and promoted.id == "one"


@pytest.fixture
def served(run: RunContext, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Ray Serve was asked to serve, in order."""
    asked: list[str] = []
    asked_run = run.folder.root

    def note(config: Config, dashboard: str, policy: str, path: str, **beside: object) -> None:
        assert beside == {"run": asked_run, "candidate": None, "share": 0.0}
        asked.append(policy)

    monkeypatch.setattr(steps, "serve_policy", note)
    return asked


def test_the_loop_ends_the_round_begins_from_the_persons_choice_and_serves_it(
    run: RunContext, served: list[str]
) -> None:
    controller = Controller(str(run.folder.root), "http://nowhere", wait=False)
    controller.steps.serve()
    controller.steps.serve()
    assert served == ["two"], "what is served already is not served anew"
    run.store.roll_back("one", "Two calls every cup red.", actor="eve")
    controller.steps.serve()
    assert served == ["two", "one"]
    for _ in range(2):
        now = controller.state()
        controller.perform(next_action(now), now.round)
    first, second = run.store.rounds()
    assert (first.phase, first.candidate, first.promoted) == (Phase.DONE, None, None)
    assert (second.number, second.phase, second.incumbent) == (2, Phase.SAMPLING, "one")


def test_waiting_is_noted_once(run: RunContext) -> None:
    waiting = steps.Steps(run, "")
    waiting.note(1, "annotate")
    first = run.read_progress()
    waiting.note(1, "annotate")
    assert run.read_progress() == first, "or nobody would see since when it waits"
    waiting.note(2, "annotate")
    assert run.read_progress() != first


def test_people_decide_from_the_command_line(run: RunContext) -> None:
    root = str(run.folder.root)
    done = CliRunner().invoke(app, ["rollback", root, "one", "--reason", "Two calls every cup red."])
    assert done.exit_code == 0 and "one is promoted now" in done.output
    assert run.store.policy("one").reasons[-1].endswith(": Two calls every cup red.")
    add_policy(run, "three", "one")
    assert "three is rejected now" in CliRunner().invoke(app, ["reject", root, "three", "--reason", "Worse."]).output
    listed = CliRunner().invoke(app, ["list", root]).output
    assert "superseded" in listed and "three: Decided by" in listed
    refused = CliRunner().invoke(app, ["promote", root, "three", "--reason", " "])
    assert isinstance(refused.exception, DataError)
    assert CliRunner().invoke(app, ["promote", root, "three"]).exit_code == 2, "a reason must be given"
