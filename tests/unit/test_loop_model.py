"""The loop, model-checked: the real steps, store and decisions, with everything that can go wrong in any order.

Only what computes is replaced (sampling, log-probabilities, training, measuring). Processes die before or after any
write, actions are performed again by a controller that knows an old round, jobs fail, people answer late, reopen, pause
and roll back.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from redraft.config import Config
from redraft.errors import RedraftError, TrainingError
from redraft.records import (
    Answer,
    Arm,
    Edit,
    HallucinationType,
    ImageItem,
    Phase,
    PolicyStatus,
    Response,
    Schedule,
    ServerTally,
    Split,
    Submission,
    Tally,
    Task,
    TokenTrace,
    Verdict,
)
from redraft.rounds import Finish, Hold, Train, WaitForAnnotators, next_action
from redraft.runs import RunFolder
from redraft.store import Store
from redraft_actors import building, canary, steps
from redraft_actors.context import RunContext
from redraft_actors.controller import Controller
from redraft_actors.standing import key_of_samples

from ..measured_policies import measure

TEXT = "A red cup stands on the table."
TASKS = 5
LOOP = {"rounds": None, "min_corrections": 2, "train_after": 3, "refill_below": 2, "max_refills": 2}
FUSED = ("begin_round", "advance", "add_responses", "add_tasks", "add_dataset", "add_policy", "settle", "promote")


class Killed(BaseException):
    """A process that dies where it stands."""


class Fuse:
    """Kills at the n-th write from now, before it or right after it; unlit, it does nothing."""

    def __init__(self) -> None:
        self.left, self.after = 0, False

    def light(self, writes: int, after: bool) -> None:
        self.left, self.after = writes, after

    def guard(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*args: Any, **kwargs: Any) -> Any:
            burns = self.left == 1
            self.left = max(0, self.left - 1)
            if burns and not self.after:
                raise Killed
            done = write(*args, **kwargs)
            if burns:
                raise Killed
            return done

        return guarded


class OneTable:
    """What Ray Data would have made of the rows."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def iter_batches(self, **_: object) -> Iterator[pa.Table]:
        yield self.table


class Loop(RuleBasedStateMachine):
    """One run with everything around it."""

    migrated: Path
    tried_out: bool
    """Whether a candidate answers a share of the requests before it is decided on."""

    @initialize()
    def begin(self) -> None:
        self.clock = itertools.count()
        self.folder = Path(tempfile.mkdtemp())
        config = Config.model_validate(
            {
                "name": "model",
                "annotate": {"by": "human"},
                "loop": LOOP,
                "serve": {"enabled": self.tried_out, "canary_minutes": 1.0 if self.tried_out else 0.0},
                "evaluate": {"bootstrap": 100},
                "promote": {"max_recall_drop": 1, "max_length_change": 10},
            }
        )
        root = RunFolder.create(self.folder / "run", config).root
        shutil.copy(self.migrated, root / "redraft.db")
        self.fuse = Fuse()
        self.nonces = itertools.count()
        self.submitted: dict[str, str] = {}
        self.jobs = 0
        self.fails = False
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(steps, "sample_round", self._sample)
        self.patch.setattr(steps, "route_round", self._route)
        self.patch.setattr(steps, "train_on_ray", self._train)
        self.patch.setattr(steps, "evaluate_policy", self._evaluate)
        self.patch.setattr(steps, "register_pool", lambda *_: None)
        self.patch.setattr(steps, "serve_policy", self._serve)
        self.patch.setattr(steps, "served_tally", self._count)
        clock = SimpleNamespace(monotonic=lambda: 25.0 * next(self.clock), time=time.time)
        self.patch.setattr(canary, "time", clock)
        self.patch.setattr(building, "map_on_warm_workers", lambda table, *_, **__: OneTable(table))
        self.patch.setattr("redraft_actors.controller.POLL_SECONDS", 0.0)
        self._restart()

    def teardown(self) -> None:
        if hasattr(self, "patch"):
            self._goes_on()
            self.patch.undo()
            self.run.store.close()
            shutil.rmtree(self.folder)

    # What can happen.

    @rule()
    def turn(self) -> None:
        self._turn()

    @rule(phase=st.sampled_from(list(Phase)), writes=st.integers(1, 4), after=st.booleans())
    def die_within_a_step(self, phase: Phase, writes: int, after: bool) -> None:
        """A controller dies at some write of the step that a phase names, and is started again."""
        for _ in range(20):
            rows = self.run.store.rounds()
            if self.run.store.paused() or (rows and rows[-1].phase is phase):
                break
            self._turn()
            self._answer("a", Answer.CORRECTED)
        self.fuse.light(writes, after)
        try:
            self._turn()
        except Killed:
            self._restart()
        self.fuse.light(0, False)

    @rule()
    def job_fails(self) -> None:
        self.fails = True
        try:
            self._turn()
        except TrainingError:
            self._restart()
        self.fails = False

    @rule(data=st.data())
    def an_old_controller_acts_again(self, data: st.DataObject) -> None:
        """One that was thought dead does what it was at: a round's row as it stood in an earlier phase."""
        rows = self.run.store.rounds()
        if not rows:
            return
        row = data.draw(st.sampled_from(rows))
        phases = [p for p in Phase if p is not Phase.DONE and list(Phase).index(p) < list(Phase).index(row.phase)]
        if row.number == 0 or not phases:
            return
        stale = row.model_copy(update={"phase": data.draw(st.sampled_from(phases))})
        act = {
            Phase.SAMPLING: self.controller.steps.sample,
            Phase.ANNOTATING: lambda row: self.controller.steps.end_annotation(row, Phase.BUILDING),
            Phase.PROMOTING: self.controller.steps.promote,
        }.get(stale.phase)
        if act is None or (stale.phase is Phase.PROMOTING and stale.candidate is None):
            return
        before = self.run.store.rounds()
        act(stale)
        assert self.run.store.rounds() == before

    @rule()
    def a_round_passes(self) -> None:
        """Undisturbed, with people at work."""
        if self.run.store.paused():
            return
        begun = len(self.run.store.rounds())
        for _ in range(20):
            if len(self.run.store.rounds()) > begun:
                return
            self._turn()
            self._answer("a", Answer.CORRECTED)

    @rule()
    def a_round_finds_nothing_wrong(self) -> None:
        """Everything that lies on the worklist is clean, however often it is filled."""
        begun = len(self.run.store.rounds())
        for _ in range(8):
            if self.run.store.paused() or len(self.run.store.rounds()) > begun:
                return
            self._turn()
            while self._answer("a", Answer.CLEAN) is not None:
                pass

    @rule(who=st.sampled_from("abc"), answer=st.sampled_from([Answer.CORRECTED, Answer.CORRECTED, Answer.CLEAN]))
    def answer(self, who: str, answer: Answer) -> None:
        self._answer(who, answer)

    @rule(who=st.sampled_from("abc"))
    def answer_twice(self, who: str) -> None:
        """The same submission comes again: one answer."""
        submission = self._answer(who, Answer.CORRECTED)
        if submission is not None:
            before = len(self.run.store.corrections())
            self.run.store.submit(submission)
            assert len(self.run.store.corrections()) == before

    @rule(who=st.sampled_from("abc"))
    def take_and_answer_late(self, who: str) -> None:
        """The loop turns between taking a task and answering it; a retired task refuses, and says so."""
        lease = self.run.store.lease(who, 600)
        if lease is None:
            return
        self._turn()
        try:
            self._submit(lease.task, who, Answer.CORRECTED)
        except RedraftError:
            assert self.run.store.task(lease.task.id).state != "leased"

    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        old = [p for p in self.run.store.policies() if p.status in (PolicyStatus.SUPERSEDED, PolicyStatus.REJECTED)]
        if old:
            self.run.store.roll_back(data.draw(st.sampled_from(old)).id, "it was better", actor="eve")

    @rule(pause=st.booleans())
    def pause(self, pause: bool) -> None:
        (self.run.store.pause if pause else self.run.store.unpause)(actor="eve")

    @rule(after=st.sampled_from([None, 2, 4]), as_configured=st.booleans())
    def train_at_other_times(self, after: int | None, as_configured: bool) -> None:
        self.run.store.set_schedule(None if as_configured else Schedule(train_after=after), actor="eve")

    # What must hold at any moment.

    @invariant()
    @precondition(lambda self: hasattr(self, "run"))
    def nothing_is_lost(self) -> None:
        store = self.run.store
        assert {c.id for c in store.corrections(answer=Answer.CORRECTED)} == set(self.submitted)
        in_datasets = {id for dataset in store.datasets() for id in dataset.corrections}
        new = {c.id for c in store.new_corrections()}
        assert not new & in_datasets
        assert {c.id for c in store.standing_corrections()} <= new | in_datasets

    @invariant()
    @precondition(lambda self: hasattr(self, "run"))
    def nothing_is_used_twice(self) -> None:
        store = self.run.store
        promoted = store.promoted()
        if promoted is None:
            return
        lineage = store.lineage(promoted.id)
        used = Counter(id for dataset in lineage.datasets for id in dataset.corrections)
        assert all(times == 1 for times in used.values()), used
        assert not set(used) & {c.id for c in store.unused_corrections()}

    @invariant()
    @precondition(lambda self: hasattr(self, "run"))
    def one_policy_is_promoted_and_was_evaluated(self) -> None:
        store = self.run.store
        promoted = [p for p in store.policies() if p.status is PolicyStatus.PROMOTED]
        assert len(promoted) <= 1
        for policy in promoted:
            assert store.evaluations(policy.id), f"{policy.id} was promoted unseen"

    @invariant()
    @precondition(lambda self: hasattr(self, "run"))
    def one_round_is_under_way(self) -> None:
        rows = self.run.store.rounds()
        assert [row.number for row in rows] == list(range(len(rows)))
        assert all(row.phase is Phase.DONE for row in rows[:-1])
        trained = Counter(policy.round for policy in self.run.store.policies())
        assert all(candidates == 1 for candidates in trained.values()), trained

    # How it is done.

    def _goes_on(self) -> None:
        """Whatever has happened: with people at work, a round ends within a bounded number of steps."""
        self.run.store.unpause(actor="eve")
        begun = len(self.run.store.rounds())
        for _ in range(60):
            self._turn()
            for who in "abc":
                self._answer(who, Answer.CORRECTED)
            if len(self.run.store.rounds()) > begun + 1:
                break
        else:
            pytest.fail(f"no round has ended within 60 turns: {self.controller.state()}")
        self.nothing_is_lost()
        self.nothing_is_used_twice()
        self.one_round_is_under_way()

    def _restart(self) -> None:
        """A new process: nothing is left but the folder and the database."""
        if hasattr(self, "run"):
            self.run.store.close()
        self.jobs = 0
        dashboard = "http://nowhere" if self.tried_out else ""
        self.controller = Controller(str(self.folder / "run"), dashboard, wait=True)
        self.run: RunContext = self.controller.run
        self.patch.setattr(self.run.store, "settle", self._settled_after_its_trial(self.run.store.settle))
        self.served: tuple[str, ...] = ()
        for name in FUSED:
            self.patch.setattr(self.run.store, name, self.fuse.guard(getattr(self.run.store, name)), raising=True)
        blobs = self.run.blobs
        self.patch.setattr(blobs, "publish_folder", self.fuse.guard(blobs.publish_folder))
        self.patch.setattr(blobs, "put", self.fuse.guard(blobs.put))

    def _turn(self) -> None:
        state = self.controller.state()
        action = next_action(state)
        assert not isinstance(action, Finish)
        if isinstance(action, Hold | WaitForAnnotators):
            assert state.paused or state.tasks_open + state.tasks_leased > 0, "waits for nobody"
        if isinstance(action, Train):
            assert state.round is not None and state.round.dataset is not None
        assert self.controller.turn() is None

    def _answer(self, who: str, answer: Answer) -> Submission | None:
        lease = self.run.store.lease(who, 600)
        return None if lease is None else self._submit(lease.task, who, answer)

    def _submit(self, task: Task, who: str, answer: Answer) -> Submission:
        edits = (Edit(start=2, end=5, replacement="blue", type=HallucinationType.ATTRIBUTE),)
        submission = Submission(
            task_id=task.id,
            annotator=who,
            answer=answer,
            nonce=f"nonce-{next(self.nonces):06d}",
            seconds=2.0,
            edits=edits if answer is Answer.CORRECTED else (),
        )
        correction = self.run.store.submit(submission)
        if answer is Answer.CORRECTED:
            self.submitted[correction.id] = task.id
        return submission

    def _sample(self, run: RunContext, number: int, policy: str, refill: int = 0) -> str:
        key = key_of_samples(number, policy, refill)
        if not run.blobs.exists(key):
            staging = run.staging("samples")
            (staging / "samples").write_text(key)
            run.blobs.publish_folder(key, staging)
        return key

    def _route(self, run: RunContext, number: int, key: str, refill: int = 0) -> int:
        policy = run.store.rounds()[number].incumbent
        names = [f"{number}-{policy}-{refill}-{index}" for index in range(TASKS)]
        run.store.add_images([_image(name) for name in names])
        run.store.add_responses([_response(name, number, policy) for name in names])
        run.store.add_tasks([_task(name, number, policy) for name in names])
        return len(names)

    def _train(self, spec: Any, *, out: Path, **_: Any) -> None:
        self.jobs += 1
        assert self.jobs == 1, "two training jobs at once"
        if self.fails:
            raise TrainingError("a worker died")
        (out / "weights").write_text(str(spec.dataset_path))
        self.jobs -= 1

    def _serve(self, config: Config, dashboard: str, policy: str, path: str, *, candidate: Any, **_: Any) -> None:
        store = self.run.store
        assert policy == store.promoted().id  # type: ignore[union-attr]
        if candidate is not None:
            assert store.policy(candidate.id).status is PolicyStatus.CANDIDATE, "what is decided on is not tried out"
            assert store.evaluations(candidate.id), f"{candidate.id} answers people unseen"
        self.served = (policy,) if candidate is None else (policy, candidate.id)

    def _count(self) -> ServerTally:
        """A third of the candidates fails whoever asks; all were asked as often since the server began."""
        asked = 20 * next(self.clock)
        tallies = {id: Tally(asked=asked, failed=asked if _fails_people(id) else 0) for id in self.served}
        return ServerTally(server="s", versions=self.served, tallies=tallies)

    def _settled_after_its_trial(self, settle: Callable[[Verdict], Verdict]) -> Callable[[Verdict], Verdict]:
        def checked(verdict: Verdict) -> Verdict:
            undecided = self.run.store.policy(verdict.candidate).status is PolicyStatus.CANDIDATE
            if self.tried_out and undecided and verdict.promoted:
                overruled = self.run.store.promoted().id != verdict.incumbent  # type: ignore[union-attr]
                tried = any(reason.startswith("Passed: as a canary") for reason in verdict.reasons)
                assert overruled or tried, f"{verdict.candidate} is promoted without its trial"
                no_worse = _fails_people(verdict.incumbent) or not _fails_people(verdict.candidate)
                assert overruled or no_worse, "people can roll back to a policy that fails them, but the loop does not"
            return settle(verdict)

        return checked

    def _evaluate(self, run: RunContext, number: int, policy: str) -> None:
        if not run.store.evaluations(policy):
            better = sum(map(ord, policy)) % 3 > 0  # a third of the candidates is not
            wrong = 20 - min(20, 6 * number) if better else 20
            measure(run, policy, wrong)


def _fails_people(policy: str) -> bool:
    return policy != "r00-base" and sum(map(ord, policy)) % 3 == 1


def _image(name: str) -> ImageItem:
    return ImageItem(id=f"i{name}", origin=f"near/{name}", split=Split.POOL, blob=f"images/{name}", width=4, height=3)


def _response(name: str, number: int, policy: str) -> Response:
    trace = TokenTrace(token_ids=(5, 1), starts=(0, 30), ends=(30, 30), logprobs=(-0.2, -0.1), entropies=(0.1, 2.5))
    return Response(
        id=f"r{name}",
        image_id=f"i{name}",
        prompt="Describe.",
        text=TEXT,
        policy=policy,
        round=number,
        sample=0,
        seed=1,
        temperature=0.9,
        top_p=1.0,
        finished=True,
        trace=trace,
    )


def _task(name: str, number: int, policy: str) -> Task:
    return Task(
        id=f"t{name}",
        round=number,
        response_id=f"r{name}",
        image_id=f"i{name}",
        prompt="Describe.",
        text=TEXT,
        spans=(),
        arm=Arm.RANDOM,
        priority=0.5,
        policy=policy,
    )


@pytest.mark.parametrize("tried_out", [False, True])
def test_the_loop_keeps_its_promises_whatever_happens(tmp_path: Path, tried_out: bool) -> None:
    template = tmp_path / "empty.db"
    Store.open(f"sqlite:///{template}").close()
    machine = type("Loop", (Loop,), {"migrated": template, "tried_out": tried_out})
    machine.TestCase.settings = settings(
        max_examples=4, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    machine.TestCase("runTest").runTest()
