"""What a run's instruments show at one moment: plain numbers by name, for whatever system collects them."""

from __future__ import annotations

from collections.abc import Sequence

from redraft.config import Config
from redraft.cost import gpu_seconds
from redraft.quality.shares import wilson
from redraft.records import PolicyStatus, PolicyVersion, Record, Split
from redraft.runs import Event, RunFolder, read_events
from redraft.store import Store
from redraft.train.health import read_steps

HOUR = 3600.0


class Gauge(Record):
    """One instrument."""

    name: str
    description: str


GAUGES = tuple(
    Gauge(name=f"redraft_{name}", description=description)
    for name, description in {
        "round": "number of the round under way",
        "tasks_open": "tasks that wait for people",
        "tasks_leased": "tasks that people hold",
        "tasks_flagged": "tasks that wait for a reviewer",
        "oldest_task_seconds": "age of the round that the oldest open task is of",
        "annotators": "people who hold a task or answered within the last hour",
        "answers_last_hour": "answers within the last hour",
        "corrections": "corrected responses so far",
        "annotator_minutes": "active minutes of people so far",
        "gpu_hours": "GPU-hours of steps that ended",
        "images_per_second": "images that the last sampling described a second",
        "pairs_per_second": "pairs that the last training step took a second",
        "random_arm_answers": "answered responses of the random arm, of the policy in force",
        "random_arm_wrong": "share of them that were wrong: an unbiased hallucination rate of sampled responses",
        "random_arm_wrong_low": "lower end of its 95 % interval",
        "random_arm_wrong_high": "upper end of its 95 % interval",
        "hallucination": "response-level rate of the policy in force on the test split",
        "policies_promoted": "candidates that were promoted so far",
        "policies_rejected": "candidates that were rejected so far",
        "canary_asked": "requests that the last candidate on trial got",
        "canary_bad": "share of them that failed, were given up or came out empty",
    }.items()
)


def read_gauges(folder: RunFolder, config: Config, store: Store, now: float) -> dict[str, float]:
    """What every instrument that has something to show shows at ``now``, UTC seconds; the others are left out."""
    events = read_events(folder)
    policies = store.policies()
    shown = _work(store, now) | _cost(config, store, events) | _speed(folder, events)
    shown |= _policies(policies) | _trial(events)
    promoted = store.promoted()
    if promoted is not None:
        shown |= _quality(store, promoted)
    rounds = store.rounds()
    if rounds:
        shown["round"] = rounds[-1].number
    return {f"redraft_{name}": float(value) for name, value in shown.items()}


def _work(store: Store, now: float) -> dict[str, float]:
    counts, people, since = store.counts(), store.at_work(within=HOUR), store.waiting_since()
    shown = {
        "tasks_open": counts.open,
        "tasks_leased": counts.leased,
        "tasks_flagged": counts.flagged,
        "corrections": counts.corrected,
        "annotators": len(people),
        "answers_last_hour": sum(person.answers for person in people),
    }
    return shown | ({} if since is None else {"oldest_task_seconds": max(0.0, now - since)})


def _cost(config: Config, store: Store, events: Sequence[Event]) -> dict[str, float]:
    return {
        "annotator_minutes": sum(effort.seconds for effort in store.effort()) / 60,
        "gpu_hours": sum(gpu_seconds(config, events).values()) / HOUR,
    }


def _speed(folder: RunFolder, events: Sequence[Event]) -> dict[str, float]:
    shown = {}
    sampled = [e for e in events if e.step == "sample" and e.seconds and "images" in e.detail]
    if sampled:
        shown["images_per_second"] = float(sampled[-1].detail["images"]) / (sampled[-1].seconds or 1.0)
    log = folder.train_log(events[-1].round) if events else None
    steps = read_steps(log) if log is not None and log.exists() else ()
    speed = steps[-1].speed if steps else None
    if speed is not None:
        shown["pairs_per_second"] = speed.pairs_per_second
    return shown


def _policies(policies: Sequence[PolicyVersion]) -> dict[str, float]:
    """The first version is nobody's candidate."""
    trained = [policy for policy in policies if policy.parent is not None]
    passed = (PolicyStatus.PROMOTED, PolicyStatus.SUPERSEDED)
    return {
        "policies_promoted": sum(policy.status in passed for policy in trained),
        "policies_rejected": sum(policy.status is PolicyStatus.REJECTED for policy in trained),
    }


def _trial(events: Sequence[Event]) -> dict[str, float]:
    trials = [event.detail for event in events if event.step == "canary"]
    if not trials:
        return {}
    asked = float(trials[-1]["asked"])
    return {"canary_asked": asked} | ({"canary_bad": float(trials[-1]["bad"]) / asked} if asked else {})


def _quality(store: Store, promoted: PolicyVersion) -> dict[str, float]:
    wrong = store.random_arm(promoted.id)
    shown: dict[str, float] = {"random_arm_answers": len(wrong)}
    if wrong:
        share = wilson(sum(wrong), len(wrong))
        shown |= {
            "random_arm_wrong": share.value,
            "random_arm_wrong_low": share.low,
            "random_arm_wrong_high": share.high,
        }
    measured = [e for e in store.evaluations(promoted.id) if e.split is Split.TEST]
    if measured:
        shown["hallucination"] = measured[-1].response_rate.value
    return shown
