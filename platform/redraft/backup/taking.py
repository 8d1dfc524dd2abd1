"""Taking a backup: rows first, in one snapshot, then the blobs, which never change, and the manifest last."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from redraft.backup.blob_copies import take_blobs
from redraft.backup.files import HashingWriter, copy, explained, make_private_folder, settle
from redraft.backup.manifest import MANIFEST, RUN, TABLES, Manifest, StoredFile, StoredTable
from redraft.backup.progress import Advance, Bar, no_bar
from redraft.backup.rows import to_line
from redraft.backup.shapes import TableShape, shapes_at
from redraft.code_version import code_version
from redraft.errors import RunError, StorageError
from redraft.runs import RunFolder
from redraft.store.engine import Database
from redraft.store.migrate import require_known, revision_in
from redraft.store.url import parse_url

PAGE = 200
"""Rows in memory at a time."""

_NEEDED, _LOGS = ("config.yaml", "run.json"), ("events.jsonl", "training/*.jsonl")


def take_backup(run: RunFolder, out: Path, *, blobs: bool = False, bar: Bar = no_bar) -> Manifest:
    """Write a backup of a run into a new folder; people and the loop may go on working meanwhile.

    The database is read as it is, without being migrated. An error leaves no folder behind.

    Args:
        run: what to back up.
        out: a folder that is not there yet, or empty.
        blobs: whether to copy the blobs as well; else they are only listed.
        bar: shows progress.

    Raises:
        RunError: the folder is taken.
        StorageError: the database or the blob store cannot be read, or the disk fails.
    """
    config = run.config()
    refuse_taken(out)
    database = _open(config.storage.database or f"sqlite:///{run.root.resolve()}/redraft.db")
    with ExitStack() as if_it_fails, explained(out):
        if_it_fails.callback(shutil.rmtree, out, ignore_errors=True)
        make_private_folder(out)
        taken_at = time.time()
        revision, tables = _take_tables(database, out, bar)
        files = _take_files(run.root, out)
        store = run.blobs()
        keys = store.list()
        with bar("copying blobs" if blobs else "reading blobs", len(keys)) as advance:
            listed = take_blobs(out, store, keys, advance, included=blobs)
        kind: Literal["sqlite", "postgresql"] = "sqlite" if database.sqlite else "postgresql"
        manifest = Manifest(
            name=config.name,
            code_version=code_version(),
            revision=revision,
            database=kind,
            taken_at=taken_at,
            tables=tables,
            files=files,
            blobs=listed,
        )
        _finish(out, manifest)
        if_it_fails.pop_all()
    return manifest


def refuse_taken(out: Path) -> None:
    """Raise RunError unless a backup can be made in the folder."""
    if (out / MANIFEST).exists():
        raise RunError(f"{out} holds a backup already: name another folder, or delete that one first")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunError(
            f"{out} is not an empty folder, and holds no finished backup: name another one, or delete it if it is what "
            "an interrupted backup left"
        )


def _open(url: str) -> Database:
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).is_file():
        raise StorageError(f"there is no database {parsed.database}: has the run been started?")
    return Database(parsed)


def _take_tables(database: Database, out: Path, bar: Bar) -> tuple[str, tuple[StoredTable, ...]]:
    """Every row of every table, as they were when the first one was read."""
    try:
        with database.read() as connection:
            if not database.sqlite:
                database.unhurried(connection)
            revision = revision_in(connection)
            if revision is None:
                raise StorageError("the run's database holds no tables yet: there is nothing to back up")
            require_known(revision, "the run's database")
            shapes = shapes_at(revision)
            counts = {shape.name: _count(connection, shape) for shape in shapes}
            with bar("copying rows", sum(counts.values())) as advance:
                return revision, tuple(_take_table(connection, shape, out, advance) for shape in shapes)
    finally:
        database.close()


def _count(connection: sa.Connection, shape: TableShape) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(shape.table)).scalar_one())


def _take_table(connection: sa.Connection, shape: TableShape, out: Path, advance: Advance) -> StoredTable:
    table = shape.table
    query = sa.select(table).order_by(*(table.c[name] for name in shape.key))
    with HashingWriter(out, f"{TABLES}/{shape.name}.jsonl") as lines:
        for page in connection.execute(query, execution_options={"yield_per": PAGE}).mappings().partitions():
            for row in page:
                lines.write_line(to_line(row))
            advance(len(page))
    return StoredTable(**lines.stored().model_dump(), name=shape.name, rows=lines.lines)


def _take_files(root: Path, out: Path) -> tuple[StoredFile, ...]:
    logs = [path for pattern in _LOGS for path in sorted(root.glob(pattern))]
    paths = [*(root / name for name in _NEEDED), *logs]
    return tuple(copy(out, f"{RUN}/{path.relative_to(root).as_posix()}", path) for path in paths)


def _finish(out: Path, manifest: Manifest) -> None:
    """Nothing counts before this, and all of it is on the disk then."""
    for folder, _, _ in os.walk(out):
        settle(Path(folder))
    partial = f"{MANIFEST}.partial"
    with HashingWriter(out, partial) as text:
        text.write_line(manifest.model_dump_json(indent=1))
    (out / partial).rename(out / MANIFEST)
    settle(out)
