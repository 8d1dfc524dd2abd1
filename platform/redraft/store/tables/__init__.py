"""The tables, as the newest migration leaves them.

    images ──< responses ──< tasks ──< corrections >──< datasets ──< policies ──< evaluations
                  projects ──┘ ├─ leases   dataset_corrections         │ parent    human_evaluations
                               ├─ drafts                               └─ itself
    users ──< tokens           └─ golds
    rounds, verdicts, control, events, audit

``seq`` keeps the order of insertion; ``id`` is the identifier that the records carry. Nested records are JSON text.
Dates are UTC seconds. A change here needs a migration beside it; a test compares the two.
"""

from redraft.store.tables.columns import metadata
from redraft.store.tables.learning import (
    control,
    dataset_corrections,
    datasets,
    evaluations,
    events,
    human_evaluations,
    policies,
    rounds,
    verdicts,
)
from redraft.store.tables.people import audit, tokens, users
from redraft.store.tables.work import WAITING, corrections, drafts, golds, images, leases, projects, responses, tasks

__all__ = [
    "WAITING",
    "audit",
    "control",
    "corrections",
    "dataset_corrections",
    "datasets",
    "drafts",
    "evaluations",
    "events",
    "golds",
    "human_evaluations",
    "images",
    "leases",
    "metadata",
    "policies",
    "projects",
    "responses",
    "rounds",
    "tasks",
    "tokens",
    "users",
    "verdicts",
]
