"""The steps of the loop: those that compute are stood in for, all commits are the real ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random

from redraft.promote import decide
from redraft.records import Arm, DatasetVersion, Outcome, Phase, PolicyStatus, PolicyVersion, RoundRow, Task, stable_id
from redraft.routing import Budget, fit_effort, open_strategy, route
from redraft_actors.context import RunContext
from redraft_actors.sampling import answers_wanted
from redraft_actors.stale import look_again
from redraft_actors.standing import key_of_samples, refills_done
from redraft_actors.steps import Steps
from simulation.assumptions import Policies
from simulation.drawing import Drawn, draw, measured
from simulation.watch import Watch


@dataclass
class Truth:
    """What nobody in the simulation knows: a policy's share of wrong responses, a response's wrong segments."""

    policies: Policies
    seed: int
    wrong: dict[str, float] = field(default_factory=dict)
    segments: dict[str, int] = field(default_factory=dict)


class SimulatedSteps(Steps):
    """``Steps`` without models: policies are a number, responses are drawn, and so are outcomes."""

    def __init__(self, run: RunContext, truth: Truth, watch: Watch) -> None:
        super().__init__(run, dashboard="")
        self.truth, self.watch = truth, watch

    def begin(self, number: int) -> None:
        """Open a round."""
        super().begin(number)
        self.truth.wrong.setdefault(self.run.store.rounds()[-1].incumbent, self.truth.policies.wrong)

    def sample(self, row: RoundRow) -> None:
        """Draw and route, then look again at what older policies wrote."""
        self._draw(row, 0)
        for before in self.run.store.rounds():
            if before.number < row.number and before.incumbent != row.incumbent:
                look_again(self.run, row.number, before.number, "")
                if self.run.config.route.stale == "retire" and self.run.store.counts(before.number).open:
                    self.watch.faults.append(f"round {row.number} left open tasks of round {before.number}")
        self.run.store.advance(row.number, Phase.SAMPLING, Phase.ANNOTATING)

    def refill(self, row: RoundRow) -> None:
        """Draw and route more."""
        self._draw(row, refills_done(self.run, row) + 1)

    def build(self, row: RoundRow) -> None:
        """Freeze the unused corrections into a dataset version."""
        store, fresh = self.run.store, self.run.store.freeze_unused()
        version = DatasetVersion(
            id=f"d{row.number:03d}",
            round=row.number,
            blob=f"datasets/d{row.number:03d}",
            pairs=len(fresh),
            corrections=tuple(correction.id for correction in fresh),
            reference=row.incumbent,
            created_at=store.now(),
        )
        store.add_dataset(version)
        store.advance(row.number, Phase.BUILDING, Phase.TRAINING, dataset=version.id)

    def train(self, row: RoundRow) -> None:
        """A candidate, with a share of wrong responses that is drawn."""
        store, policies, wrong = self.run.store, self.truth.policies, self.truth.wrong
        dataset, candidate = store.dataset(str(row.dataset)), f"r{row.number:03d}"
        gain = policies.gain * dataset.pairs / (dataset.pairs + policies.half)
        spread = Random(f"{self.truth.seed} {candidate}").gauss(0, policies.sigma)
        wrong[candidate] = min(0.99, wrong[row.incumbent] * (1 - gain) * math.exp(spread))
        store.add_policy(
            PolicyVersion(
                id=candidate,
                round=row.number,
                parent=row.incumbent,
                dataset=dataset.id,
                blob=f"policies/{candidate}",
                status=PolicyStatus.CANDIDATE,
                config_hash=self.run.config.hash(),
                code_version="simulated",
                seed=0,
                created_at=store.now(),
            )
        )
        store.advance(row.number, Phase.TRAINING, Phase.EVALUATING, candidate=candidate)

    def evaluate(self, row: RoundRow) -> None:
        """Outcomes are drawn when promotion asks for them."""
        self.run.store.advance(row.number, Phase.EVALUATING, Phase.PROMOTING)

    def promote(self, row: RoundRow) -> None:
        """The real test on drawn outcomes."""
        if row.candidate is None:
            super().promote(row)
        else:
            config, store = self.run.config, self.run.store
            verdict = decide(
                self._outcomes(row.candidate),
                self._outcomes(row.incumbent),
                config.promote,
                candidate_id=row.candidate,
                incumbent_id=row.incumbent,
                bootstrap=config.evaluate.bootstrap,
                seed=config.seed,
            )
            verdict = store.settle(verdict)
            store.add_verdict(row.number, verdict)
            store.advance(row.number, Phase.PROMOTING, Phase.DONE, promoted=verdict.promoted)
        promoted = self.run.store.promoted()
        if promoted is not None and promoted.id not in self.watch.promotions:
            self.watch.promotions.append(promoted.id)

    def _outcomes(self, policy: str) -> list[Outcome]:
        images = self.run.config.evaluate.dev_images
        return measured(self.truth.policies, policy, self.truth.wrong[policy], images, self.truth.seed)

    def _draw(self, row: RoundRow, refill: int) -> None:
        """As ``sample_round`` and ``route_round``, with responses that are drawn."""
        run, config, key = self.run, self.run.config, key_of_samples(row.number, row.incumbent, refill)
        wrong = self.truth.wrong[row.incumbent]
        effort = fit_effort(run.store.corrections())
        random = Random(f"{self.truth.seed} {key}")
        drawn = draw(random, self.truth.policies, row, wrong, stable_id(key), config.images.per_round, effort)
        seed = config.seed * 1000 + row.number + 1_000_003 * refill
        routed = route(
            [one.candidate for one in drawn],
            strategy=open_strategy(config.route, seed + 1),
            budget=Budget(tasks=config.route.budget, minutes=config.route.minutes),
            random_share=config.route.random_share,
            seed=seed,
        )
        by_id = {one.response.id: one for one in drawn}
        chosen = [by_id[item.response_id] for item in routed]
        tasks = [self._task(one, item.arm, item.priority) for one, item in zip(chosen, routed, strict=True)]
        run.store.add_images([one.image for one in chosen])
        run.store.add_responses([one.response for one in chosen])
        run.store.add_tasks(tasks)
        self.truth.segments |= {one.response.id: one.segments for one in chosen}
        self.watch.put_on(tasks)
        staging = run.staging("samples")
        (staging / "samples").write_text(key)
        run.blobs.publish_folder(key, staging)

    def _task(self, one: Drawn, arm: Arm, priority: float) -> Task:
        response = one.response
        return Task(
            id=stable_id("task", response.id),
            round=response.round,
            response_id=response.id,
            image_id=response.image_id,
            prompt=response.prompt,
            text=response.text,
            spans=(),
            arm=arm,
            priority=priority,
            policy=response.policy,
            wanted=answers_wanted(self.run.config, response.id),
        )
