"""All that a run has committed so far, read once; whatever has not happened yet is simply absent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from redraft.config import Config
from redraft.evaluate import read_outcomes
from redraft.records import (
    MAIN_PROJECT,
    Answer,
    Correction,
    DatasetVersion,
    Evaluation,
    Outcome,
    PolicyStatus,
    PolicyVersion,
    RoundRow,
    Split,
    Task,
    TrainStep,
    Verdict,
)
from redraft.runs import Event, RunFolder, RunInfo, read_events
from redraft.store import Store
from redraft.train.health import read_steps


@dataclass(frozen=True)
class History:
    """One run's records; round 0, which measures the base, is in ``base`` and not in ``rounds``.

    ``evaluations`` is keyed by policy and split; ``steps`` and ``verdicts`` by round. Models that only wrote imported
    responses are not among ``policies``; tasks and answers are the loop's own, without gold ones and reviews."""

    folder: RunFolder
    info: RunInfo
    config: Config
    rounds: tuple[RoundRow, ...]
    policies: tuple[PolicyVersion, ...]
    promoted: PolicyVersion | None
    evaluations: dict[tuple[str, Split], Evaluation]
    verdicts: dict[int, Verdict]
    tasks: tuple[Task, ...]
    corrections: tuple[Correction, ...]
    datasets: tuple[DatasetVersion, ...]
    steps: dict[int, tuple[TrainStep, ...]]
    events: tuple[Event, ...]

    @property
    def base(self) -> PolicyVersion | None:
        """The policy that the run began with."""
        return next((policy for policy in self.policies if policy.parent is None), None)

    def corrected_by(self, number: int) -> int:
        """Responses corrected in rounds up to and including ``number``."""
        return sum(c.answer is Answer.CORRECTED and c.round <= number for c in self.corrections)

    def corrections_in_force(self) -> int:
        """Corrections that the promoted policy and its ancestors were trained on."""
        policies = {policy.id: policy for policy in self.policies}
        members = {dataset.id: dataset.corrections for dataset in self.datasets}
        used: set[str] = set()
        policy = self.promoted
        while policy is not None:
            used.update(members[policy.dataset] if policy.dataset else ())
            policy = policies[policy.parent] if policy.parent else None
        return len(used)

    def measured(self, policy: str | None, split: Split = Split.TEST) -> Evaluation | None:
        """The policy's evaluation on ``split``, if it was made."""
        return None if policy is None else self.evaluations.get((policy, split))

    def final_pair(self, split: Split = Split.TEST) -> tuple[Evaluation, Evaluation] | None:
        """The base's evaluation and the promoted policy's, where a promotion has replaced the base."""
        if self.base is None or self.promoted is None or self.base.id == self.promoted.id:
            return None
        before, after = self.measured(self.base.id, split), self.measured(self.promoted.id, split)
        return None if before is None or after is None else (before, after)

    def outcomes(self, evaluation: Evaluation) -> list[Outcome]:
        """What is behind an evaluation's figures."""
        return read_outcomes(self.folder.blobs().get(evaluation.blob))

    def wall_seconds(self) -> float:
        """From the start of the run to its last event."""
        times = [event.at for event in self.events]
        return max(times) - min([self.info.created_at, *times]) if times else 0.0

    def peak_rss_gib(self) -> float | None:
        """The most memory that any step took, if any was measured."""
        return max((event.rss_gib for event in self.events if event.rss_gib is not None), default=None)


def read_history(folder: RunFolder, store: Store) -> History:
    """Read a run that may still be going on."""
    rounds = tuple(row for row in store.rounds() if row.number > 0)
    candidates = {row.number: row.candidate for row in rounds}
    return History(
        folder=folder,
        info=folder.info(),
        config=folder.config(),
        rounds=rounds,
        policies=tuple(p for p in store.policies() if p.status is not PolicyStatus.EXTERNAL),
        promoted=store.promoted(),
        evaluations={(e.policy, e.split): e for e in store.evaluations()},
        verdicts={n: verdict for n, verdict in store.verdicts() if verdict.candidate == candidates.get(n)},
        tasks=tuple(t for t in store.tasks() if t.project == MAIN_PROJECT and not t.gold),
        corrections=tuple(c for c in store.corrections() if not c.review),
        datasets=tuple(store.datasets()),
        steps={n: steps for n, steps in _train_logs(folder, (row.number for row in rounds)) if steps},
        events=tuple(read_events(folder)),
    )


def _train_logs(folder: RunFolder, numbers: Iterable[int]) -> Iterable[tuple[int, tuple[TrainStep, ...]]]:
    for number in numbers:
        path = folder.train_log(number)
        if path.exists():
            yield number, read_steps(path)
