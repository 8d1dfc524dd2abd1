"""Where a run stands: what the loop's next step depends on, read from the database and the event log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from redraft.cost import gpu_seconds
from redraft.records import RoundRow, Split
from redraft.rounds import LoopState
from redraft.runs import read_events
from redraft_actors.canary import canary_under_way
from redraft_actors.context import RunContext


def loop_state(run: RunContext) -> LoopState:
    """What is true now; figures that no setting asks for are not computed."""
    store = run.store
    loop = run.config.loop.under(store.schedule())
    rounds = store.rounds()
    row = rounds[-1] if rounds else None
    promoted = store.promoted()
    counts = store.counts()
    now = store.now()
    # Simulated annotators have done all they can when they stop; people may still find time for a second opinion.
    seen = counts.open_answered if run.config.annotate.by == "oracle" else 0
    minutes = loop.max_annotator_minutes is not None
    return LoopState(
        config=loop,
        annotators=run.config.annotate.by,
        round=row,
        tasks_open=counts.open,
        tasks_skipped=counts.open_skipped + seen,
        tasks_leased=counts.leased,
        new_corrections=store.count_new_corrections(),
        unused_corrections=store.count_unused_corrections(),
        total_corrections=counts.corrected,
        stop_requested=store.stop_requested(),
        promoted=promoted.id if promoted else None,
        paused=store.paused(),
        hour=datetime.fromtimestamp(now, UTC).hour,
        round_minutes=max(0.0, now - row.started_at) / 60 if row else 0.0,
        annotator_minutes=sum(effort.seconds for effort in store.effort()) / 60 if minutes else 0.0,
        gpu_hours=sum(gpu_seconds(run.config, read_events(run.folder)).values()) / 3600,
        fruitless_rounds=fruitless(rounds),
        random_arm=tuple(store.random_arm(row.incumbent)) if row and loop.train_on_drift else (),
        canary=row is not None and canary_under_way(run, row),
        refills=refills_done(run, row) if row else 0,
        can_refill=bool(loop.refill_below) and can_refill(run),
    )


def fruitless(rounds: Sequence[RoundRow]) -> int:
    """The latest rounds in a row that trained a candidate and did not promote it; those without one are passed over."""
    count = 0
    for row in reversed(rounds):
        if row.promoted:
            break
        count += row.promoted is False
    return count


def refills_done(run: RunContext, row: RoundRow) -> int:
    """How often a round has drawn more tasks, from the samples that lie there."""
    done = 0
    while run.blobs.exists(key_of_samples(row.number, row.incumbent, done + 1)):
        done += 1
    return done


def key_of_samples(number: int, policy_id: str, refill: int = 0) -> str:
    """Where the samples of a round lie, or those of one of its refills."""
    key = f"samples/round-{number:03d}-{policy_id}"
    return f"{key}-refill-{refill:02d}" if refill else key


def can_refill(run: RunContext) -> bool:
    """Whether there are pictures that nobody was asked about; the picture world has no end."""
    if run.config.images.source == "world":
        return True
    used = run.store.used_images()
    return any(item.id not in used for item in run.store.images(Split.POOL))
