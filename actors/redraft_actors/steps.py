"""What each action of the loop does; every step commits once, and doing it again changes nothing."""

from __future__ import annotations

import shutil
import time

from redraft.config import Config
from redraft.logs import about
from redraft.pool import register_pool
from redraft.records import Phase, PolicyStatus, PolicyVersion, RoundRow, stable_id
from redraft.runs import Progress
from redraft.serving import ServedVersion
from redraft_actors.annotating import run_oracles
from redraft_actors.building import build_dataset
from redraft_actors.canary import CanaryStep, canary_of, served_beside
from redraft_actors.context import RunContext
from redraft_actors.evaluating import compared, decide_round, evaluate_policy
from redraft_actors.sampling import route_round, sample_round
from redraft_actors.serving import serve_policy, served_tally
from redraft_actors.stale import look_again
from redraft_actors.standing import refills_done
from redraft_actors.train_job import JobSpec
from redraft_actors.train_storage import TrainStorage
from redraft_actors.training import train_on_ray


class Steps:
    """The actions of the loop on one run. ``dashboard`` is where Ray Serve is asked for."""

    def __init__(self, run: RunContext, dashboard: str) -> None:
        self.run, self.dashboard = run, dashboard
        self.canary = CanaryStep(run)
        self.served: tuple[str, str | None] | None = None
        self.noted: tuple[int, str, str] | None = None

    def begin(self, number: int) -> None:
        """Open a round; round 0 takes the first policy into the registry."""
        promoted = self.run.store.promoted()
        incumbent = promoted.id if promoted else self._first_policy()
        self.run.store.begin_round(number, Phase.SAMPLING if number else Phase.EVALUATING, incumbent)

    def sample(self, row: RoundRow) -> None:
        """Draw, score, route; then look again at open tasks that an older policy wrote."""
        register_pool(self.run.config, self.run.store, self.run.blobs)
        samples = sample_round(self.run, row.number, row.incumbent)
        route_round(self.run, row.number, samples)
        for before in self.run.store.rounds():
            if before.number < row.number and before.incumbent != row.incumbent:
                look_again(self.run, row.number, before.number, samples)
        self.run.store.advance(row.number, Phase.SAMPLING, Phase.ANNOTATING)

    def refill(self, row: RoundRow) -> None:
        """Draw more of the incumbent's responses on pictures that nobody was asked about, and route them."""
        refill = refills_done(self.run, row) + 1
        samples = sample_round(self.run, row.number, row.incumbent, refill)
        route_round(self.run, row.number, samples, refill)

    def annotate(self, row: RoundRow) -> None:
        """Let the oracles work."""
        run_oracles(self.run, row.number)

    def end_annotation(self, row: RoundRow, to: Phase) -> None:
        """Go on to ``to``; people may work on, and what they still correct counts for the next round.

        A round that is ended without training may be in any phase before that.
        """
        self.run.store.advance(row.number, row.phase, to)

    def build(self, row: RoundRow) -> None:
        """Corrections to a dataset version."""
        dataset = build_dataset(self.run, row.number, row.incumbent)
        self.run.store.advance(row.number, Phase.BUILDING, Phase.TRAINING, dataset=dataset.id)

    def train(self, row: RoundRow) -> None:
        """Dataset version to candidate."""
        run = self.run
        dataset = run.store.dataset(_known(row.dataset))
        seed = run.config.seed * 1000 + row.number
        candidate = f"r{row.number:02d}-{stable_id(dataset.id, row.incumbent, run.config.hash(), seed)[:8]}"
        key = f"policies/{candidate}"
        if not run.blobs.exists(key):
            config = _for_round(run.config, row.number)
            policy, examples = run.policy_address(row.incumbent), run.blobs.address(dataset.blob)
            spec = JobSpec(config, policy, examples, run.blobs.url, seed)
            staging = run.staging("policy")
            with (
                about(policy=candidate),
                run.timed(row.number, "train", run.config.train.steps, "steps") as detail,
            ):
                train_on_ray(
                    spec,
                    name=candidate,
                    storage=self._resumable(),
                    out=staging,
                    log=run.folder.train_log(row.number),
                )
                detail["pairs"] = dataset.pairs
            run.blobs.publish_folder(key, staging)
        self._register(candidate, row.number, row.incumbent, dataset.id, key, seed)
        run.store.advance(row.number, Phase.TRAINING, Phase.EVALUATING, candidate=candidate)
        self._resumable().clear()

    def evaluate(self, row: RoundRow) -> None:
        """Measure the candidate; in round 0, the first policy."""
        evaluate_policy(self.run, row.number, row.candidate or row.incumbent)
        self.run.store.advance(row.number, Phase.EVALUATING, Phase.PROMOTING)

    def promote(self, row: RoundRow) -> None:
        """Decide, and serve whatever is promoted; with ``serve.canary_minutes``, try it out before."""
        run = self.run
        if row.candidate is None:
            run.store.promote(row.incumbent, ["It is the policy that the run starts from."])
            promoted = None
        elif self._serves_canaries() and self.canary.begin(row, compared(run, row.candidate, row.incumbent)):
            return
        else:
            canary = canary_of(run, row)
            promoted = decide_round(run, row.number, row.candidate, row.incumbent, canary).promoted
        self.serve()
        self.run.store.advance(row.number, Phase.PROMOTING, Phase.DONE, promoted=promoted)

    def watch_canary(self, row: RoundRow) -> None:
        """See what has become of the requests by now."""
        serve = self.run.config.serve
        what = f"{row.candidate} answers {serve.canary_share:.0%} of the requests for {serve.canary_minutes:g} minutes"
        self.note(row.number, "canary", what)
        self.canary.look(row, served_tally())

    def serve(self) -> None:
        """Point Ray Serve to the promoted policy, and a candidate on trial, if serving is on and others are served."""
        run, promoted = self.run, self.run.store.promoted()
        if not run.config.serve.enabled or not self.dashboard or promoted is None:
            return
        beside = served_beside(run)
        if self.served == (promoted.id, beside):
            return
        serve_policy(
            run.config,
            self.dashboard,
            promoted.id,
            run.policy_address(promoted.id),
            run=run.folder.root,
            candidate=ServedVersion(id=beside, path=run.policy_address(beside)) if beside else None,
            share=run.config.serve.canary_share if beside else 0.0,
        )
        self.served = promoted.id, beside

    def note(self, number: int, step: str, message: str = "") -> None:
        """Say what is going on between timed steps, and since when."""
        if self.noted != (number, step, message):
            self.run.report_progress(Progress(round=number, step=step, since=time.time(), message=message))
            self.noted = number, step, message

    def _resumable(self) -> TrainStorage:
        """What a job that was ended goes on from; of no use to anybody once there is the candidate."""
        folder, info = self.run.folder, self.run.folder.info()
        identity = stable_id(info.name, info.seed, info.config_hash, info.created_at)
        return TrainStorage.beside_blobs(folder.root, self.run.blobs.url, identity)

    def _serves_canaries(self) -> bool:
        return bool(self.dashboard) and self.run.config.serve.enabled and self.run.config.serve.canary_minutes > 0

    def _first_policy(self) -> str:
        source = self.run.first_policy_path()
        identity, key = "r00-base", "policies/r00-base"
        if not self.run.blobs.exists(key):
            staging = self.run.staging("policy")
            shutil.copytree(source, staging, dirs_exist_ok=True)
            self.run.blobs.publish_folder(key, staging)
        self._register(identity, 0, None, None, key, self.run.config.seed)
        return identity

    def _register(
        self, identity: str, number: int, parent: str | None, dataset: str | None, key: str, seed: int
    ) -> None:
        if identity in {policy.id for policy in self.run.store.policies()}:
            return
        self.run.store.add_policy(
            PolicyVersion(
                id=identity,
                round=number,
                parent=parent,
                dataset=dataset,
                blob=key,
                status=PolicyStatus.CANDIDATE,
                config_hash=self.run.config.hash(),
                code_version=self.run.folder.info().code_version,
                seed=seed,
                created_at=time.time(),
            )
        )


def _for_round(config: Config, number: int) -> Config:
    """The config with the learning rate of round ``number``: a policy with less to mend needs smaller steps."""
    peak = config.train.learning_rate * config.train.round_decay ** (number - 1)
    return config.model_copy(update={"train": config.train.model_copy(update={"learning_rate": peak})})


def _known(identity: str | None) -> str:
    if identity is None:
        raise RuntimeError("a round reached training without a dataset version")
    return identity
