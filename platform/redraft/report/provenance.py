"""Where the result came from: policies and their data, the time each step took, the config."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import make_url

from redraft.records import PolicyStatus, Record
from redraft.report.history import History


class LineageRow(Record):
    """A policy version, what it was trained from and on, and who made that."""

    policy: str
    round: int
    parent: str
    dataset: str
    pairs: int | None
    annotators: tuple[str, ...]
    status: PolicyStatus
    seed: int
    config_hash: str
    code_version: str


class TimingRow(Record):
    """Seconds that a step took, by round."""

    step: str
    seconds: dict[int, float]
    total: float


def lineage_rows(history: History) -> list[LineageRow]:
    """A row for every policy version, in the order they were made."""
    datasets = {dataset.id: dataset for dataset in history.datasets}
    annotator_of = {correction.id: correction.annotator for correction in history.corrections}
    rows = []
    for policy in history.policies:
        dataset = datasets.get(policy.dataset) if policy.dataset else None
        rows.append(
            LineageRow(
                policy=policy.id,
                round=policy.round,
                parent=policy.parent or "",
                dataset=policy.dataset or "",
                pairs=dataset.pairs if dataset else None,
                annotators=tuple(sorted({annotator_of[c] for c in dataset.corrections})) if dataset else (),
                status=policy.status,
                seed=policy.seed,
                config_hash=policy.config_hash,
                code_version=policy.code_version,
            )
        )
    return rows


def timing_rows(history: History) -> list[TimingRow]:
    """A row for every step that was timed, in the order the steps first ended."""
    spent: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for event in history.events:
        if event.seconds is not None:
            spent[event.step][event.round] += event.seconds
    return [TimingRow(step=step, seconds=dict(by), total=sum(by.values())) for step, by in spent.items()]


def config_text(history: History) -> str:
    """The resolved config as YAML, without the secrets that a database URL may carry."""
    config = history.config
    if config.storage.database:
        shown = make_url(config.storage.database).set(query={}).render_as_string(hide_password=True)
        storage = config.storage.model_copy(update={"database": shown})
        config = config.model_copy(update={"storage": storage})
    return config.to_yaml()
