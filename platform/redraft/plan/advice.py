"""Which knobs would make a job fit that does not: each tried on top of those before it, cheapest first."""

from __future__ import annotations

from collections.abc import Iterator

from redraft.config import Config, LoraConfig, TrainConfig
from redraft.plan.estimate import Suggestion, TrainingPlan, estimate

_WORTHWHILE = 2**26
"""Bytes of shortage that a knob must remove to be worth naming."""

_SPLIT: dict[str, object] = {"strategy": "deepspeed", "zero_stage": 3}
_KNOBS: tuple[dict[str, object], ...] = (
    {"gradient_checkpointing": True},
    {"micro_batch": 1},
    {"strategy": "deepspeed"},
    _SPLIT,
    {"strategy": "deepspeed", "offload_optimizer": True},
    {**_SPLIT, "offload_parameters": True},
)


def suggest(plan: TrainingPlan, config: Config) -> tuple[Suggestion, ...]:
    """Knobs that lessen what ``plan``, made from ``config``, is short of; the last makes it fit if any does.

    More workers come last, as many as divide the batch, and are taken to bring machines of the same size with them.
    """
    kept: list[Suggestion] = []
    train = config.train
    for changes in _changes(train):
        changed = train.model_copy(update=changes)
        tried = _again(plan, config, changed)
        if plan.shortage - tried.shortage < _WORTHWHILE:
            continue
        kept.append(Suggestion(knob=_as_set(train, changes), saves=_saved(plan, tried), fits=tried.shortage == 0))
        plan, train = tried, changed
        if kept[-1].fits:
            return tuple(kept)
    return tuple([*kept, *_more_workers(plan, config, train)])


def _changes(train: TrainConfig) -> Iterator[dict[str, object]]:
    yield from _KNOBS
    if train.lora is None:
        yield {"lora": LoraConfig()}


def _more_workers(plan: TrainingPlan, config: Config, train: TrainConfig) -> list[Suggestion]:
    counts = [n for n in range(train.workers + 1, train.batch_size + 1) if train.batch_size % n == 0]
    # One worker gains nothing from ZeRO-3, so it may not have been kept; several share the weights with it.
    changes = [{**split, "workers": n} for split in ({}, _SPLIT) for n in counts]
    tries = [(change, _again(plan, config, train.model_copy(update=change))) for change in changes]
    fitting = [(change, tried) for change, tried in tries if tried.shortage == 0]
    change, best = fitting[0] if fitting else min(tries, key=lambda t: t[1].shortage, default=({}, plan))
    if plan.shortage - best.shortage < _WORTHWHILE:
        return []
    return [Suggestion(knob=_as_set(train, change), saves=_saved(plan, best), fits=best.shortage == 0)]


def _again(plan: TrainingPlan, config: Config, train: TrainConfig) -> TrainingPlan:
    return estimate(
        plan.shape,
        config.model_copy(update={"train": train}),
        plan.statistics,
        machine=plan.machine,
        workers_per_machine=plan.workers_per_machine,
        mfu=plan.mfu,
    )


def _saved(before: TrainingPlan, after: TrainingPlan) -> int:
    """Bytes that one worker needs less of what was short."""
    if before.device_shortage or before.host is None or after.host is None:
        return before.memory.total - after.memory.total
    return before.host.total - after.host.total


def _as_set(train: TrainConfig, changes: dict[str, object]) -> str:
    shown = []
    for field, value in changes.items():
        if isinstance(value, LoraConfig):
            shown.append(f"train.lora.rank={value.rank}")
        elif getattr(train, field) != value:
            shown.append(f"train.{field}={str(value).lower()}")
    return " and ".join(shown)
