"""The loop while its processes are killed at random, against the same loop left alone.

    python benchmarks/chaos.py [--minutes 20] [--seed 0] [--gap 20] [--out runs/chaos] [--json]

One run without an end is disturbed: every now and then (exponential, mean --gap seconds) a process drawn at random
among those that are alive is killed with SIGKILL: a sampler, an oracle, the controller, a trainer, a worker that scores
or evaluates, the served replica, or everything at once (the machine), after which `redraft resume` is called as a
person would. When the minutes are over the round under way is let to end. The same config then runs as many rounds
undisturbed, and both are compared: dataset versions, candidates, verdicts. A kill is over when the loop was seen to go
on: its next step or event; a replica, when it answers again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from run_process import Loop

from redraft.records import Answer, TaskState
from redraft.runs import RunFolder

CONFIG = """
name: chaos
seed: {seed}
images: {{per_round: 150}}
sample: {{k: 3, batch_size: 10}}
route: {{budget: 110}}
annotate: {{oracles: 1, seconds_per_task: 0.05}}
train: {{steps: 20, checkpoint_every: 4, learning_rate: 7.0e-5, round_decay: 0.6}}
evaluate: {{dev_images: 250, test_images: 60, questions: 8, bootstrap: 1000}}
loop: {{rounds: null, min_corrections: 3}}
serve: {{enabled: true, port: {port}}}
"""
MACHINE = "machine"
MACHINE_SHARE = 0.1
PATIENCE_SECONDS = 240.0


@dataclass
class Kill:
    """What was killed, when (seconds into the run), in which step, and how long it was until the loop went on."""

    at: float
    kind: str
    round: int
    step: str
    recovered: float | None = None


def main() -> None:
    """Disturb, repeat undisturbed, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=0, help="of the run, and of who is killed when")
    parser.add_argument("--gap", type=float, default=20.0, help="mean seconds between a recovery and the next kill")
    parser.add_argument("--out", type=Path, default=Path("runs/chaos"))
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = out / "chaos.yaml"
    config.write_text(CONFIG.format(seed=arguments.seed, port=port))
    disturbed = Loop(out / "disturbed", config, port)
    kills, rounds = disturb(disturbed, arguments.minutes * 60, arguments.gap, random.Random(arguments.seed))
    alone = Loop(out / "undisturbed", config, port)
    follow(alone, rounds)
    figures = report(disturbed.folder, alone.folder, kills, rounds, arguments)
    if arguments.json:
        print(json.dumps(figures))
    sys.exit(0 if figures["same"] else 1)


def disturb(loop: Loop, seconds: float, gap: float, rng: random.Random) -> tuple[list[Kill], int]:
    """Kill for so many seconds; then let the round end. The kills, and how many rounds there are."""
    began = time.monotonic()
    loop.start()
    kills: list[Kill] = []
    while time.monotonic() - began < seconds:
        time.sleep(rng.expovariate(1 / gap))
        if loop.ended():
            raise SystemExit(f"the run ended by itself; see {loop.log}")
        kill = kill_one(loop, rng, began)
        if kill is None:
            continue
        kills.append(kill)
        kill.recovered = recovery(loop, kill)
        print(f"{kill.at:6.0f} s  round {kill.round} {kill.step:9} {kill.kind:10} went on after {kill.recovered:.1f} s")
    target = loop.done_rounds() + 1
    follow(loop, target)
    return kills, target


def follow(loop: Loop, rounds: int) -> None:
    """Let a loop come to the end of a round, and stop it."""
    if loop.ended():
        loop.start()
    while loop.done_rounds() < rounds:
        if loop.ended():
            raise SystemExit(f"the run ended by itself; see {loop.log}")
        time.sleep(1)
    loop.stop()


def kill_one(loop: Loop, rng: random.Random, began: float) -> Kill | None:
    """Kill somebody, if there is anybody to kill."""
    alive = loop.alive()
    number, step, _ = loop.mark()
    if not alive:
        return None
    machine = rng.random() < MACHINE_SHARE
    kind = MACHINE if machine else rng.choice(sorted(alive))
    kill = Kill(at=time.monotonic() - began, kind=kind, round=number, step=step)
    if machine:
        loop.kill_all()
        loop.start()
        return kill
    try:
        rng.choice(sorted(alive[kind], key=lambda one: one.pid)).kill()
    except psutil.NoSuchProcess:
        return None
    return kill


def recovery(loop: Loop, kill: Kill) -> float:
    """Seconds until the loop was seen to go on."""
    began = time.monotonic()
    before = loop.mark()
    while time.monotonic() - began < PATIENCE_SECONDS:
        if loop.ended():
            raise SystemExit(f"the run ended {time.monotonic() - began:.0f} s after a {kill.kind} died; see {loop.log}")
        if loop.answers() if kill.kind == "replica" else loop.mark() != before:
            return time.monotonic() - began
        time.sleep(0.2)
    raise SystemExit(f"nothing happened for {PATIENCE_SECONDS:.0f} s after a {kill.kind} died; see {loop.log}")


def report(
    disturbed: Path, alone: Path, kills: Sequence[Kill], rounds: int, arguments: argparse.Namespace
) -> dict[str, object]:
    """Print what happened and write it beside the runs."""
    ours, theirs = (history(folder, rounds) for folder in (disturbed, alone))
    same = ours == theirs
    wrong = wrongly_used(disturbed, rounds)
    lines = [f"{len(kills)} kills in {arguments.minutes:g} minutes (seed {arguments.seed}), {rounds} rounds", ""]
    lines += ["| killed | times | median s until the loop went on | longest |", "|---|--:|--:|--:|"]
    for kind, count in sorted(Counter(kill.kind for kill in kills).items()):
        waits = [kill.recovered for kill in kills if kill.kind == kind and kill.recovered is not None]
        lines.append(f"| {kind} | {count} | {statistics.median(waits):.1f} | {max(waits):.1f} |")
    steps = ", ".join(f"{step or 'start'} {count}" for step, count in Counter(k.step for k in kills).most_common())
    lines += ["", f"Steps under way: {steps}.", ""]
    promotions = [number for number, _, candidate, promoted in ours if promoted and candidate]
    lines += [
        f"Promoted: {len(promotions)} of {rounds} candidates, in rounds {', '.join(map(str, promotions)) or 'none'}."
    ]
    lines += [f"Dataset versions, candidates and verdicts as undisturbed: {'yes' if same else 'NO'}."]
    lines += [f"Tasks not answered exactly once: {wrong[0]}; corrections lost or learnt from twice: {wrong[1]}."]
    print("\n".join(lines))
    (arguments.out / "report.md").write_text("\n".join(lines) + "\n")
    figures: dict[str, object] = {
        "seed": arguments.seed,
        "rounds": rounds,
        "same": same and wrong == (0, 0),
        "kills": [asdict(kill) for kill in kills],
        "disturbed": ours,
        "undisturbed": theirs,
    }
    (arguments.out / "chaos.json").write_text(json.dumps(figures, indent=1))
    return figures


def history(folder: Path, rounds: int) -> list[tuple[int, str | None, str | None, bool | None]]:
    """Dataset, candidate and verdict, round by round; the ids are hashes of all that they were made from."""
    rows = RunFolder.open(folder).store().rounds()
    return [(row.number, row.dataset, row.candidate, row.promoted) for row in rows if row.number <= rounds]


def wrongly_used(folder: Path, rounds: int) -> tuple[int, int]:
    """Tasks that have not exactly one answer, and corrections that are in no dataset or twice in one lineage."""
    store = RunFolder.open(folder).store()
    rows = [row for row in store.rounds() if row.number <= rounds and row.dataset is not None]
    tasks = [task for task in store.tasks() if task.round <= rounds and task.state is not TaskState.RETIRED]
    given = Counter(answer.task_id for answer in store.corrections())
    ended = {row.number for row in rows}
    corrected = [a.id for a in store.corrections() if a.answer is Answer.CORRECTED and a.round in ended]
    everywhere = {id for row in rows for id in store.dataset(str(row.dataset)).corrections}
    learnt = Counter(id for row in rows if row.promoted for id in store.dataset(str(row.dataset)).corrections)
    return (
        sum(given[task.id] != 1 for task in tasks),
        sum(id not in everywhere or learnt[id] > 1 for id in corrected),
    )


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
