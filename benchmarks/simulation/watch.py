"""What is seen while a simulation runs: how deep the worklist is, how old, how stale; who waits; and what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from redraft.records import Answer, Lease, Submission, Task

GIVEN = (Answer.CORRECTED, Answer.CLEAN)


@dataclass(frozen=True)
class Depth:
    """The worklist at one moment; ``oldest`` is the age in seconds of the round that the oldest open task is of."""

    at: float
    open: int
    skipped: int
    leased: int
    oldest: float
    limit: int


@dataclass
class Watch:
    """Sees every call; ``underway`` is the step that the loop is in, None while it waits for people."""

    clock: Callable[[], float]
    underway: str | None = None
    depths: list[Depth] = field(default_factory=list)
    asks: Counter[str] = field(default_factory=Counter)
    idle: Counter[str] = field(default_factory=Counter)
    answers: Counter[Answer] = field(default_factory=Counter)
    seconds: float = 0.0
    ages: list[float] = field(default_factory=list)
    behind: Counter[int] = field(default_factory=Counter)
    late: int = 0
    faults: list[str] = field(default_factory=list)
    added: dict[str, float] = field(default_factory=dict)
    promotions: list[str] = field(default_factory=list)
    _met: set[tuple[str, str]] = field(default_factory=set)
    _holders: dict[str, dict[str, float]] = field(default_factory=dict)
    _holds: dict[str, str] = field(default_factory=dict)

    def put_on(self, tasks: list[Task]) -> None:
        """Tasks came onto the worklist."""
        for task in tasks:
            self.added[task.id] = self.clock()

    def asked(self, annotator: str, lease: Lease | None) -> None:
        """Somebody asked for work and was given a task, or none."""
        step = self.underway or "annotate"
        self.asks[step] += 1
        if lease is None:
            self.idle[step] += 1
            return
        task = lease.task
        if (annotator, task.id) in self._met:
            self.faults.append(f"{annotator} was given {task.id} again after an answer")
        self._let_go(annotator)
        holders = self._holders.setdefault(task.id, {})
        others = [name for name, until in holders.items() if until > self.clock()]
        if len(others) >= task.wanted:
            self.faults.append(f"{task.id} was given to {annotator} while {', '.join(others)} held it")
        holders[annotator], self._holds[annotator] = lease.expires_at, task.id
        self.behind[self._promotions_since(task.policy)] += 1

    def answered(self, task: Task, submission: Submission) -> None:
        """An answer was taken."""
        self.answers[submission.answer] += 1
        self._met.add((submission.annotator, task.id))
        self._let_go(submission.annotator)
        if submission.answer in GIVEN:
            self.seconds += submission.seconds
            self.ages.append(self.clock() - self.added[task.id])

    def refused(self, annotator: str) -> None:
        """An answer came after its lease had run out and the task had gone to somebody else."""
        self.late += 1
        self._let_go(annotator)

    def look(self, depth: Depth) -> None:
        """How the worklist stands; what nobody has skipped must not be more than ``limit``."""
        self.depths.append(depth)
        if depth.open - depth.skipped > depth.limit:
            self.faults.append(f"{depth.open - depth.skipped} tasks are open, over {depth.limit}")

    def _let_go(self, annotator: str) -> None:
        task = self._holds.pop(annotator, None)
        if task is not None:
            del self._holders[task][annotator]

    def _promotions_since(self, policy: str) -> int:
        return len(self.promotions) - 1 - self.promotions.index(policy)
