"""What people work on and what they say: images, responses, projects, tasks, leases, drafts, answers."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)

from redraft.records import MAIN_PROJECT, Answer, Arm, ProjectKind, Split, TaskState
from redraft.store.tables.columns import identifier, metadata, one_of, seq

images = Table(
    "images",
    metadata,
    seq(),
    identifier(),
    Column("origin", Text, nullable=False),
    Column("split", String, nullable=False, index=True),
    Column("blob", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    one_of("split", Split),
)

responses = Table(
    "responses",
    metadata,
    seq(),
    identifier(),
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

projects = Table(
    "projects",
    metadata,
    seq(),
    identifier(),
    Column("title", Text, nullable=False),
    Column("kind", String, nullable=False),
    Column("guidelines", Text, nullable=False),
    Column("budget", Integer),
    Column("open", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    one_of("kind", ProjectKind),
)

tasks = Table(
    "tasks",
    metadata,
    seq(),
    identifier(),
    Column("round", Integer, nullable=False, index=True),
    Column("response_id", String, ForeignKey("responses.id"), nullable=False),
    Column("image_id", String, ForeignKey("images.id"), nullable=False, index=True),
    Column("prompt", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("spans", Text, nullable=False),
    Column("arm", String, nullable=False),
    Column("priority", Double, nullable=False),
    Column("policy", String, ForeignKey("policies.id"), nullable=False),
    Column("project", String, ForeignKey("projects.id"), nullable=False, server_default=MAIN_PROJECT),
    Column("wanted", Integer, nullable=False, server_default="1"),
    Column("gold", Boolean, nullable=False, server_default=false()),
    Column("state", String, nullable=False),
    Column("free", Integer, nullable=False, server_default="0"),
    Column("due", Integer, nullable=False, server_default="0"),
    Column("skips", Integer, nullable=False, server_default="0"),
    Column("characters", Integer, nullable=False, server_default="0"),
    one_of("arm", Arm),
    one_of("state", TaskState),
    CheckConstraint("free >= 0 AND (state = 'open') = (free > 0)", name="free"),
)
"""``due`` answers are still wanted; ``free`` of them are nobody's lease, none unless the task is open."""
WAITING = text("state = 'open' AND NOT gold")
Index(
    "ix_tasks_next",
    tasks.c.project,
    tasks.c.skips,
    tasks.c.priority.desc(),
    tasks.c.seq,
    tasks.c.characters,
    sqlite_where=WAITING,
    postgresql_where=WAITING,
)
Index("ix_tasks_state", tasks.c.project, tasks.c.state, tasks.c.round, tasks.c.gold)
GOLD, FLAGGED, OVERLAPPING = text("gold"), text("state = 'flagged'"), text("wanted > 1")
Index("ix_tasks_gold", tasks.c.project, tasks.c.seq, sqlite_where=GOLD, postgresql_where=GOLD)
Index("ix_tasks_flagged", tasks.c.seq, sqlite_where=FLAGGED, postgresql_where=FLAGGED)
Index("ix_tasks_overlapping", tasks.c.seq, sqlite_where=OVERLAPPING, postgresql_where=OVERLAPPING)

leases = Table(
    "leases",
    metadata,
    Column("task_id", String, ForeignKey("tasks.id"), primary_key=True),
    Column("annotator", String, primary_key=True, unique=True),
    Column("expires_at", Double, nullable=False, index=True),
    Column("training", Boolean, nullable=False),
)

drafts = Table(
    "drafts",
    metadata,
    Column("task_id", String, ForeignKey("tasks.id"), primary_key=True),
    Column("annotator", String, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("edits", Text, nullable=False),
    Column("marks", Text, nullable=False),
    Column("typing", Text, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("saved_at", Double, nullable=False),
)

golds = Table(
    "golds",
    metadata,
    Column("task_id", String, ForeignKey("tasks.id"), primary_key=True),
    Column("edits", Text, nullable=False),
    Column("explanation", Text, nullable=False),
    Column("author", String, nullable=False),
    Column("created_at", Double, nullable=False),
)

corrections = Table(
    "corrections",
    metadata,
    seq(),
    identifier(),
    Column("nonce", String, nullable=False, unique=True),
    Column("task_id", String, ForeignKey("tasks.id"), nullable=False),
    Column("project", String, ForeignKey("projects.id"), nullable=False, server_default=MAIN_PROJECT),
    Column("round", Integer, nullable=False, index=True),
    Column("annotator", String, nullable=False),
    Column("answer", String, nullable=False, index=True),
    Column("original", Text, nullable=False),
    Column("corrected", Text, nullable=False),
    Column("edits", Text, nullable=False),
    Column("marks", Text, nullable=False, server_default="[]"),
    Column("arm", String, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("elapsed", Double, nullable=False, server_default="0"),
    Column("shaded", Boolean, nullable=False, server_default=true()),
    Column("reason", Text, nullable=False, server_default=""),
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("current", Boolean, nullable=False, server_default=true()),
    Column("review", Boolean, nullable=False, server_default=false()),
    Column("frozen", Boolean, nullable=False, server_default=false()),
    Column("gold", Boolean, nullable=False, server_default=false()),
    Column("submitted_at", Double, nullable=False),
    UniqueConstraint("task_id", "annotator", "review", "revision"),
    one_of("answer", Answer),
)
Index("ix_corrections_annotator", corrections.c.annotator, corrections.c.submitted_at)
Index("ix_corrections_project", corrections.c.project, corrections.c.seq)
Index("ix_corrections_gold", corrections.c.annotator, sqlite_where=GOLD, postgresql_where=GOLD)
CURRENT = text("current")
Index(
    "uq_corrections_current",
    corrections.c.task_id,
    corrections.c.annotator,
    corrections.c.review,
    unique=True,
    sqlite_where=CURRENT,
    postgresql_where=CURRENT,
)
