"""A run that is backed up comes back whole, on either kind of database, or not at all."""

from __future__ import annotations

import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from redraft.backup import Target, restore_backup, take_backup, taking
from redraft.blobs import Blobs, open_blobs
from redraft.config import Config
from redraft.errors import RunError, StorageError
from redraft.records import DatasetVersion, TokenKind
from redraft.runs import RunFolder
from redraft.store import Store, tables
from redraft.store.engine import Database, parse_url
from redraft.store.migrate import HEAD, migrate_to

from .conftest import Filler
from .test_store_open import OLD_ROWS

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def run(tmp_path: Path, new_store_url: Callable[[], str]) -> RunFolder:
    """A run with something in every room: work, drafts, secrets, versions, logs, blobs."""
    config = Config.model_validate({"name": "small", "storage": {"database": new_store_url()}})
    folder = RunFolder.create(tmp_path / "run", config)
    with folder.store() as store:
        fill_store(Filler(store))
    put_blobs(folder.blobs(), tmp_path)
    folder.events.write_text('{"at":1.0,"round":1,"step":"sample"}\n')
    folder.train_log(1).write_text('{"step":0}\n')
    return folder


def fill_store(fill: Filler) -> None:
    fill.tasks(1.0, 0.5, 0.25, 1e-300, wanted=2)
    first = fill.answer("ann")
    fill.store.revise(first.id, fill.submission(first.task_id, "ann", reason="“Ünïcode”,\u2028\nand a second line"))
    fill.answer("bob")
    fill.store.lease("cyd", 60)
    fill.store.add_user("Zoë", "admin", actor="test")
    fill.store.issue_token("Zoë", TokenKind.API, seconds=60.0, actor="test")
    fill.project("other", budget=3)
    learned = [correction.id for correction in fill.store.freeze_unused()]
    fill.store.add_dataset(
        DatasetVersion(
            id="d1",
            round=1,
            blob="datasets/d1-base",
            pairs=2,
            reference="base",
            corrections=tuple(learned),
            created_at=2.0,
        )
    )
    fill.policy("next", parent="base", dataset="d1")
    fill.store.promote("base")


def put_blobs(blobs: Blobs, scratch: Path) -> None:
    digest = "ab" + 62 * "0"
    blobs.put(f"images/ab/{digest}.png", b"a picture")
    blobs.put("evaluations/base-dev.parquet", b"figures")
    for name in ("base", "next"):
        staged = scratch / f"staged-{name}"
        (staged / "parts").mkdir(parents=True)
        (staged / "config.json").write_text("{}")
        (staged / "parts" / "model.safetensors").write_bytes(name.encode() * 1000)
        blobs.publish_folder(f"policies/{name}", staged)


@pytest.fixture(params=["sqlite", "postgresql"])
def target_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind, to restore into."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/target.db"
    server: str = request.getfixturevalue("postgresql_server")
    name = f"target_{abs(hash(request.node.name))}"
    admin = sa.create_engine(server.replace("postgresql:", "postgresql+psycopg:") + "/postgres")
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
    admin.dispose()
    return f"{server}/{name}"


def url_of(run: RunFolder) -> str:
    return str(run.config().storage.database)


def rows_of(url: str) -> Rows:
    """Every row of every table."""
    database = Database(parse_url(url))
    with database.read() as connection:
        found = {
            name: [dict(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key)).mappings()]
            for name, table in tables.metadata.tables.items()
        }
    database.close()
    return found


def test_everything_comes_back_in_either_database(run: RunFolder, tmp_path: Path, target_url: str) -> None:
    before = rows_of(url_of(run))
    taken = take_backup(run, tmp_path / "out", blobs=True)
    assert taken.rows == sum(len(rows) for rows in before.values()) > 20
    restore_backup(tmp_path / "out", Target(run=tmp_path / "back", database=target_url))
    back = RunFolder.open(tmp_path / "back")
    with back.store() as store:
        assert rows_of(store.url) == before
        # and the run goes on where it was: numbers count on, secrets and the append-only log are as they were
        fill = Filler(store)
        fill.tasks(0.9, round=2)
        fill.answer("dan", nonce="another-nonce")
        assert [entry.action for entry in store.audit()][-1] == "submit"
        with (
            pytest.raises((StorageError, sa.exc.ProgrammingError), match="append-only"),
            store._db.write() as connection,
        ):
            connection.execute(sa.delete(tables.audit))
    assert blob_contents(back.blobs()) == blob_contents(run.blobs())
    assert back.info() == run.info()
    assert back.events.read_text() == run.events.read_text()
    assert back.train_log(1).read_text() == run.train_log(1).read_text()
    assert not list(back.root.glob("*.partial")) and not list(back.root.glob("restore*"))


def blob_contents(blobs: Blobs) -> dict[str, bytes]:
    return {key: blobs.get(key) for key in blobs.list()}


def test_a_backup_is_for_its_owner_alone(run: RunFolder, tmp_path: Path) -> None:
    take_backup(run, tmp_path / "out", blobs=True)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").rglob("*") if path.is_dir()}
    assert (modes, folders) == ({0o600}, {0o700})
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700


def test_a_backup_taken_while_people_work_is_of_one_moment(run: RunFolder, tmp_path: Path) -> None:
    with run.store() as store:
        fill = Filler(store)
        fill.tasks(*[1.0] * 60, round=3)
        done = threading.Event()
        worker = threading.Thread(target=work_until, args=(fill, done))
        worker.start()
        manifests = [take_backup(run, tmp_path / f"out-{number}") for number in range(3)]
        done.set()
        worker.join()
    for number, manifest in enumerate(manifests):
        blobs = str(run.root / "blobs")
        url = f"sqlite:///{tmp_path}/moment-{number}.db"
        restore_backup(tmp_path / f"out-{number}", Target(run=tmp_path / f"back-{number}", database=url, blobs=blobs))
        rows = rows_of(url)
        submitted = [row for row in rows["audit"] if row["action"] == "submit"]
        answered = [row for row in rows["corrections"] if row["revision"] == 0]
        assert len(submitted) == len(answered), "an answer and its line of the log are one transaction"
        assert manifest.rows == sum(len(found) for found in rows.values())


def work_until(fill: Filler, done: threading.Event) -> None:
    number = 0
    while not done.is_set() and (lease := fill.store.lease(f"busy-{number % 3}", 60)):
        answer = fill.submission(lease.task.id, f"busy-{number % 3}", nonce=f"while-backed-up-{number}")
        fill.store.submit(answer)
        number += 1


def test_without_blobs_it_needs_the_store_that_has_them(run: RunFolder, tmp_path: Path) -> None:
    taken = take_backup(run, tmp_path / "out")
    assert taken.blobs.count == 6 and not (tmp_path / "out" / "blobs").exists()
    target = Target(run=tmp_path / "back", database=f"sqlite:///{tmp_path}/target.db")
    with pytest.raises(StorageError, match=r"lacks 6 blobs of the backup, the first being evaluations/base-dev\."):
        restore_backup(tmp_path / "out", target)
    assert not (tmp_path / "back").exists()
    there = target.model_copy(update={"blobs": str(run.root / "blobs")})
    restore_backup(tmp_path / "out", there)
    assert blob_contents(RunFolder.open(tmp_path / "back").blobs()) == blob_contents(run.blobs())


def test_a_store_that_holds_something_else_under_a_key_is_refused(run: RunFolder, tmp_path: Path) -> None:
    take_backup(run, tmp_path / "out", blobs=True)
    open_blobs(str(tmp_path / "other")).put("evaluations/base-dev.parquet", b"other figures")
    url = f"sqlite:///{tmp_path}/target.db"
    target = Target(run=tmp_path / "back", database=url, blobs=str(tmp_path / "other"))
    with pytest.raises(StorageError, match=r"holds something else under evaluations/base-dev\.parquet"):
        restore_backup(tmp_path / "out", target)
    assert not (tmp_path / "back").exists()


def test_a_database_with_tables_is_left_alone(run: RunFolder, tmp_path: Path) -> None:
    take_backup(run, tmp_path / "out", blobs=True)
    before = rows_of(url_of(run))
    with pytest.raises(StorageError, match="is not empty"):
        restore_backup(tmp_path / "out", Target(run=tmp_path / "back"))  # the run's own database
    assert rows_of(url_of(run)) == before
    assert not (tmp_path / "back").exists()


def test_a_run_folder_with_anything_in_it_is_left_alone(run: RunFolder, tmp_path: Path) -> None:
    take_backup(run, tmp_path / "out", blobs=True)
    with pytest.raises(RunError, match="not an empty folder"):
        restore_backup(tmp_path / "out", Target(run=run.root, database=f"sqlite:///{tmp_path}/target.db"))
    with pytest.raises(RunError, match="holds a backup already"):
        take_backup(run, tmp_path / "out")
    with pytest.raises(RunError, match="not an empty folder"):
        take_backup(run, run.root)


def tables_in(url: str) -> list[str]:
    engine = sa.create_engine(parse_url(url))
    with engine.connect() as connection:
        names = sa.inspect(connection).get_table_names()
    engine.dispose()
    return names


def test_a_backup_that_fails_leaves_no_folder(run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "take_blobs", interrupted)
    with pytest.raises(KeyboardInterrupt):
        take_backup(run, tmp_path / "out", blobs=True)
    assert not (tmp_path / "out").exists()


def interrupted(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_a_backup_of_an_older_schema_is_taken_as_it_is_and_migrated_when_restored(
    empty_database_url: str, tmp_path: Path, target_url: str
) -> None:
    old = Database(parse_url(empty_database_url))
    with old.write() as connection:
        migrate_to(connection, "0001")
        for statement in OLD_ROWS:
            connection.exec_driver_sql(statement)
    old.close()
    config = Config.model_validate({"storage": {"database": empty_database_url}})
    taken = take_backup(RunFolder.create(tmp_path / "run", config), tmp_path / "out")
    assert taken.revision == "0001" != HEAD
    assert "projects" not in tables_in(empty_database_url), "the database is not migrated by a backup of it"
    restore_backup(tmp_path / "out", Target(run=tmp_path / "back", database=target_url))
    with Store.open(target_url) as store, Store.open(empty_database_url) as migrated:
        assert store.tasks() == migrated.tasks()
        assert store.corrections() == migrated.corrections()
        assert store.audit() == migrated.audit()
        assert store.policies() == migrated.policies()


@pytest.mark.parametrize("url", ["postgresql://me:hidden@127.0.0.1:1/x", "postgresql://127.0.0.1/x?password=hidden"])
def test_a_password_is_refused_and_not_shown(run: RunFolder, tmp_path: Path, url: str) -> None:
    take_backup(run, tmp_path / "out", blobs=True)
    with pytest.raises(StorageError, match=r"\*\*\*.* holds a password, .* PGPASSWORD or ~/\.pgpass") as refused:
        restore_backup(tmp_path / "out", Target(run=tmp_path / "back", database=url))
    assert "hidden" not in str(refused.value)
    assert not (tmp_path / "back").exists()
