"""A backup that is damaged, forged or half-made is refused in one sentence, and nothing of it is restored."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from redraft.backup import Target, read_manifest, restore_backup, take_backup
from redraft.backup.files import measure
from redraft.backup.taking import refuse_taken
from redraft.config import Config
from redraft.errors import DataError, RunError, StorageError
from redraft.runs import RunFolder

from .conftest import Filler
from .test_backup import fill_store, put_blobs, tables_in

Harm = Callable[[Path], object]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup with blobs."""
    folder = tmp_path_factory.mktemp("finished")
    run = RunFolder.create(folder / "run", Config.model_validate({"name": "small"}))
    with run.store() as store:
        fill_store(Filler(store))
    put_blobs(run.blobs(), folder)
    take_backup(run, folder / "out", blobs=True)
    return folder / "out"


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """A copy of it, to be harmed."""
    return Path(shutil.copytree(finished, tmp_path / "out"))


def change_answer(out: Path) -> None:
    table = out / "tables" / "corrections.jsonl"
    table.write_text(table.read_text().replace("ann", "eve", 1))


def lead_out(out: Path) -> None:
    listed = out / "blobs.jsonl"
    listed.write_text(listed.read_text().replace("evaluations/", "../", 1))
    manifest = read(out)
    manifest["blobs"]["size"], manifest["blobs"]["sha256"] = measure(listed)
    (out / "manifest.json").write_text(json.dumps(manifest))


def rewrite(**changes: Any) -> Harm:
    return lambda out: (out / "manifest.json").write_text(json.dumps(read(out) | changes))


def read(out: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((out / "manifest.json").read_text())
    return manifest


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (change_answer, r"corrections\.jsonl is damaged"),
        (lambda out: (out / "blobs/policies/next/config.json").write_text("[]"), "blob policies/next/.* is damaged"),
        (lambda out: (out / "blobs/evaluations/base-dev.parquet").unlink(), "lacks the blob evaluations/base-dev"),
        (lead_out, "leads out of the backup"),
        (lambda out: (out / "manifest.json").unlink(), "no finished backup"),
        (lambda out: (out / "manifest.json").write_text("{"), "is damaged"),
        (lambda out: (out / "run/config.yaml").unlink(), "lacks run/config.yaml"),
        (rewrite(format=2), "format that this Redraft does not know"),
        (rewrite(revision="9999"), r"newer Redraft \(schema 9999"),
        (rewrite(revision="0001"), "does not have the tables of schema 0001"),
        (rewrite(files=[{"path": "../x", "size": 0, "sha256": "0" * 64}]), "leads out of the backup"),
        (rewrite(files=[]), "has no run/config.yaml"),
    ],
)
def test_a_damaged_backup_is_refused_and_leaves_nothing(out: Path, tmp_path: Path, harm: Harm, says: str) -> None:
    harm(out)
    url = f"sqlite:///{tmp_path}/target.db"
    with pytest.raises((DataError, StorageError)) as refused:
        restore_backup(out, Target(run=tmp_path / "back", database=url))
    assert re.search(says, str(refused.value)) and "\n" not in str(refused.value)
    assert not (tmp_path / "back").exists()
    assert not (tmp_path / "target.db").exists() or tables_in(url) == []


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"parent": "nobody"}, "lacks its row|refused a row"),
        ({"id": "base"}, "refused a row"),
        ({"status": "loved"}, "refused a row"),
        ({"seed": "7"}, "where a value of type int must be"),
        ({"seed": 2**63}, "does not fit in 64 bits"),
        ({"blob": None}, "must hold a value"),
        ({"blob": "\x00"}, "NUL"),
        ({"more": 1}, "no row with the columns"),
    ],
)
def test_rows_that_the_database_cannot_have_are_refused_and_leave_it_empty(
    out: Path, tmp_path: Path, new_database: Callable[[str | None], str], row: dict[str, Any], says: str
) -> None:
    forge(out, row)
    url = new_database(None)
    with pytest.raises((DataError, StorageError)) as refused:
        restore_backup(out, Target(run=tmp_path / "back", database=url))
    assert re.search(says, str(refused.value)) and "\n" not in str(refused.value)
    assert tables_in(url) == []
    assert not (tmp_path / "back").exists()


def test_a_number_that_is_too_large_for_a_column_is_refused(
    out: Path, tmp_path: Path, new_database: Callable[[str | None], str]
) -> None:
    url = new_database(None)
    if url.startswith("sqlite"):
        pytest.skip("SQLite's whole numbers have one size")
    forge(out, {"round": 2**40})
    with pytest.raises(DataError, match="holds a row that the database cannot"):
        restore_backup(out, Target(run=tmp_path / "back", database=url))
    assert tables_in(url) == []


def test_a_restore_that_is_interrupted_among_the_rows_leaves_nothing(
    out: Path, tmp_path: Path, new_database: Callable[[str | None], str]
) -> None:
    @contextmanager
    def interrupting(what: str, total: int) -> Iterator[Callable[[int], None]]:
        def interrupt(count: int) -> None:
            if what == "restoring rows":
                raise KeyboardInterrupt

        yield interrupt

    url = new_database(None)
    target = Target(run=tmp_path / "back", database=url)
    with pytest.raises(KeyboardInterrupt):
        restore_backup(out, target, bar=interrupting)
    assert tables_in(url) == []
    assert not (tmp_path / "back").exists()
    assert restore_backup(out, target).manifest == read_manifest(out)


def forge(out: Path, changes: dict[str, Any]) -> None:
    """Change the last policy version, and the manifest so that it fits."""
    path = out / "tables" / "policies.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[-1] |= changes
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    manifest = read(out)
    (stored,) = [table for table in manifest["tables"] if table["name"] == "policies"]
    stored["size"], stored["sha256"] = measure(path)
    (out / "manifest.json").write_text(json.dumps(manifest))


def test_what_a_killed_backup_left_is_no_backup(out: Path) -> None:
    (out / "manifest.json").rename(out / "manifest.json.partial")
    with pytest.raises(DataError, match="no finished backup"):
        read_manifest(out)
    with pytest.raises(RunError, match="what an interrupted backup left"):
        refuse_taken(out)


def test_a_killed_restore_says_how_to_clean_up(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "restore.unfinished").touch()
    with pytest.raises(RunError, match="interrupted restore left: delete the folder"):
        restore_backup(finished, Target(run=tmp_path / "back", database=f"sqlite:///{tmp_path}/a.db"))
