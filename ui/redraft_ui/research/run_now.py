"""What the loop is doing at this moment, from what it left in the run folder; no cluster is asked."""

from __future__ import annotations

from enum import StrEnum

import psutil

from redraft.records import Phase, Record, RoundRow
from redraft.runs import Event, Progress, RunFolder, read_events, read_progress
from redraft_ui.research.wording import ago, lasting

STEP_WORDS = {
    "sample": "describing fresh pictures",
    "route": "choosing what people see",
    "annotate": "waiting for corrections",
    "build": "making corrections into preference pairs",
    "train": "training a new policy",
    "evaluate": "testing the new policy on held-out pictures",
    "promote": "comparing the new policy with the old one",
    "canary": "letting the new policy answer some of the requests",
    "hold": "waiting",
}


class Doing(StrEnum):
    """Whether anything runs."""

    NOTHING_YET = "nothing yet"
    WORKING = "working"
    ENDED = "ended"
    INTERRUPTED = "interrupted"


class RunNow(Record):
    """What the loop does, and a sentence that says it."""

    doing: Doing
    sentence: str


def run_now(folder: RunFolder, current: RoundRow | None, rounds: int | None, now: float) -> RunNow:
    """Look into the folder at ``now`` (UTC seconds); ``rounds`` are to be done in all, None for no end."""
    progress, events = read_progress(folder), read_events(folder)
    if progress is None or current is None:
        return RunNow(doing=Doing.NOTHING_YET, sentence="Nothing has run yet.")
    if _is_held(folder):
        return RunNow(doing=Doing.WORKING, sentence=_under_way(folder, progress, events, now))
    last = events[-1] if events else None
    if last is not None and last.step == "run" and last.at >= progress.since:
        return RunNow(doing=Doing.ENDED, sentence=_ended(folder, current, rounds, last, now))
    step = STEP_WORDS.get(progress.step, progress.step)
    return RunNow(
        doing=Doing.INTERRUPTED,
        sentence=f"The loop stopped while {step} in round {progress.round}, {ago(now - progress.since)} at the latest: "
        f"no process of this machine works on the run. Go on with: redraft resume {folder.root}",
    )


def _is_held(folder: RunFolder) -> bool:
    """Whether the process that noted itself in the lock is alive; taking the lock to see would keep others out."""
    lock = folder.root / "lock"
    holder = lock.read_text().strip() if lock.exists() else ""
    return holder.isdigit() and psutil.pid_exists(int(holder))


def _under_way(folder: RunFolder, progress: Progress, events: list[Event], now: float) -> str:
    if progress.message:
        return f"Round {progress.round}, for {lasting(now - progress.since)}: {progress.message}."
    parts = [
        f"Round {progress.round}: {STEP_WORDS.get(progress.step, progress.step)}, for {lasting(now - progress.since)}"
    ]
    done = _trained(folder, progress) if progress.step == "train" else progress.done
    if progress.total and done:
        parts.append(f"{done:,} of {progress.total:,} {progress.unit} done")
    usual = [event.seconds for event in events if event.step == progress.step and event.seconds]
    if usual:
        parts.append(f"last time it took {lasting(usual[-1])}")
    return "; ".join(parts) + "."


def _trained(folder: RunFolder, progress: Progress) -> int:
    log = folder.train_log(progress.round)
    return min(progress.total, log.read_bytes().count(b"\n")) if log.exists() else 0


def _ended(folder: RunFolder, current: RoundRow, rounds: int | None, last: Event, now: float) -> str:
    when = ago(now - last.at)
    if current.phase is Phase.DONE and rounds is not None and current.number >= rounds:
        return f"All {rounds} rounds are done; the last one ended {when}."
    if current.phase is Phase.ANNOTATING:
        return (
            f"The loop paused {when} so that people can correct. Their answers are kept; train on them with: "
            f"redraft resume {folder.root}"
        )
    return f"The loop was stopped {when}. Go on with: redraft resume {folder.root}"
