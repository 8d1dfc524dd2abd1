"""A PostgreSQL server is stopped, crashes and comes back under a store: nothing is lost, nothing doubled."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from redraft.errors import LeaseLost, Outage, StorageError
from redraft.records import DatasetVersion
from redraft.store import Store, retrying
from redraft.store.url import parse_url

from .conftest import Filler
from .cutting_proxy import CuttingProxy
from .postgresql_server import PostgresqlServer, private_server

TASKS, ANNOTATORS = 60, 3


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    with private_server() as started:
        yield started


@pytest.fixture
def new_url(server: PostgresqlServer, request: pytest.FixtureRequest) -> str:
    """The URL of an empty database."""
    name = f"redraft_{abs(hash(request.node.name))}"
    admin = sa.create_engine(psycopg_url(server, "postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
    admin.dispose()
    return psycopg_url(server, name)


@pytest.fixture
def fill(new_url: str) -> Iterator[Filler]:
    with Store.open(new_url) as store:
        yield Filler(store)


@pytest.fixture
def proxied(new_url: str) -> Iterator[tuple[Filler, CuttingProxy]]:
    """A store that reaches its server through the proxy."""
    url = parse_url(new_url)
    assert url.port is not None
    proxy = CuttingProxy(url.port)
    with Store.open(url.set(port=proxy.port).render_as_string(hide_password=False)) as store:
        yield Filler(store), proxy
    proxy.close()


def psycopg_url(server: PostgresqlServer, name: str) -> str:
    return f"{server.url}/{name}".replace("postgresql://", "postgresql+psycopg://")


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_between_two_calls_goes_unnoticed(server: PostgresqlServer, fill: Filler, mode: str) -> None:
    fill.tasks(1.0, 0.5)
    fill.answer("ann")
    server.stop(mode)
    server.start()
    fill.project("made-after", title="Made after the restart")  # a write that nobody would dare to make twice
    server.stop(mode)
    server.start()
    assert [c.annotator for c in fill.store.corrections()] == ["ann"]
    assert fill.answer("bob").annotator == "bob"
    assert [entry.action for entry in fill.store.audit()].count("add_project") == 1


def test_a_call_waits_until_the_server_is_back(server: PostgresqlServer, fill: Filler) -> None:
    fill.tasks(1.0)
    server.stop()
    found: list[int] = []
    waiting = threading.Thread(target=lambda: found.append(fill.store.counts().open))
    waiting.start()
    server.start()
    waiting.join()
    assert found == [1]


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_annotators_work_on_through_restarts(server: PostgresqlServer, fill: Filler, mode: str) -> None:
    fill.tasks(*[1.0] * TASKS)
    acknowledged: list[str] = []
    threads = [
        threading.Thread(target=answer_all, args=(fill, f"ann-{number}", acknowledged)) for number in range(ANNOTATORS)
    ]
    for thread in threads:
        thread.start()
    for _ in range(2):
        server.stop(mode)
        server.start()
    for thread in threads:
        thread.join()
    stored = [correction.id for correction in fill.store.corrections()]
    assert sorted(acknowledged) == sorted(stored)
    assert len(set(stored)) == TASKS
    assert {task.state.value for task in fill.store.tasks()} == {"done"}
    assert [entry.action for entry in fill.store.audit()].count("submit") == TASKS


def answer_all(fill: Filler, annotator: str, acknowledged: list[str]) -> None:
    """Work until nothing is left, as a browser does: an answer that found its lease gone is about the next task."""
    while (lease := fill.store.lease(annotator, 600)) is not None:
        try:
            acknowledged.append(fill.store.submit(fill.submission(lease.task.id, annotator)).id)
        except LeaseLost:  # a crash may forget what was leased in its last moments
            continue


def a_dataset(fill: Filler) -> None:
    fill.store.add_dataset(
        DatasetVersion(id="d1", round=1, blob="datasets/d1", pairs=0, reference="base", corrections=(), created_at=1.0)
    )


@pytest.mark.parametrize(
    ("at", "call", "action"),
    [
        (b"COMMIT", a_dataset, "add_dataset"),
        (b"corrections", lambda fill: fill.answer("ann"), "submit"),
        (b"leases", lambda fill: fill.answer("ann"), "submit"),
    ],
)
def test_what_was_done_and_not_acknowledged_is_not_done_twice(
    proxied: tuple[Filler, CuttingProxy], at: bytes, call: Callable[[Filler], None], action: str
) -> None:
    fill, proxy = proxied
    fill.tasks(1.0)
    proxy.cut_at = at
    call(fill)
    assert proxy.cuts == 1
    assert [entry.action for entry in fill.store.audit()].count(action) == 1


def test_a_write_that_may_not_be_repeated_says_that_it_may_be_done(proxied: tuple[Filler, CuttingProxy]) -> None:
    fill, proxy = proxied
    proxy.cut_at = b"COMMIT"
    with pytest.raises(Outage, match="look before you do it again"):
        fill.project("once")
    assert [project.id for project in fill.store.projects()] == ["main", "once"]


def test_a_write_that_is_cut_off_before_its_end_is_made_again(proxied: tuple[Filler, CuttingProxy]) -> None:
    fill, proxy = proxied
    proxy.cut_at = b"INSERT INTO audit"
    fill.project("again")
    assert proxy.cuts == 1
    assert [project.id for project in fill.store.projects()] == ["main", "again"]
    assert [entry.action for entry in fill.store.audit()] == ["add_project"]


def test_ids_that_come_one_at_a_time_are_all_asked_about_again(proxied: tuple[Filler, CuttingProxy]) -> None:
    fill, proxy = proxied
    ids = fill.tasks(1.0, 1.0)
    proxy.cut_at = b"SELECT tasks.id"
    assert fill.store.known_tasks(id for id in ids) == set(ids)
    assert proxy.cuts == 1


def test_every_write_that_is_made_again_is_one_of_the_stores() -> None:
    assert [name for name in retrying.REPEATABLE if not callable(getattr(Store, name, None))] == []


def test_no_password_is_in_what_is_said_of_a_server_that_is_down(
    server: PostgresqlServer,
    new_url: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(retrying, "PATIENCE_SECONDS", 0.0)
    caplog.set_level(logging.DEBUG)
    plain = parse_url(new_url).set(password="hunter2/%")
    in_query = plain.set(password=None).update_query_dict({"password": "hunter2/%"})
    stores = [Store.open(url.render_as_string(hide_password=False)) for url in (plain, in_query)]
    server.stop()
    try:
        for store in stores:
            with pytest.raises(Outage, match="cannot be used") as refused:
                store.policies()
            told = "".join(traceback.format_exception(refused.value))
            with pytest.raises(StorageError) as not_opened:
                Store.open(store.url)
            told += "".join(traceback.format_exception(not_opened.value))
            for text in (told, repr(store), caplog.text, server.log()):
                assert "hunter2" not in text
            assert "***" in repr(store)
    finally:
        server.start()
    for store in stores:
        assert store.policies() == []
        store.close()


def test_statements_and_silent_transactions_end_some_time_unless_the_url_says_otherwise(new_url: str) -> None:
    def limits(url: str) -> list[str]:
        with Store.open(url) as store, store._db.read() as connection:
            names = ("statement_timeout", "idle_in_transaction_session_timeout")
            return [str(connection.exec_driver_sql(f"SHOW {name}").scalar_one()) for name in names]

    assert limits(new_url) == ["5min", "5min"]
    assert limits(f"{new_url}?options=-c%20statement_timeout%3D7s") == ["7s", "0"]
