"""Annotators: they come and go, lease, answer, skip, flag, walk away and come back late, by the store's own calls."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from redraft.errors import LeaseLost
from redraft.records import Answer, Edit, HallucinationType, Submission, Task
from redraft.routing import Effort
from redraft.store import Store
from simulation.agenda import DAY, Agenda
from simulation.assumptions import People
from simulation.watch import Watch

EDITS = (Edit(start=2, end=5, replacement="blue", type=HallucinationType.ATTRIBUTE),)


@dataclass(frozen=True)
class Desk:
    """What all annotators share: the store, the clock, the truth, and who looks on."""

    store: Store
    agenda: Agenda
    people: People
    lease_seconds: float
    effort: Effort
    truth: Mapping[str, int]
    watch: Watch


class Annotator:
    """One person; draws nothing but from a generator of their own."""

    def __init__(self, desk: Desk, name: str, seed: int) -> None:
        self.desk, self.name, self.random = desk, name, Random(f"{seed} {name}")
        self.pace = math.exp(self.random.gauss(0, desk.people.speed_sigma))
        self.leaves_at = 0.0
        self.asked_in_vain = 0
        self.answers = 0
        self._plan_session()

    def _plan_session(self) -> None:
        """The next session: exponential gaps at the rate of the busiest hour, thinned to that of the hour."""
        people, agenda = self.desk.people, self.desk.agenda
        quiet = 1 / people.swing
        busiest = people.sessions_a_day * 2 / (1 + quiet) / DAY
        gap = 0.0
        while True:
            gap += self.random.expovariate(busiest)
            hour = (agenda.now + gap) % DAY / DAY
            share = quiet + (1 - quiet) * (1 - math.cos(2 * math.pi * hour)) / 2
            if self.random.random() < share:
                break
        agenda.after(gap, self._sit_down)

    def _sit_down(self) -> None:
        self.asked_in_vain = 0
        self.leaves_at = self.desk.agenda.now + self.random.expovariate(1 / (60 * self.desk.people.session_minutes))
        self._ask()

    def _ask(self) -> None:
        """Take a task, or go home: when the session is over, or after asking in vain for a while."""
        desk, people = self.desk, self.desk.people
        if desk.agenda.now >= self.leaves_at or self.asked_in_vain >= people.asks:
            self._plan_session()
            return
        lease = desk.store.lease(self.name, desk.lease_seconds)
        desk.watch.asked(self.name, lease)
        if lease is None:
            self.asked_in_vain += 1
            desk.agenda.after(people.asks_again_s, self._ask)
            return
        self.asked_in_vain = 0
        self._work_on(lease.task)

    def _work_on(self, task: Task) -> None:
        """Decide what becomes of the task, and when."""
        desk, people, draw = self.desk, self.desk.people, self.random.random()
        wrong = desk.truth[task.response_id]
        answer = Answer.CORRECTED if wrong and self.random.random() >= people.overlooks else Answer.CLEAN
        mended = wrong if answer is Answer.CORRECTED else 0
        seconds = 60 * desk.effort.minutes(len(task.text.split()), mended) * self.pace
        seconds *= math.exp(self.random.gauss(0, people.task_sigma))
        if draw < people.leaves:
            self._plan_session()
            return
        draw -= people.leaves
        away = 0.0
        if draw < people.skips:
            answer, seconds = Answer.SKIPPED, seconds / 4
        elif draw < people.skips + people.flags:
            answer = Answer.FLAGGED
        elif draw < people.skips + people.flags + people.called_away:
            away = self.random.expovariate(1 / (60 * people.away_minutes))
        desk.agenda.after(seconds + away, lambda: self._answer(task, answer, seconds))

    def _answer(self, task: Task, answer: Answer, seconds: float) -> None:
        self.answers += 1
        submission = Submission(
            task_id=task.id,
            annotator=self.name,
            answer=answer,
            nonce=f"{self.name}-{self.answers:06d}",
            seconds=seconds,
            edits=EDITS if answer is Answer.CORRECTED else (),
            reason="unfit" if answer is Answer.FLAGGED else "",
        )
        try:
            self.desk.store.submit(submission)
        except LeaseLost:
            self.desk.watch.refused(self.name)
        else:
            self.desk.watch.answered(task, submission)
        self._ask()
