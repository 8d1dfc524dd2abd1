"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables, and refuse changes to the audit log."""
    _policies()
    _responses()
    _worklist()
    _loop()
    _people()
    if op.get_bind().dialect.name == "sqlite":
        _append_only_sqlite()
    else:
        _append_only_postgresql()


def _seq() -> sa.Column[int]:
    return sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False)


def _policies() -> None:
    op.create_table(
        "datasets",
        _seq(),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.Column("pairs", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_datasets")),
        sa.UniqueConstraint("id", name=op.f("uq_datasets_id")),
    )
    op.create_table(
        "policies",
        _seq(),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("parent", sa.String()),
        sa.Column("dataset", sa.String()),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("config_hash", sa.String(), nullable=False),
        sa.Column("code_version", sa.String(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "status IN ('candidate', 'promoted', 'superseded', 'rejected')", name=op.f("ck_policies_status")
        ),
        sa.ForeignKeyConstraint(["dataset"], ["datasets.id"], name=op.f("fk_policies_dataset")),
        sa.ForeignKeyConstraint(["parent"], ["policies.id"], name=op.f("fk_policies_parent")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_policies")),
        sa.UniqueConstraint("id", name=op.f("uq_policies_id")),
    )
    op.create_index(op.f("ix_policies_dataset"), "policies", ["dataset"])
    op.create_index(op.f("ix_policies_parent"), "policies", ["parent"])
    op.create_index(
        "uq_policies_promoted",
        "policies",
        ["status"],
        unique=True,
        sqlite_where=sa.text("status = 'promoted'"),
        postgresql_where=sa.text("status = 'promoted'"),
    )


def _responses() -> None:
    op.create_table(
        "images",
        _seq(),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("split", sa.String(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.CheckConstraint("split IN ('pool', 'dev', 'test')", name=op.f("ck_images_split")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_images")),
        sa.UniqueConstraint("id", name=op.f("uq_images_id")),
    )
    op.create_index(op.f("ix_images_split"), "images", ["split"])
    op.create_table(
        "responses",
        _seq(),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("image_id", sa.String(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("sample", sa.Integer(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("temperature", sa.Double(), nullable=False),
        sa.Column("top_p", sa.Double(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_responses_image_id")),
        sa.ForeignKeyConstraint(["policy"], ["policies.id"], name=op.f("fk_responses_policy")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_responses")),
        sa.UniqueConstraint("id", name=op.f("uq_responses_id")),
    )
    op.create_index(op.f("ix_responses_image_id"), "responses", ["image_id"])
    op.create_index(op.f("ix_responses_round"), "responses", ["round"])


def _worklist() -> None:
    op.create_table(
        "tasks",
        _seq(),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("response_id", sa.String(), nullable=False),
        sa.Column("image_id", sa.String(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("spans", sa.Text(), nullable=False),
        sa.Column("arm", sa.String(), nullable=False),
        sa.Column("priority", sa.Double(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("skips", sa.Integer(), server_default="0", nullable=False),
        sa.Column("leased_by", sa.String()),
        sa.Column("lease_expires", sa.Double()),
        sa.CheckConstraint(
            "(state = 'leased') = (leased_by IS NOT NULL AND lease_expires IS NOT NULL)", name=op.f("ck_tasks_leased")
        ),
        sa.CheckConstraint("arm IN ('uncertain', 'random')", name=op.f("ck_tasks_arm")),
        sa.CheckConstraint("state IN ('open', 'leased', 'done', 'retired')", name=op.f("ck_tasks_state")),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_tasks_image_id")),
        sa.ForeignKeyConstraint(["policy"], ["policies.id"], name=op.f("fk_tasks_policy")),
        sa.ForeignKeyConstraint(["response_id"], ["responses.id"], name=op.f("fk_tasks_response_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_tasks")),
        sa.UniqueConstraint("id", name=op.f("uq_tasks_id")),
    )
    op.create_index(op.f("ix_tasks_image_id"), "tasks", ["image_id"])
    op.create_index(op.f("ix_tasks_leased_by"), "tasks", ["leased_by"])
    op.create_index("ix_tasks_next", "tasks", ["state", "skips", sa.literal_column("priority DESC"), "seq"])
    op.create_index(op.f("ix_tasks_round"), "tasks", ["round"])
    op.create_table(
        "corrections",
        _seq(),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("annotator", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("original", sa.Text(), nullable=False),
        sa.Column("corrected", sa.Text(), nullable=False),
        sa.Column("edits", sa.Text(), nullable=False),
        sa.Column("arm", sa.String(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("submitted_at", sa.Double(), nullable=False),
        sa.CheckConstraint("answer IN ('corrected', 'clean', 'skipped')", name=op.f("ck_corrections_answer")),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_corrections_task_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_corrections")),
        sa.UniqueConstraint("id", name=op.f("uq_corrections_id")),
        sa.UniqueConstraint("nonce", name=op.f("uq_corrections_nonce")),
        sa.UniqueConstraint("task_id", "annotator", name=op.f("uq_corrections_task_id_annotator")),
    )
    op.create_index(op.f("ix_corrections_answer"), "corrections", ["answer"])
    op.create_index(op.f("ix_corrections_round"), "corrections", ["round"])
    op.create_table(
        "dataset_corrections",
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("correction_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["correction_id"], ["corrections.id"], name=op.f("fk_dataset_corrections_correction_id")
        ),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_dataset_corrections_dataset_id")),
        sa.PrimaryKeyConstraint("dataset_id", "correction_id", name=op.f("pk_dataset_corrections")),
    )
    op.create_index(op.f("ix_dataset_corrections_correction_id"), "dataset_corrections", ["correction_id"])


def _loop() -> None:
    op.create_table(
        "rounds",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("incumbent", sa.String(), nullable=False),
        sa.Column("dataset", sa.String()),
        sa.Column("candidate", sa.String()),
        sa.Column("promoted", sa.Boolean()),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double()),
        sa.CheckConstraint(
            "phase IN ('sampling', 'annotating', 'building', 'training', 'evaluating', 'promoting', 'done')",
            name=op.f("ck_rounds_phase"),
        ),
        sa.ForeignKeyConstraint(["candidate"], ["policies.id"], name=op.f("fk_rounds_candidate")),
        sa.ForeignKeyConstraint(["dataset"], ["datasets.id"], name=op.f("fk_rounds_dataset")),
        sa.ForeignKeyConstraint(["incumbent"], ["policies.id"], name=op.f("fk_rounds_incumbent")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_rounds")),
    )
    op.create_table(
        "evaluations",
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("split", sa.String(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.CheckConstraint("split IN ('pool', 'dev', 'test')", name=op.f("ck_evaluations_split")),
        sa.ForeignKeyConstraint(["policy"], ["policies.id"], name=op.f("fk_evaluations_policy")),
        sa.PrimaryKeyConstraint("policy", "split", name=op.f("pk_evaluations")),
    )
    op.create_table(
        "verdicts",
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("candidate", sa.String(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["candidate"], ["policies.id"], name=op.f("fk_verdicts_candidate")),
        sa.PrimaryKeyConstraint("round", "candidate", name=op.f("pk_verdicts")),
    )
    op.create_table(
        "control",
        sa.Column("flag", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("flag", name=op.f("pk_control")),
    )


def _people() -> None:
    op.create_table(
        "users",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_users")),
    )
    op.create_table(
        "audit",
        _seq(),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )


def _append_only_sqlite() -> None:
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_no_{change.lower()} BEFORE {change} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )


def _append_only_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION redraft_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION redraft_audit_is_append_only()"
    )
