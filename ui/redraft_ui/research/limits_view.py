"""What the loop may spend and when it moves on, with what it has spent, as sentences."""

from __future__ import annotations

from redraft.config import Config
from redraft.cost import gpu_seconds
from redraft.records import Record, Schedule
from redraft.rounds import when_it_trains
from redraft.runs import RunFolder, read_events
from redraft.store import Store
from redraft_ui.research.wording import counted


class Spent(Record):
    """What the run has used of its limits."""

    corrections: int
    annotator_minutes: float
    gpu_hours: float


def spent(store: Store, folder: RunFolder, config: Config) -> Spent:
    """Read from the answers and the steps so far."""
    efforts = store.effort()
    return Spent(
        corrections=sum(effort.corrected for effort in efforts),
        annotator_minutes=sum(effort.seconds for effort in efforts) / 60,
        gpu_hours=sum(gpu_seconds(config, read_events(folder)).values()) / 3600,
    )


def limits(config: Config, used: Spent, schedule: Schedule | None = None) -> list[str]:
    """What a round asks for, when it trains (as a person has set it, if anybody has), and when the loop ends."""
    return [_asked(config), when_it_trains(config.loop.under(schedule)), _ends(config, used)]


def _asked(config: Config) -> str:
    route = config.route
    most = f"at most {counted(route.budget, 'task')}"
    minutes = "" if route.minutes is None else f" or about {route.minutes:g} minutes of people's time"
    if route.strategy == "random":
        return f"A round asks for {most}{minutes}, all drawn at random."
    return (
        f"A round asks for {most}{minutes}, {100 * route.random_share:g} % of them drawn at random ({route.strategy})."
    )


def _ends(config: Config, used: Spent) -> str:
    loop = config.loop
    ends = []
    if loop.rounds is not None:
        ends.append(f"after {counted(loop.rounds, 'round')}")
    if loop.max_corrections is not None:
        ends.append(f"at {counted(loop.max_corrections, 'correction')} ({used.corrections:,} so far)")
    if loop.max_annotator_minutes is not None:
        ends.append(f"at {loop.max_annotator_minutes:g} minutes of work ({used.annotator_minutes:.0f} so far)")
    if loop.max_gpu_hours is not None:
        ends.append(f"at {loop.max_gpu_hours:g} GPU-hours ({used.gpu_hours:.1f} so far)")
    if loop.patience is not None:
        ends.append(f"after {counted(loop.patience, 'round')} in a row that promote nothing")
    if not ends:
        return "It goes on until somebody stops it."
    return f"It ends {', or '.join(ends)}."
