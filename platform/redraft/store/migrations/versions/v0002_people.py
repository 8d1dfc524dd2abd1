"""Projects, overlapping leases, drafts, known answers, reviews, and the secrets that people sign in with."""

from __future__ import annotations

import time
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from alembic.operations.base import BatchOperations

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MAIN = "main"
_FALSE, _TRUE = sa.false(), sa.true()


def upgrade() -> None:
    """Add what people need around the worklist; a lease moves from its task to a row of its own."""
    _projects()
    _tasks()
    _around_tasks()
    _answers()
    _people()
    op.drop_index("uq_policies_promoted", table_name="policies")
    with op.batch_alter_table("policies") as policies:
        values = ("candidate", "promoted", "superseded", "rejected", "external")
        _allow(policies, "ck_policies_status", "status", values)
    promoted = sa.text("status = 'promoted'")
    op.create_index(
        "uq_policies_promoted",
        "policies",
        ["status"],
        unique=True,
        sqlite_where=promoted,
        postgresql_where=promoted,
    )


def _allow(table: BatchOperations, name: str, column: str, values: Sequence[str]) -> None:
    """Put a new list of values in place of the old one."""
    table.drop_constraint(op.f(name), type_="check")
    _one_of(table, name, column, values)


def _one_of(table: BatchOperations, name: str, column: str, values: Sequence[str]) -> None:
    allowed = ", ".join(f"'{value}'" for value in values)
    table.create_check_constraint(op.f(name), sa.text(f"{column} IN ({allowed})"))


def _projects() -> None:
    projects = op.create_table(
        "projects",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("guidelines", sa.Text(), nullable=False),
        sa.Column("budget", sa.Integer()),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.CheckConstraint("kind IN ('correction', 'evaluation')", name=op.f("ck_projects_kind")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_projects")),
        sa.UniqueConstraint("id", name=op.f("uq_projects_id")),
    )
    main = {"id": _MAIN, "title": "The loop", "kind": "correction", "guidelines": "", "open": True}
    op.bulk_insert(projects, [main | {"created_at": time.time()}])


def _tasks() -> None:
    op.drop_index("ix_tasks_next", table_name="tasks")
    op.drop_index(op.f("ix_tasks_leased_by"), table_name="tasks")
    with op.batch_alter_table("tasks") as tasks:
        tasks.drop_constraint(op.f("ck_tasks_leased"), type_="check")
        _allow(tasks, "ck_tasks_state", "state", ("open", "leased", "done", "retired", "flagged"))
        tasks.drop_column("leased_by")
        tasks.drop_column("lease_expires")
        tasks.add_column(sa.Column("project", sa.String(), nullable=False, server_default=_MAIN))
        tasks.add_column(sa.Column("wanted", sa.Integer(), nullable=False, server_default="1"))
        tasks.add_column(sa.Column("gold", sa.Boolean(), nullable=False, server_default=_FALSE))
        tasks.add_column(sa.Column("free", sa.Integer(), nullable=False, server_default="0"))
        tasks.add_column(sa.Column("due", sa.Integer(), nullable=False, server_default="0"))
        tasks.add_column(sa.Column("characters", sa.Integer(), nullable=False, server_default="0"))
        tasks.create_foreign_key(op.f("fk_tasks_project"), "projects", ["project"], ["id"])
    op.execute("UPDATE tasks SET state = 'open' WHERE state = 'leased'")
    op.execute("UPDATE tasks SET characters = length(text)")
    op.execute("UPDATE tasks SET free = 1, due = 1 WHERE state = 'open'")
    with op.batch_alter_table("tasks") as tasks:
        tasks.create_check_constraint(op.f("ck_tasks_free"), sa.text("free >= 0 AND (state = 'open') = (free > 0)"))
    waiting = sa.text("state = 'open' AND NOT gold")
    op.create_index(
        "ix_tasks_next",
        "tasks",
        ["project", "skips", sa.literal_column("priority DESC"), "seq", "characters"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index("ix_tasks_state", "tasks", ["project", "state", "round", "gold"])
    few = {"gold": (["project", "seq"], "gold"), "flagged": (["seq"], "state = 'flagged'")}
    for name, (columns, which) in (few | {"overlapping": (["seq"], "wanted > 1")}).items():
        where = sa.text(which)
        op.create_index(f"ix_tasks_{name}", "tasks", columns, sqlite_where=where, postgresql_where=where)


def _around_tasks() -> None:
    op.create_table(
        "leases",
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("annotator", sa.String(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_leases_task_id")),
        sa.PrimaryKeyConstraint("task_id", "annotator", name=op.f("pk_leases")),
        sa.UniqueConstraint("annotator", name=op.f("uq_leases_annotator")),
    )
    op.create_index(op.f("ix_leases_expires_at"), "leases", ["expires_at"])
    if op.get_bind().dialect.name == "postgresql":
        # The next task is read past those that were taken, until they are swept away.
        op.execute("ALTER TABLE tasks SET (autovacuum_vacuum_scale_factor = 0.05)")
        op.execute("ALTER TABLE leases SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)")
    op.create_table(
        "drafts",
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("annotator", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("edits", sa.Text(), nullable=False),
        sa.Column("marks", sa.Text(), nullable=False),
        sa.Column("typing", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("saved_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_drafts_task_id")),
        sa.PrimaryKeyConstraint("task_id", "annotator", name=op.f("pk_drafts")),
    )
    op.create_table(
        "golds",
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("edits", sa.Text(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_golds_task_id")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_golds")),
    )
    op.create_table(
        "human_evaluations",
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["policy"], ["policies.id"], name=op.f("fk_human_evaluations_policy")),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_human_evaluations_project")),
        sa.PrimaryKeyConstraint("project", "policy", name=op.f("pk_human_evaluations")),
    )


def _answers() -> None:
    with op.batch_alter_table("corrections") as answers:
        kinds = ("corrected", "clean", "skipped", "flagged", "marked")
        _allow(answers, "ck_corrections_answer", "answer", kinds)
        answers.drop_constraint(op.f("uq_corrections_task_id_annotator"), type_="unique")
        answers.add_column(sa.Column("project", sa.String(), nullable=False, server_default=_MAIN))
        answers.add_column(sa.Column("marks", sa.Text(), nullable=False, server_default="[]"))
        answers.add_column(sa.Column("elapsed", sa.Double(), nullable=False, server_default="0"))
        answers.add_column(sa.Column("shaded", sa.Boolean(), nullable=False, server_default=_TRUE))
        answers.add_column(sa.Column("reason", sa.Text(), nullable=False, server_default=""))
        answers.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
        answers.add_column(sa.Column("current", sa.Boolean(), nullable=False, server_default=_TRUE))
        for name in ("review", "frozen", "gold"):
            answers.add_column(sa.Column(name, sa.Boolean(), nullable=False, server_default=_FALSE))
        answers.create_foreign_key(op.f("fk_corrections_project"), "projects", ["project"], ["id"])
        unique = ["task_id", "annotator", "review", "revision"]
        answers.create_unique_constraint(op.f("uq_corrections_task_id_annotator_review_revision"), unique)
    op.execute("UPDATE corrections SET frozen = (id IN (SELECT correction_id FROM dataset_corrections))")
    op.create_index("ix_corrections_annotator", "corrections", ["annotator", "submitted_at"])
    op.create_index("ix_corrections_project", "corrections", ["project", "seq"])
    gold = sa.text("gold")
    op.create_index("ix_corrections_gold", "corrections", ["annotator"], sqlite_where=gold, postgresql_where=gold)
    current = sa.text("current")
    op.create_index(
        "uq_corrections_current",
        "corrections",
        ["task_id", "annotator", "review"],
        unique=True,
        sqlite_where=current,
        postgresql_where=current,
    )


def _people() -> None:
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("email", sa.String(length=320)))
        users.add_column(sa.Column("work", sa.Text(), nullable=False, server_default="{}"))
        users.create_unique_constraint(op.f("uq_users_email"), ["email"])
        _one_of(users, "ck_users_role", "role", ("annotator", "reviewer", "researcher", "admin"))
    op.create_table(
        "tokens",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("user", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("used_at", sa.Double()),
        sa.CheckConstraint("kind IN ('invite', 'session', 'api')", name=op.f("ck_tokens_kind")),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name=op.f("fk_tokens_user")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_tokens")),
        sa.UniqueConstraint("id", name=op.f("uq_tokens_id")),
    )
    op.create_index(op.f("ix_tokens_user"), "tokens", ["user"])
