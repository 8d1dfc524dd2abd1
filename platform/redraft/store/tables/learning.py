"""What is learned from it: dataset versions, policy versions, rounds, measurements."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from redraft.records import Phase, PolicyStatus, Split
from redraft.store.tables.columns import identifier, metadata, one_of, seq

datasets = Table(
    "datasets",
    metadata,
    seq(),
    identifier(),
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
    seq(),
    identifier(),
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
    one_of("status", PolicyStatus),
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
    one_of("phase", Phase),
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("policy", String, ForeignKey("policies.id"), primary_key=True),
    Column("split", String, primary_key=True),
    Column("record", Text, nullable=False),
    one_of("split", Split),
)

human_evaluations = Table(
    "human_evaluations",
    metadata,
    Column("project", String, ForeignKey("projects.id"), primary_key=True),
    Column("policy", String, ForeignKey("policies.id"), primary_key=True),
    Column("record", Text, nullable=False),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("candidate", String, ForeignKey("policies.id"), primary_key=True),
    Column("record", Text, nullable=False),
)

control = Table(
    "control",
    metadata,
    Column("flag", String, primary_key=True),
    Column("at", Double, nullable=False),
    Column("detail", Text),
)

events = Table(
    "events",
    metadata,
    seq(),
    Column("at", Double, nullable=False),
    Column("run", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("step", String, nullable=False),
    Column("policy", String, index=True),
    Column("dataset", String),
    Column("seconds", Double),
    Column("rss_gib", Double),
    Column("detail", Text, nullable=False),
    UniqueConstraint("run", "at", "round", "step"),
    Index(None, "round", "step"),
)
