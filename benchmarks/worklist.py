"""How fast the worklist hands out and takes back: simulated annotators who never think, on PostgreSQL and SQLite.

    python benchmarks/worklist.py                                   a quick try, half a minute
    python benchmarks/worklist.py --tasks 1000000 --seconds 30      the measurement

Annotators are threads in a few processes, each leasing a task, answering it and going on, as the server of the pages
does for people. A small and a large worklist run one after the other on the same server. Every hundredth answer is sent
twice. Afterwards the tables are checked against what the annotators were told: no task leased twice, no answer lost,
none stored twice. PostgreSQL is a private server with its own settings, so every answer waits for the disk.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from statistics import median, quantiles

import sqlalchemy as sa
from private_postgresql import private_postgresql, processors

from redraft.records import Answer, Edit, HallucinationType, Submission
from redraft.store import Store

TEXT = "A red cup stands on the table, and a small dog sleeps under the chair beside the window. " * 3
EDITS = (Edit(start=2, end=5, replacement="blue", type=HallucinationType.ATTRIBUTE),)
SETTLE_SECONDS = 0.5
"""How long PostgreSQL takes to count what a session used, once that has ended."""
PAIRS_A_SECOND, P99_MS, GROWTH = 500.0, 100.0, 1.5


@dataclass(frozen=True)
class Work:
    """What annotators did: milliseconds of each call, and the tasks that they leased and answered."""

    lease_ms: list[float]
    submit_ms: list[float]
    leased: list[str]
    answered: list[str]


@dataclass(frozen=True)
class Figures:
    """One run on one database: pairs a second, milliseconds a call, and what was wrong with the tables."""

    database: str
    tasks: int
    pairs: int
    seconds: float
    work: Work
    faults: tuple[str, ...]
    cpu: tuple[float, float, float]

    @property
    def rate(self) -> float:
        return self.pairs / self.seconds

    @property
    def p99(self) -> float:
        return quantiles(self.work.lease_ms + self.work.submit_ms, n=100)[98]

    def row(self) -> str:
        calls = (self.work.lease_ms, self.work.submit_ms)
        middle = "".join(f"{median(ms):>10.1f}{quantiles(ms, n=100)[98]:>9.1f}" for ms in calls)
        cpu = "".join(f"{seconds / self.seconds:>9.2f}" for seconds in self.cpu)
        return f"{self.database:<11}{self.tasks:>8}{self.pairs:>8}{self.rate:>9.0f}{middle}{cpu}{len(self.faults):>8}"


def main() -> int:
    """Measure, print, and say whether the goals are met."""
    options = parse()
    print(f"{options.annotators} annotators in {options.processes} processes; milliseconds a call; processors in use")
    print(
        f"{'database':<11}{'tasks':>8}{'pairs':>8}{'pairs/s':>9}{'lease':>10}{'p99':>9}{'submit':>10}{'p99':>9}"
        f"{'clients':>9}{'server':>9}{'others':>9}{'faults':>8}"
    )
    with private_postgresql() as server:
        small, large = (measure(f"{server}/{name}", options, tasks) for name, tasks in sizes(options, server))
    with tempfile.TemporaryDirectory(prefix="redraft-bench-") as folder:
        sqlite = [measure(f"sqlite:///{folder}/{tasks}.db", options, tasks) for tasks in (options.small, options.tasks)]
    return verdict(small, large, [small, large, *sqlite])


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tasks", type=int, default=50_000, help="tasks on the large worklist")
    parser.add_argument("--small", type=int, default=10_000, help="tasks on the small one")
    parser.add_argument("--annotators", type=int, default=32, help="annotators who work at once")
    parser.add_argument("--processes", type=int, default=4, help="processes that they are shared among")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each run lasts at most")
    return parser.parse_args()


def sizes(options: argparse.Namespace, server: str) -> Iterator[tuple[str, int]]:
    """A database for either size."""
    for tasks in (options.small, options.tasks):
        with sa.create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE worklist_{tasks}"))
        yield f"worklist_{tasks}", tasks


def measure(url: str, options: argparse.Namespace, tasks: int) -> Figures:
    """Fill one database, let the annotators loose on it, check it, and print the row."""
    with Store.open(url) as store:
        fill(store, tasks)
    time.sleep(SETTLE_SECONDS)
    before = processors()
    work, seconds = run(url, options, limit=tasks * 8 // 10)
    time.sleep(SETTLE_SECONDS)
    clients, server, all_of_them = (now - then for now, then in zip(processors(), before, strict=True))
    cpu = (clients, server, max(0.0, all_of_them - clients - server))
    with Store.open(url) as store:
        name = url.split(":")[0].split("+")[0]
        figures = Figures(name, tasks, len(work.answered), seconds, work, faults(store, work), cpu)
    print(figures.row(), flush=True)
    return figures


def fill(store: Store, tasks: int) -> None:
    """Tasks about one response, every tenth answered already; made by the database, in bulk."""
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {tasks})"
    spans = '[{"span":{"start":2,"end":9},"score":0.75}]'
    statements = (
        "INSERT INTO images (id, origin, split, blob, width, height) VALUES ('i', 'bench', 'pool', 'b', 120, 120)",
        "INSERT INTO policies (id, round, blob, status, reasons, config_hash, code_version, seed, created_at) "
        "VALUES ('p', 0, 'b', 'promoted', '[]', 'c', '0', 0, 0)",
        "INSERT INTO responses (id, image_id, prompt, text, policy, round, sample, seed, temperature, top_p, finished, "
        "trace) VALUES ('r', 'i', 'Describe.', :text, 'p', 1, 0, 0, 1, 1, true, '{}')",
        "INSERT INTO tasks (id, round, response_id, image_id, prompt, text, spans, arm, priority, policy, state, free, "
        f"due, characters) {numbers} SELECT 'task-' || i, 1 + i % 10, 'r', 'i', 'Describe.', :text, :spans, "
        "'uncertain', (i % 10007 * 7919 % 10007) / 10007.0, 'p', "
        "CASE WHEN i % 10 = 0 THEN 'done' ELSE 'open' END, "
        "CASE WHEN i % 10 = 0 THEN 0 ELSE 1 END, CASE WHEN i % 10 = 0 THEN 0 ELSE 1 END, length(:text) FROM n",
        "INSERT INTO corrections (id, nonce, task_id, round, annotator, answer, original, corrected, edits, arm, "
        "seconds, submitted_at) SELECT 'before-' || id, 'before-' || id, id, round, 'ann-' || seq % 100, 'clean', "
        "text, text, '[]', arm, 1, 0 FROM tasks WHERE state = 'done'",
    )
    with store._db.write() as connection:
        for statement in statements:
            names = [name for name in ("text", "spans") if f":{name}" in statement]
            connection.execute(sa.text(statement), {name: TEXT if name == "text" else spans for name in names})
    engine = sa.create_engine(store.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text("ANALYZE" if store._db.sqlite else "VACUUM ANALYZE"))
    engine.dispose()


def run(url: str, options: argparse.Namespace, limit: int) -> tuple[Work, float]:
    """Everybody works for the given time, or until their share of the tasks is done."""
    context = multiprocessing.get_context("fork")
    each = options.annotators // options.processes
    start, results = context.Barrier(options.processes + 1), context.SimpleQueue()
    arguments = (url, each, options.seconds, limit // options.annotators, start, results)
    processes = [context.Process(target=office, args=(n, *arguments)) for n in range(options.processes)]
    for process in processes:
        process.start()
    start.wait()
    began = time.perf_counter()
    parts = [results.get() for _ in processes]
    ended = max(end for end, _ in parts)
    for process in processes:
        process.join()
    return merged([work for _, work in parts]), ended - began


def office(
    number: int,
    url: str,
    people: int,
    seconds: float,
    share: int,
    start: Barrier,
    results: SimpleQueue[tuple[float, Work]],
) -> None:
    """One process: a store, and a thread for every annotator."""
    works = [Work([], [], [], []) for _ in range(people)]
    with Store.open(url) as store:
        threads = [
            threading.Thread(target=annotate, args=(store, f"ann-{number}-{i}", seconds, share, works[i]))
            for i in range(people)
        ]
        start.wait()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        results.put((time.perf_counter(), merged(works)))


def annotate(store: Store, name: str, seconds: float, share: int, work: Work) -> None:
    """Lease and answer; every third response is clean."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end and len(work.answered) < share:
        began = time.perf_counter()
        lease = store.lease(name, 900)
        work.lease_ms.append((time.perf_counter() - began) * 1000)
        if lease is None:
            break
        work.leased.append(lease.task.id)
        clean = len(work.answered) % 3 == 0
        submission = Submission(
            nonce=f"{name}-{lease.task.id}",
            task_id=lease.task.id,
            annotator=name,
            answer=Answer.CLEAN if clean else Answer.CORRECTED,
            edits=() if clean else EDITS,
            seconds=1.0,
        )
        began = time.perf_counter()
        store.submit(submission)
        work.submit_ms.append((time.perf_counter() - began) * 1000)
        if len(work.answered) % 100 == 0:
            store.submit(submission)
        work.answered.append(lease.task.id)


def merged(works: Sequence[Work]) -> Work:
    """What several did, together."""
    fields = ("lease_ms", "submit_ms", "leased", "answered")
    return Work(*([value for work in works for value in getattr(work, field)] for field in fields))


def faults(store: Store, work: Work) -> tuple[str, ...]:
    """What the tables say otherwise than the annotators."""
    with store._db.read() as connection:
        stored = list(connection.scalars(sa.text("SELECT task_id FROM corrections WHERE submitted_at > 0")))
        before = "SELECT task_id FROM corrections WHERE submitted_at = 0"
        answered = f"SELECT count(*) FROM tasks WHERE state = 'done' AND free + due = 0 AND id NOT IN ({before})"
        done = connection.scalar(sa.text(answered))
        leases = connection.scalar(sa.text("SELECT count(*) FROM leases"))
    found = {
        "a task was leased twice": len(work.leased) - len(set(work.leased)),
        "a submission was lost": len(set(work.answered) - set(stored)),
        "a submission was stored twice": len(stored) - len(set(stored)),
        "a task is not done that was answered": abs(done - len(set(work.answered))),
        "a lease was left behind": leases - (len(work.leased) - len(work.answered)),
    }
    return tuple(f"{what}: {count}" for what, count in found.items() if count)


def verdict(small: Figures, large: Figures, all_figures: Sequence[Figures]) -> int:
    """A line for every goal; 0 if all are met."""
    growth = median(large.work.lease_ms) / median(small.work.lease_ms)
    growth_submit = median(large.work.submit_ms) / median(small.work.submit_ms)
    wrong = [fault for figures in all_figures for fault in figures.faults]
    goals = (
        (f"{large.rate:.0f} pairs/s, goal {PAIRS_A_SECOND:.0f}", large.rate >= PAIRS_A_SECOND),
        (f"p99 of a call {large.p99:.0f} ms, goal {P99_MS:.0f}", large.p99 <= P99_MS),
        (
            f"{large.tasks} tasks against {small.tasks}: a lease takes {growth:.2f} times as long, a submission "
            f"{growth_submit:.2f} times, goal below {GROWTH}",
            max(growth, growth_submit) < GROWTH,
        ),
        (f"no double lease, no lost or doubled submission: {'; '.join(wrong) or 'none found'}", not wrong),
    )
    for sentence, met in goals:
        print(f"{'met   ' if met else 'MISSED'}  {sentence}")
    return 0 if all(met for _, met in goals) else 1


if __name__ == "__main__":
    sys.exit(main())
