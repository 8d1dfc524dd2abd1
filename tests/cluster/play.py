"""The run that all this is about: how it is submitted, who works on it, and how it is brought back."""

from __future__ import annotations

import itertools
import os
import shutil
import time
from dataclasses import dataclass, field

from redraft.store import Store
from redraft.world import builtin_policy

from .hosts import HOME, SHARED
from .lab import WORKERS, Lab
from .log import Fault, Log
from .people import Person
from .watching import Watched

CONFIG = "configs/quickstart.yaml"
ROUNDS = 2
OUT = f"{SHARED}/runs/story"
PAGES = 8501
PEOPLE = ("Ada", "Grace")
CONTROLLER = "ray::Controller"
SETTINGS = {
    "annotate.by": "human",
    "annotate.rewrites": "allow",
    "annotate.style_only": "allow",
    "images.per_round": 80,
    "sample.k": 2,
    "sample.batch_size": 8,
    "sample.cpus_per_actor": 2,
    "route.budget": 80,
    "route.stale": "keep",
    "train.cpus_per_worker": 2,
    "train.batch_size": 8,
    "train.steps": 15,
    "train.checkpoint_every": 5,
    "evaluate.dev_images": 40,
    "evaluate.test_images": 40,
    "evaluate.questions": 4,
    "evaluate.bootstrap": 4000,
    "evaluate.batch_size": 22,
    "loop.rounds": ROUNDS,
    "loop.min_corrections": 5,
    "loop.train_after": 12,
}
"""What makes the quickstart fit: two samplers and two training workers that fill a host each, and few of everything."""


@dataclass
class Play:
    """One run and its troubles."""

    lab: Lab
    log: Log
    run: Watched
    people: list[Person] = field(default_factory=list)
    _store: Store | None = None

    @property
    def store(self) -> Store:
        """The run's database, from the laptop."""
        if self._store is None:
            self._store = self.run.open()
        return self._store

    def begin(self) -> None:
        """The cluster, and the run on it."""
        fits = ["--config", CONFIG, "--set", "ray.address=auto", *self._settings(), "--reach"]
        self.lab.run("redraft", "cluster", "check", str(self.lab.file), *fits)
        self.log.say("redraft cluster check: the run fits, database and bucket can be reached")
        self.lab.up()
        self.log.say("redraft up: Ray answers on the head")
        self.ask_too_much()
        self.submit()
        self.run.begun()
        self.log.say("redraft submit: the run has begun")

    def ask_too_much(self) -> None:
        """Two runs that would wait or fail in the middle: a job of each ends at once with what is wrong."""
        lab = self.lab
        self.run.until("every worker is up", lambda: all(lab.host(name).processes("raylet/raylet") for name in WORKERS))
        shutil.copytree(builtin_policy(), lab.head.own / "home" / "model")
        for setting, says in (
            ("sample.actors=9", "sample.actors: 9 samplers of 2 CPUs and 0 GPUs do not fit"),
            (f"policy.path={HOME}/model", f"policy.path: {HOME}/model is not seen on node"),
        ):
            asked = ["submit", CONFIG, "--out", f"{SHARED}/runs/never", "--follow", *self._settings(), "--set", setting]
            lab.refused("redraft", *asked, says=says)
            if (lab.shared / "runs" / "never").exists():
                raise RuntimeError(f"{setting} was refused, and there is a run folder")
            self.log.say(f"redraft submit refuses {setting}: {says} …")

    def submit(self) -> None:
        """``redraft submit`` of the quickstart."""
        self.lab.run("redraft", "submit", CONFIG, "--out", OUT, *self._settings())

    def _settings(self) -> list[str]:
        """What is set of it, as options."""
        assert self.lab.database is not None and self.lab.bucket is not None
        settings = SETTINGS | {
            "storage.database": self.lab.database.url,
            "storage.blobs": self.lab.bucket.blobs,
            "storage.s3.endpoint_url": self.lab.bucket.url,
        }
        return [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]

    def open_pages(self) -> list[Person]:
        """``redraft ui`` on the host with the database, and two people at it."""
        host, url = self.lab.data, f"http://{self.lab.data.address}:{PAGES}"
        pages = f"redraft ui {OUT} --host 0.0.0.0 --port {PAGES} --public-url {url} --headless"
        server = host.spawn(pages, self.lab.work / "pages.log")
        self.run.until("the pages are up", lambda: (self.run.root / "ui.json").exists() or server.poll() is not None)
        if server.poll() is not None:
            raise RuntimeError(f"redraft ui ended: see {self.lab.work / 'pages.log'}")
        self.log.say(f"redraft ui answers at {url}; {' and '.join(PEOPLE)} begin to work")
        self.people = [Person(name, url, self.run.open()) for name in PEOPLE]
        return self.people

    def bring_back(self) -> None:
        """What docs/cluster.md says of a dead head: up, and the same submit."""
        self.lab.up()
        self.log.say("redraft up: the head is back")
        self.submit()
        self.run.until("the controller is on the head", lambda: bool(self.lab.head.processes(CONTROLLER)))
        self.log.say("redraft submit: the loop is up again")

    def say_fault(self, what: str) -> None:
        """What is done now, and where the loop is."""
        number, phase = self.run.phase(self.store)
        self.log.say(f"FAULT     {what} (round {number}, {phase})")

    def over(self, at: float, during: str, what: str, how: str) -> None:
        """The fault that began at ``at`` is over."""
        lasted = self.log.now() - at
        since = time.time() - lasted
        answers = sum(one.at >= since for person in self.people for one in person.submitted)
        self.log.struck(Fault(at, during, what, lasted, how, answers))

    def count(self) -> None:
        """What people saw of all that."""
        sent = sorted(one.at for person in self.people for one in person.submitted)
        gap = max((later - earlier for earlier, later in itertools.pairwise(sent)), default=0.0)
        wait = max(person.longest_wait for person in self.people)
        idle = sum(len(person.idle) for person in self.people)
        again = sum(person.sent_again for person in self.people)
        self.log.fact(f"{len(sent)} answers were acknowledged, the longest time between two was {gap:.0f} s")
        self.log.fact(f"the longest that somebody waited for the pages was {wait:.1f} s")
        self.log.fact(f"the worklist was found empty {idle} times, and {again} requests had to be sent again")
        for row in self.store.rounds():
            self.log.fact(f"round {row.number}: {row.phase}, candidate {row.candidate}, promoted {row.promoted}")
        self.log.fact(f"load of the machine: {os.getloadavg()[2]:.1f} on {os.cpu_count()} cores")
