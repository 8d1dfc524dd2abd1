"""The tables, as the newest migration leaves them.

    images ──< responses ──< tasks ──< corrections >──< datasets ──< policies ──< evaluations
                                            dataset_corrections        │ parent
    rounds, verdicts, users, control, audit                            └─ itself

``seq`` keeps the order of insertion; ``id`` is the identifier that the records carry. Nested records are JSON text.
Dates are UTC seconds. A change here needs a migration beside it; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from redraft.records import Answer, Arm, Phase, PolicyStatus, Split, TaskState

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _seq() -> Column[int]:
    return Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


def _id() -> Column[str]:
    return Column("id", String, nullable=False, unique=True)


def _one_of(column: str, values: Iterable[StrEnum]) -> CheckConstraint:
    allowed = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=column)


images = Table(
    "images",
    metadata,
    _seq(),
    _id(),
    Column("origin", Text, nullable=False),
    Column("split", String, nullable=False, index=True),
    Column("blob", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    _one_of("split", Split),
)

responses = Table(
    "responses",
    metadata,
    _seq(),
    _id(),
    Column("image_id", String, ForeignKey("images.id"), nullable=False, index=True),
    Column("prompt", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("policy", String, ForeignKey("policies.id"), nullable=False),
    Column("round", Integer, nullable=False, index=True),
    Column("sample", Integer, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("temperature", Double, nullable=False),
    Column("top_p", Double, nullable=False),
    Column("finished", Boolean, nullable=False),
    Column("trace", Text, nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
    _seq(),
    _id(),
    Column("round", Integer, nullable=False, index=True),
    Column("response_id", String, ForeignKey("responses.id"), nullable=False),
    Column("image_id", String, ForeignKey("images.id"), nullable=False, index=True),
    Column("prompt", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("spans", Text, nullable=False),
    Column("arm", String, nullable=False),
    Column("priority", Double, nullable=False),
    Column("policy", String, ForeignKey("policies.id"), nullable=False),
    Column("state", String, nullable=False),
    Column("skips", Integer, nullable=False, server_default="0"),
    Column("leased_by", String, index=True),
    Column("lease_expires", Double),
    _one_of("arm", Arm),
    _one_of("state", TaskState),
    CheckConstraint("(state = 'leased') = (leased_by IS NOT NULL AND lease_expires IS NOT NULL)", name="leased"),
)
Index("ix_tasks_next", tasks.c.state, tasks.c.skips, tasks.c.priority.desc(), tasks.c.seq)

corrections = Table(
    "corrections",
    metadata,
    _seq(),
    _id(),
    Column("nonce", String, nullable=False, unique=True),
    Column("task_id", String, ForeignKey("tasks.id"), nullable=False),
    Column("round", Integer, nullable=False, index=True),
    Column("annotator", String, nullable=False),
    Column("answer", String, nullable=False, index=True),
    Column("original", Text, nullable=False),
    Column("corrected", Text, nullable=False),
    Column("edits", Text, nullable=False),
    Column("arm", String, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("submitted_at", Double, nullable=False),
    UniqueConstraint("task_id", "annotator"),
    _one_of("answer", Answer),
)

datasets = Table(
    "datasets",
    metadata,
    _seq(),
    _id(),
    Column("round", Integer, nullable=False),
    Column("blob", Text, nullable=False),
    Column("pairs", Integer, nullable=False),
    Column("reference", String, nullable=False),
    Column("created_at", Double, nullable=False),
)

dataset_corrections = Table(
    "dataset_corrections",
    metadata,
    Column("dataset_id", String, ForeignKey("datasets.id"), primary_key=True),
    Column("correction_id", String, ForeignKey("corrections.id"), primary_key=True, index=True),
    Column("position", Integer, nullable=False),
)

policies = Table(
    "policies",
    metadata,
    _seq(),
    _id(),
    Column("round", Integer, nullable=False),
    Column("parent", String, ForeignKey("policies.id"), index=True),
    Column("dataset", String, ForeignKey("datasets.id"), index=True),
    Column("blob", Text, nullable=False),
    Column("status", String, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("config_hash", String, nullable=False),
    Column("code_version", String, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
    _one_of("status", PolicyStatus),
)
ONE_PROMOTED = text("status = 'promoted'")
Index("uq_policies_promoted", policies.c.status, unique=True, sqlite_where=ONE_PROMOTED, postgresql_where=ONE_PROMOTED)

rounds = Table(
    "rounds",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("phase", String, nullable=False),
    Column("incumbent", String, ForeignKey("policies.id"), nullable=False),
    Column("dataset", String, ForeignKey("datasets.id")),
    Column("candidate", String, ForeignKey("policies.id")),
    Column("promoted", Boolean),
    Column("started_at", Double, nullable=False),
    Column("ended_at", Double),
    _one_of("phase", Phase),
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("policy", String, ForeignKey("policies.id"), primary_key=True),
    Column("split", String, primary_key=True),
    Column("record", Text, nullable=False),
    _one_of("split", Split),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("candidate", String, ForeignKey("policies.id"), primary_key=True),
    Column("record", Text, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
)

control = Table(
    "control",
    metadata,
    Column("flag", String, primary_key=True),
    Column("at", Double, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    _seq(),
    Column("at", Double, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("detail", Text, nullable=False),
)
