"""What the monitor shows beside the rounds: the queues, the people, and what went wrong, each in plain words."""

from __future__ import annotations

from collections.abc import Sequence

from redraft.records import PolicyStatus, Project, Record
from redraft.runs import RunFolder, read_events
from redraft.store import Store, WorklistCounts
from redraft.store.watch import AtWork
from redraft_ui.research.health_view import TrainingHealth
from redraft_ui.research.loop_view import held_against
from redraft_ui.research.run_now import Doing, RunNow
from redraft_ui.research.wording import ago, counted, lasting, moment

QUIET_SECONDS = 3600.0
"""Work that nobody has touched for so long is worth a word."""

Table = tuple[list[str], list[list[str]]]


class Queue(Record):
    """The worklist of one project, and since when its oldest task may have waited."""

    project: Project
    counts: WorklistCounts
    since: float | None


def queues(store: Store) -> list[Queue]:
    """One of every project."""
    return [
        Queue(project=project, counts=store.counts(project=project.id), since=store.waiting_since(project.id))
        for project in store.projects()
    ]


def queue_table(found: Sequence[Queue], now: float) -> Table:
    """Head and rows."""
    head = ["Project", "Open", "In work", "Flagged", "Done", "Corrected", "Clean", "Marked", "Oldest waiting since"]
    rows = [
        [
            queue.project.title,
            *(f"{n:,}" for n in (queue.counts.open, queue.counts.leased, queue.counts.flagged, queue.counts.done)),
            *(f"{n:,}" for n in (queue.counts.corrected, queue.counts.clean, queue.counts.marked)),
            "nothing waits" if queue.since is None else f"{moment(queue.since)} ({lasting(now - queue.since)})",
        ]
        for queue in found
    ]
    return head, rows


def people_table(at_work: Sequence[AtWork], now: float) -> Table:
    """Head and rows: who holds a task or answered within the last hour."""
    head = ["Annotator", "Tasks held now", "Answers in the last hour", "Last answer"]
    rows = [
        [
            who.annotator,
            str(who.holds),
            f"{who.answers:,}",
            "none in the last hour" if who.last is None else ago(now - who.last),
        ]
        for who in at_work
    ]
    return head, rows


def health_table(health: Sequence[TrainingHealth]) -> Table:
    """Head and rows."""
    head = ["Round", "Steps", "Corrected text", "Original text", "Pairs told apart", "In words"]
    rows = [
        [str(h.round), str(h.steps), f"{h.chosen:+.3f}", f"{h.rejected:+.3f}", f"{h.accuracy:.0%}", h.words]
        for h in health
    ]
    return head, rows


def steps_table(folder: RunFolder, most: int = 12) -> Table:
    """Head and rows: the newest steps that ended, newest first."""
    head = ["Step", "Round", "Ended", "Took", "Memory"]
    rows = [
        [
            event.step,
            str(event.round),
            moment(event.at),
            "" if event.seconds is None else lasting(event.seconds),
            "" if event.rss_gib is None else f"{event.rss_gib:.1f} GiB",
        ]
        for event in reversed(read_events(folder)[-most:])
    ]
    return head, rows


def troubles(
    store: Store, run: RunNow, found: Sequence[Queue], at_work: Sequence[AtWork], health: Sequence[TrainingHealth]
) -> list[str]:
    """Whatever a researcher should look after, a sentence each, the most pressing first."""
    told = [run.sentence] if run.doing is Doing.INTERRUPTED else []
    told += [_fallen(h) for h in health[-1:] if h.fell or h.alarms]
    told += [sentence for queue in found for sentence in _waiting(queue, at_work)]
    return told + _rejected(store)


def _fallen(health: TrainingHealth) -> str:
    alarms = f" {counted(health.alarms, 'step')} went beyond train.chosen_alarm." if health.alarms else ""
    return (
        f"Training in round {health.round} made the corrected texts less likely than before ({health.chosen:+.3f} in "
        f"log-probability).{alarms} Lower train.learning_rate or train.steps before you trust its policy."
    )


def _waiting(queue: Queue, at_work: Sequence[AtWork]) -> list[str]:
    counts, name = queue.counts, queue.project.title
    told = []
    if counts.flagged:
        told.append(
            f"{name}: {counted(counts.flagged, 'task')} flagged by annotators; a reviewer decides on the Review page."
        )
    if counts.open and counts.open_skipped == counts.open:
        told.append(f"{name}: every task left was skipped by somebody; look whether they can be answered at all.")
    elif counts.open and queue.project.open and not at_work:
        told.append(f"{name}: {counted(counts.open, 'task')} open, and nobody has worked for {lasting(QUIET_SECONDS)}.")
    if counts.open and not queue.project.open:
        told.append(f"{name} is closed with {counted(counts.open, 'task')} open: nobody is given them.")
    return told


def _rejected(store: Store) -> list[str]:
    """The newest candidate, if it was rejected, with what spoke against it."""
    policies = store.policies()
    newest = policies[-1] if policies else None
    if newest is None or newest.status is not PolicyStatus.REJECTED:
        return []
    return [f"Candidate {newest.id} of round {newest.round} was rejected: {held_against(newest)}"]
