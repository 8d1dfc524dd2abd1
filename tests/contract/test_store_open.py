"""Opening a database: every mistake is one sentence, no password is shown, and every process finds the same schema."""

from __future__ import annotations

import logging
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from redraft.errors import StorageError
from redraft.store import Store, engine, migrate, tables


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "malformed"),
        ("redraft.db", "malformed"),
        ("postgresql+psycopg://me:hunter2@host:notaport/db", "malformed"),
        ("mysql://me:hunter2@host/db", "mysql are not supported"),
        ("postgresql+psycopg2://me:hunter2@host/db", "not supported"),
        ("postgres://me:hunter2@host/db", "not supported"),
        ("postgresql+psycopg://me:hunter2@host", "names no database"),
        ("postgresql+psycopg://me:hunter2@127.0.0.1:1/db", "cannot be used: connection"),
        ("sqlite://", "in-memory"),
        ("sqlite:///:memory:", "in-memory"),
        ("sqlite:///a.db?mode=ro", "nothing else"),
        ("sqlite://me:hunter2@host/a.db", "nothing else"),
        ("sqlite:////no/such/folder/a.db", "there is no folder /no/such/folder"),
        ("sqlite:////tmp", "is a folder"),
        ("sqlite:////proc/redraft.db", "cannot be opened"),
    ],
)
def test_a_wrong_url_is_one_sentence_without_the_password(url: str, says: str) -> None:
    with pytest.raises(StorageError, match=says) as raised:
        Store.open(url)
    assert "hunter2" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_password_is_in_the_url_for_other_processes_and_nowhere_else(tmp_path: Path) -> None:
    url = engine.parse_url("postgresql://me:hunter2@host:5433/db")
    store = Store(engine.Database(url))
    assert store.url == "postgresql+psycopg://me:hunter2@host:5433/db"
    assert "hunter2" not in repr(store)


def test_a_relative_path_means_the_same_file_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Store.open("sqlite:///here.db") as store:
        assert store.url == f"sqlite:///{tmp_path}/here.db"


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    file.write_bytes(b"Dear diary, " * 1000)
    with pytest.raises(StorageError, match="not a SQLite database"):
        Store.open(f"sqlite:///{file}")
    assert file.read_bytes() == b"Dear diary, " * 1000
    assert os.listdir(tmp_path) == ["notes.db"]


def test_another_programs_tables_are_not_touched(empty_database_url: str) -> None:
    with raw(empty_database_url) as connection:
        connection.execute(sa.text("CREATE TABLE users (shoe_size INTEGER)"))
    with pytest.raises(StorageError, match=r"another program's tables \(users\)"):
        Store.open(empty_database_url)
    with raw(empty_database_url) as connection:
        assert sa.inspect(connection).get_table_names() == ["users"]


def test_a_newer_schema_is_refused(empty_database_url: str) -> None:
    Store.open(empty_database_url).close()
    with raw(empty_database_url) as connection:
        connection.execute(sa.text(f"UPDATE {migrate.VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(StorageError, match=r"newer Redraft \(schema 9999"):
        Store.open(empty_database_url)


def test_the_migrations_make_the_tables_that_the_code_uses(empty_database_url: str) -> None:
    Store.open(empty_database_url).close()
    with raw(empty_database_url) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": migrate.VERSION_TABLE})
        assert compare_metadata(context, tables.metadata) == []
        checks = {
            t: {c["name"] for c in sa.inspect(connection).get_check_constraints(t)} for t in tables.metadata.tables
        }
    declared = {
        name: {c.name for c in table.constraints if isinstance(c, sa.CheckConstraint)}
        for name, table in tables.metadata.tables.items()
    }
    assert checks == declared


def test_the_newest_migration_is_the_one_the_code_expects() -> None:
    scripts = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))
    assert scripts.get_current_head() == migrate.HEAD


def test_opening_leaves_logging_as_it_is(empty_database_url: str) -> None:
    root = logging.getLogger()
    mine = logging.getLogger("mine")
    before = (root.level, list(root.handlers), mine.disabled)
    Store.open(empty_database_url).close()
    assert (root.level, list(root.handlers), mine.disabled) == before
    assert not logging.getLogger("alembic.runtime.migration").handlers


def test_what_was_written_is_there_when_opened_again(empty_database_url: str) -> None:
    with Store.open(empty_database_url) as store:
        store.ensure_user("Zoë", "admin")
    with Store.open(empty_database_url) as store:
        assert [user.name for user in store.users()] == ["Zoë"]


def test_a_store_carried_over_a_fork_works_on_both_sides(store: Store) -> None:
    store.ensure_user("before")
    child = os.fork()
    if child == 0:
        store.ensure_user("child")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    store.ensure_user("parent")
    assert [user.name for user in store.users()] == ["before", "child", "parent"]


def test_a_database_that_stays_locked_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.05)
    with Store.open(f"sqlite:///{tmp_path}/a.db") as store:
        other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="another process kept it locked"):
            store.ensure_user("ann")
        assert store.users() == [], "readers never wait for a writer"
        other.execute("ROLLBACK")
        other.close()
        store.ensure_user("ann")


def test_connections_that_the_server_dropped_are_replaced(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    if store.url.startswith("sqlite"):
        pytest.skip("SQLite has no server")
    store.ensure_user("ann")
    with raw(store.url) as connection:
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(sa.text(f"SELECT pg_terminate_backend(pid) {others}"))
    monkeypatch.setattr(engine, "_IDLE_SECONDS", -1.0)
    assert [user.name for user in store.users()] == ["ann"]


def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_written(fill: Any) -> None:
    if not fill.store.url.startswith("sqlite"):
        pytest.skip("only SQLite can be told how much disk there is")
    fill.tasks(1.0)
    with fill.store._db.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 4}")
    with pytest.raises(StorageError, match="the disk is full"):
        fill.tasks(*[1.0] * 500, round=2)
    assert fill.store.counts(2).open == 0
    assert fill.answer("ann").round == 1


def test_a_damaged_database_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    with Store.open(f"sqlite:///{file}") as store:
        store.ensure_user("ann")
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(bytes(content))
    with pytest.raises(StorageError, match="damaged"):
        Store.open(f"sqlite:///{file}")


OLD_ROWS = (
    "INSERT INTO images (id, origin, split, blob, width, height) VALUES ('i', 'cat.jpg', 'pool', 'b', 4, 3)",
    "INSERT INTO policies (id, round, blob, status, reasons, config_hash, code_version, seed, created_at) "
    "VALUES ('base', 0, 'b', 'superseded', '[]', 'c', '0.1.0', 7, 1)",
    "INSERT INTO responses (id, image_id, prompt, text, policy, round, sample, seed, temperature, top_p, finished, "
    "trace) VALUES ('r', 'i', 'Describe.', 'A red cup.', 'base', 1, 0, 1, 0.9, 1, true, '{}')",
    *(
        "INSERT INTO tasks (id, round, response_id, image_id, prompt, text, spans, arm, priority, policy, state, "
        f"skips, leased_by, lease_expires) VALUES ('{id}', 1, 'r', 'i', 'Describe.', 'A red cup.', '[]', 'random', "
        f"{priority}, 'base', '{state}', {skips}, {lease})"
        for id, priority, state, skips, lease in (
            ("open", 1.0, "open", 1, "NULL, NULL"),
            ("held", 2.0, "leased", 0, "'ann', 2000000"),
            ("done", 3.0, "done", 0, "NULL, NULL"),
            ("late", 4.0, "done", 0, "NULL, NULL"),
            ("gone", 5.0, "retired", 0, "NULL, NULL"),
        )
    ),
    *(
        "INSERT INTO corrections (id, nonce, task_id, round, annotator, answer, original, corrected, edits, arm, "
        f"seconds, submitted_at) VALUES ('{id}', 'nonce-{id}', '{task}', 1, 'ann', '{answer}', 'A red cup.', "
        f"'{text}', '{edits}', 'random', 1.5, {at})"
        for id, task, answer, text, edits, at in (
            ("used", "done", "corrected", "A cup.", '[{"start":2,"end":6,"replacement":"","type":"other"}]', 10),
            ("fresh", "late", "corrected", "A cup.", '[{"start":2,"end":6,"replacement":"","type":"other"}]', 11),
            ("skip", "open", "skipped", "A red cup.", "[]", 12),
        )
    ),
    "INSERT INTO datasets (id, round, blob, pairs, reference, created_at) VALUES ('d', 1, 'b', 1, 'base', 2)",
    "INSERT INTO dataset_corrections (dataset_id, correction_id, position) VALUES ('d', 'used', 0)",
    "INSERT INTO policies (id, round, parent, dataset, blob, status, reasons, config_hash, code_version, seed, "
    "created_at) VALUES ('next', 1, 'base', 'd', 'b', 'promoted', '[\"better\"]', 'c', '0.1.0', 7, 1)",
    "INSERT INTO control (flag, at) VALUES ('pause', 3)",
    "INSERT INTO users (name, role, disabled, created_at) VALUES ('ann', 'annotator', false, 1)",
    "INSERT INTO audit (at, actor, action, detail) VALUES (10, 'ann', 'submit', 'corrected used')",
)
"""What a version before projects left behind."""


def test_a_database_of_the_first_version_keeps_everything(empty_database_url: str) -> None:
    old = engine.Database(engine.parse_url(empty_database_url))
    with old.write() as connection:
        migrate.migrate_to(connection, "0001")
        for statement in OLD_ROWS:
            connection.exec_driver_sql(statement)
    old.close()
    with Store.open(empty_database_url, clock=lambda: 1_000_000.0) as store:
        tasks = {task.id: (task.state.value, task.project, task.wanted, task.gold) for task in store.tasks()}
        assert tasks == {
            "open": ("open", "main", 1, False),
            "held": ("open", "main", 1, False),  # whoever held it takes it up again as anybody else would
            "done": ("done", "main", 1, False),
            "late": ("done", "main", 1, False),
            "gone": ("retired", "main", 1, False),
        }
        answers = {c.id: (c.frozen, c.current, c.revision, c.review, c.gold) for c in store.corrections()}
        assert answers == {
            "used": (True, True, 0, False, False),
            "fresh": (False, True, 0, False, False),
            "skip": (False, True, 0, False, False),
        }
        assert [c.id for c in store.unused_corrections()] == ["fresh"]
        lineage = store.lineage("next")
        assert [c.edits[0].end for c in lineage.corrections] == [6]
        assert [(u.name, u.role, u.email) for u in store.users()] == [("ann", "annotator", None)]
        assert [p.id for p in store.projects()] == ["main"]
        assert [entry.detail for entry in store.audit()] == ["corrected used"]
        assert store.paused() and store.schedule() is None
        assert store.waiting("ann") == 1
        lease = store.lease("ann", 60)
        assert lease is not None and lease.task.id == "held"
        assert store.lease("bob", 60) is not None
        with pytest.raises(StorageError, match="refused a row"):
            store.add_tasks([lease.task.model_copy(update={"id": "new", "response_id": "nowhere"})])


class raw:
    """A plain connection beside the store, committed at the end."""

    def __init__(self, url: str) -> None:
        self.engine = sa.create_engine(url)

    def __enter__(self) -> sa.Connection:
        self.connection = self.engine.connect()
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.connection.commit()
        self.connection.close()
        self.engine.dispose()
