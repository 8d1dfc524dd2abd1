"""What is done to the machines, each in its step."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

from redraft.records import Phase

from .hosts import Host
from .lab import RAY_WORDS, WORKERS
from .play import ROUNDS, Play

SAMPLER, TRAINER = "MapWorker(MapBatches(Sampler))", "RayTrainWorker"
DARK_SECONDS, CUT_SECONDS = 10.0, 40.0


@dataclass
class Faults:
    """All that can happen to a run, in the order in which it does."""

    play: Play

    def __post_init__(self) -> None:
        self.lab, self.log, self.run = self.play.lab, self.play.log, self.play.run

    def strike(self) -> None:
        """Every fault, each in its step."""
        self._sampling_loses_a_raylet(1)
        self._annotation_loses_the_head(1)
        self._training_loses_a_cable(1)
        self._promotion_loses_ray_on_the_head(1)
        self._sampling_loses_a_cable(2)
        self._training_loses_a_host(2)
        self._evaluation_loses_the_database(2)
        self.run.until("all rounds are done", lambda: self.run.phase(self.play.store) == (ROUNDS, Phase.DONE))
        self.run.until("the report is written", lambda: (self.run.root / "report.html").exists())
        self.log.say(f"all {ROUNDS} rounds are done, and the report is written")

    def _sampling_loses_a_raylet(self, number: int) -> None:
        victim = self._drawing(number)
        at = self.log.now()
        self.play.say_fault(f"kill -9 of the raylet on {victim.name}, which samples")
        victim.kill("raylet/raylet")
        self._sampled(number, at, f"`kill -9` of the raylet of {victim.name}")

    def _sampling_loses_a_cable(self, number: int) -> None:
        victim = self._drawing(number)
        at = self.log.now()
        self.play.say_fault(f"the cable of {victim.name} is pulled, which samples")
        victim.link(False)
        self._sampled(number, at, f"link of {victim.name} down")
        victim.link(True)
        self.log.say(f"the cable of {victim.name} is in again")

    def _annotation_loses_the_head(self, number: int) -> None:
        self._annotating(number)
        self.run.until("some answers are in", lambda: len(self.play.store.corrections()) >= 3, look=0.05)
        at, before = self.log.now(), len(self.play.store.corrections())
        self.play.say_fault("the head loses its power")
        self.lab.head.power_off()
        time.sleep(DARK_SECONDS)
        came = len(self.play.store.corrections()) - before
        self.lab.head.boot()
        self.log.say(f"{came} answers came in within {DARK_SECONDS:.0f} s without a head; it boots again")
        self.play.bring_back()
        self.play.over(
            at, f"round {number}, annotation", f"head without power for {DARK_SECONDS:.0f} s", "the loop is up again"
        )

    def _evaluation_loses_the_database(self, number: int) -> None:
        self._until_step(number, "evaluate")
        at = self.log.now()
        self.play.say_fault("the head gets no answers any more from the host of database and bucket")
        self.lab.data.route(self.lab.head, open=False)
        time.sleep(CUT_SECONDS)
        self.lab.data.route(self.lab.head, open=True)
        self.log.say(f"they get through again; the loop says: {self.run.message() or 'nothing'}")
        self.run.until("evaluation is over", lambda: self.run.ended(number, "evaluate"))
        what = f"head cut off from database and S3 for {CUT_SECONDS:.0f} s"
        self.play.over(at, f"round {number}, evaluation", what, "evaluation was done")

    def _training_loses_a_cable(self, number: int) -> None:
        victim = self._training(number)
        at = self.log.now()
        self.play.say_fault(f"the cable of {victim.name} is pulled, which trains")
        victim.link(False)
        self.run.until("training is over", lambda: self.run.ended(number, "train"))
        self.play.over(at, f"round {number}, training", f"link of {victim.name} down", "training was done")
        victim.link(True)

    def _training_loses_a_host(self, number: int) -> None:
        victim = self._training(number)
        at = self.log.now()
        self.play.say_fault(f"{victim.name}, which trains, loses its power for good")
        victim.power_off()
        self.run.until("training is over", lambda: self.run.ended(number, "train"))
        self.play.over(at, f"round {number}, training", f"{victim.name} without power", "training was done")

    def _promotion_loses_ray_on_the_head(self, number: int) -> None:
        self._until_step(number, "evaluate")
        doomed: list[psutil.Process] = []
        while self.run.step() != (number, "promote"):
            if not doomed or self.run.ended(number, "evaluate"):
                doomed = self.lab.head.processes(*RAY_WORDS)
            self.run.until("promotion begins", lambda: True)
            time.sleep(0.02)
        at = self.log.now()
        for one in doomed:
            with suppress(psutil.NoSuchProcess):
                one.send_signal(signal.SIGKILL)
        self.lab.head.kill(*RAY_WORDS)
        row = self.play.store.rounds()[number]
        self.play.say_fault(f"kill -9 of all {len(doomed)} processes of Ray on the head; round {number} is {row.phase}")
        self.play.bring_back()
        self.run.until("the round is done", lambda: self.play.store.rounds()[number].phase is Phase.DONE)
        self.play.over(at, f"round {number}, promotion", "`kill -9` of Ray's head", "submitted again, round is done")

    def _drawing(self, number: int) -> Host:
        """Wait until a round is being sampled by two hosts and some of it is done; one of them."""
        self._until_step(number, "sample")
        self.run.until("two hosts sample", lambda: len(self._with(SAMPLER)) >= 2)
        self.run.until("some is drawn", lambda: self.run.blocks() >= 1, look=0.05)
        return self._pick("sampling", SAMPLER)

    def _training(self, number: int) -> Host:
        """Wait until a round is being trained by two hosts and there is a checkpoint; one of them."""
        self._until_step(number, "train")
        self.run.until("two hosts train", lambda: len(self._with(TRAINER)) >= 2)
        self.run.until("steps are reported", lambda: self.run.train_lines(number) >= 10, look=0.05)
        return self._pick("training", TRAINER)

    def _pick(self, what: str, title: str) -> Host:
        busy = self._with(title)
        self.log.say(f"{what} on {', '.join(host.name for host in busy)}")
        return busy[-1]

    def _annotating(self, number: int) -> None:
        self.run.until(
            "people annotate", lambda: self.run.phase(self.play.store) == (number, Phase.ANNOTATING), look=0.05
        )

    def _until_step(self, number: int, step: str) -> None:
        self.run.until(f"step {step} of round {number} begins", lambda: self.run.step() == (number, step), look=0.05)

    def _sampled(self, number: int, at: float, what: str) -> None:
        self.run.until("sampling is over", lambda: self.run.ended(number, "sample"))
        self.play.over(at, f"round {number}, sampling", what, "all samples were drawn")

    def _with(self, title: str) -> list[Host]:
        return [self.lab.host(name) for name in WORKERS if self.lab.host(name).processes(title)]
