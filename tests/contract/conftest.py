"""What contracts are checked on: SQLite and folders always, PostgreSQL and an S3 server where they are installed."""

from __future__ import annotations

import itertools
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from redraft.records import (
    Answer,
    Arm,
    Correction,
    Edit,
    HallucinationType,
    ImageItem,
    Mark,
    PolicyStatus,
    PolicyVersion,
    Project,
    Response,
    Span,
    SpanScore,
    Split,
    Submission,
    Task,
    TokenTrace,
)
from redraft.store import Store, tables

from .imitated_s3 import ImitatedS3, imitated_s3
from .postgresql_server import private_server
from .s3_server import S3Server, private_s3_server

TEXT = "A red cup stands on the table."


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Filler:
    """Short ways to put things into a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._nonces = itertools.count()

    def policy(self, id: str, *, parent: str | None = None, dataset: str | None = None) -> PolicyVersion:
        policy = PolicyVersion(
            id=id,
            round=0,
            parent=parent,
            dataset=dataset,
            blob=f"policies/{id}",
            status=PolicyStatus.CANDIDATE,
            config_hash="c0ffee",
            code_version="0.1.0",
            seed=7,
            created_at=1.0,
        )
        self.store.add_policy(policy)
        return policy

    def tasks(self, *priorities: float, round: int = 1, policy: str = "base", **fields: Any) -> list[str]:
        """One image, response and task (with these fields) for each priority; ids are ``t<round>-<index>``."""
        if not any(p.id == policy for p in self.store.policies()):
            self.policy(policy)
        names = [f"{round}-{index}" for index in range(len(priorities))]
        self.store.add_images([image(name) for name in names])
        self.store.add_responses([response(name, round, policy) for name in names])
        tasks = [
            task(name, round, policy, priority).model_copy(update=fields)
            for name, priority in zip(names, priorities, strict=True)
        ]
        self.store.add_tasks(tasks)
        return [t.id for t in tasks]

    def project(self, id: str, **fields: Any) -> Project:
        """A project, open and without a budget unless the fields say otherwise."""
        project = Project.model_validate({"id": id, "title": id, "created_at": 5.0} | fields)
        self.store.add_project(project, actor="admin")
        return project

    def submission(self, task_id: str, annotator: str, answer: Answer = Answer.CORRECTED, **fields: Any) -> Submission:
        """An answer that fits the task, with a nonce of its own."""
        fitting: dict[str, Any] = {"nonce": f"nonce-{next(self._nonces):06d}", "seconds": 1.5}
        if answer is Answer.CORRECTED:
            fitting["edits"] = (edit(),)
        if answer is Answer.MARKED:
            fitting["marks"] = (Mark(span=Span(start=2, end=5), type=HallucinationType.ATTRIBUTE),)
        return Submission(task_id=task_id, annotator=annotator, answer=answer, **fitting | fields)

    def answer(self, annotator: str, answer: Answer = Answer.CORRECTED, **fields: Any) -> Correction:
        """Lease the next task and answer it."""
        lease = self.store.lease(annotator, 60)
        assert lease is not None
        return self.store.submit(self.submission(lease.task.id, annotator, answer, **fields))


def image(name: str, split: Split = Split.POOL) -> ImageItem:
    return ImageItem(id=f"i{name}", origin=f"somewhere/{name}", split=split, blob=f"images/{name}", width=4, height=3)


def response(name: str, round: int, policy: str) -> Response:
    trace = TokenTrace(token_ids=(5, 1), starts=(0, 30), ends=(30, 30), logprobs=(-0.25, -1e-9), entropies=(0.1, 2.5))
    return Response(
        id=f"r{name}",
        image_id=f"i{name}",
        prompt="Describe this image in detail.",
        text=TEXT,
        policy=policy,
        round=round,
        sample=0,
        seed=2**48 - 1,
        temperature=0.9,
        top_p=1.0,
        finished=True,
        trace=trace,
    )


def task(name: str, round: int, policy: str, priority: float) -> Task:
    return Task(
        id=f"t{name}",
        round=round,
        response_id=f"r{name}",
        image_id=f"i{name}",
        prompt="Describe this image in detail.",
        text=TEXT,
        spans=(SpanScore(span=Span(start=2, end=9), score=0.75),),
        arm=Arm.UNCERTAIN,
        priority=priority,
        policy=policy,
    )


def edit(start: int = 2, end: int = 5, replacement: str = "blue") -> Edit:
    return Edit(start=start, end=end, replacement=replacement, type=HallucinationType.ATTRIBUTE)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(new_store_url: Callable[[], str], clock: Clock) -> Iterator[Store]:
    with Store.open(new_store_url(), clock=clock) as opened:
        yield opened


@pytest.fixture
def fill(store: Store) -> Filler:
    return Filler(store)


@pytest.fixture
def make_filler(new_store_url: Callable[[], str]) -> Iterator[Callable[[], tuple[Filler, Clock]]]:
    """Makes a new store in place of the last, for tests that need many one after the other."""
    with ExitStack() as last:

        def make() -> tuple[Filler, Clock]:
            last.close()
            clock = Clock()
            return Filler(last.enter_context(Store.open(new_store_url(), clock=clock))), clock

        yield make


@pytest.fixture
def empty_database_url(new_database: Callable[[str | None], str]) -> str:
    """The URL of a database without any tables."""
    return new_database(None)


@pytest.fixture(scope="session")
def new_store_url(new_database: Callable[[str | None], str]) -> Callable[[], str]:
    """Makes stores without content out of one that is migrated, because migrating takes longer than most tests."""
    template = new_database(None)
    Store.open(template).close()
    return lambda: new_database(template)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def new_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str | None], str]:
    """Makes empty databases and gives their URLs; of a migrated one, it makes one that has its tables but no rows."""
    numbers = itertools.count()
    if request.param == "sqlite":
        folder = tmp_path_factory.mktemp("sqlite")

        def new_sqlite(template: str | None) -> str:
            file = folder / f"redraft-{next(numbers)}.db"
            if template is not None:
                shutil.copy(template.removeprefix("sqlite:///"), file)
            return f"sqlite:///{file}"

        return new_sqlite

    server: str = request.getfixturevalue("postgresql_server")
    psycopg = pytest.importorskip("psycopg")

    def new_postgresql(template: str | None) -> str:
        if template is not None:
            with psycopg.connect(template.replace("+psycopg", "")) as connection:
                connection.execute("SET session_replication_role = replica")  # or the audit log would refuse
                connection.execute(f"TRUNCATE {', '.join(tables.metadata.tables)} RESTART IDENTITY")
                connection.execute(
                    "INSERT INTO projects (id, title, kind, guidelines, open, created_at) "
                    "VALUES ('main', 'The loop', 'correction', '', true, 0)"  # as the migration does
                )
            return template
        name = f"redraft_{next(numbers)}"
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return f"{server}/{name}".replace("postgresql://", "postgresql+psycopg://")

    return new_postgresql


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A private PostgreSQL server that ends with the tests; skipped where it is not installed."""
    with private_server() as server:
        yield server.url


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A private S3 server that ends with the tests; skipped where it is not installed or cannot start."""
    with private_s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def moto_server() -> Iterator[ImitatedS3]:
    """An imitated S3 server that ends with the tests."""
    with imitated_s3() as server:
        yield server


@pytest.fixture
def new_s3_url(s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Makes URLs of empty stores on the real server."""
    return _urls_on(s3_server, tmp_path, monkeypatch)


@pytest.fixture
def new_moto_url(moto_server: ImitatedS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Makes URLs of empty stores on the imitated server."""
    return _urls_on(moto_server, tmp_path, monkeypatch)


def _urls_on(server: S3Server | ImitatedS3, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Each URL has a cache of its own; this process becomes a user who may use them."""
    for name, value in server.owner.environment.items():
        monkeypatch.setenv(name, value)

    def make(**parameters: str) -> str:
        name = uuid.uuid4().hex
        given = {"endpoint_url": server.url, "cache": str(folder / f"cache-{name}"), "retries": "1"} | parameters
        return f"s3://{server.bucket}/tests/{name}?{urlencode(given)}"

    return make
