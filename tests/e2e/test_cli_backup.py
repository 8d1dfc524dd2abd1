"""`redraft backup` and `redraft restore`, as they are typed, mistakes first."""

from __future__ import annotations

from pathlib import Path

import pytest

from redraft.blobs import Blobs

from .made_runs import CommandLine, Run, add_tasks, correct_all, make, sentence


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = make(tmp_path / "run")
    add_tasks(made)
    correct_all(made)
    return made


def contents(blobs: Blobs) -> dict[str, bytes]:
    return {key: blobs.get(key) for key in blobs.list()}


def test_a_run_is_backed_up_and_restored_and_goes_on(redraft: CommandLine, run: Run, tmp_path: Path) -> None:
    code, out, err = redraft("backup", run.root, tmp_path / "out", "--blobs")
    assert (code, err) == (0, "")
    assert f"tables to {tmp_path / 'out'}" in out and "It holds" in out
    code, out, err = redraft("restore", tmp_path / "out", tmp_path / "back")
    assert (code, err) == (0, "")
    assert f"redraft status {tmp_path / 'back'}" in out
    status = redraft("status", tmp_path / "back")
    assert status == redraft("status", run.root)
    assert status[0] == 0
    code, _, err = redraft("export", tmp_path / "back", tmp_path / "answers", "--format", "jsonl")
    assert (code, err) == (0, "")
    assert len((tmp_path / "answers" / "answers.jsonl").read_text().splitlines()) == len(run.store.corrections())


def test_the_list_alone_is_enough_where_the_blobs_still_are(redraft: CommandLine, run: Run, tmp_path: Path) -> None:
    code, out, _ = redraft("backup", run.root, tmp_path / "out")
    assert code == 0 and "--blobs copies them" in out
    refused = sentence(redraft("restore", tmp_path / "out", tmp_path / "back"))
    assert "lacks" in refused and "--blobs" in refused
    assert not (tmp_path / "back").exists()
    assert redraft("restore", tmp_path / "out", tmp_path / "back", "--blobs", run.blobs.url, "--trust-blobs")[0] == 0


def test_mistakes_with_a_backup(redraft: CommandLine, run: Run, tmp_path: Path) -> None:
    assert "holds no run" in sentence(redraft("backup", tmp_path / "nothing", tmp_path / "out"))
    assert "not an empty folder" in sentence(redraft("backup", run.root, run.root))
    (tmp_path / "file").touch()
    assert "not an empty folder" in sentence(redraft("backup", run.root, tmp_path / "file"))
    assert sentence(redraft("backup", run.root, tmp_path / "file" / "out"))
    assert redraft("backup", run.root, tmp_path / "out")[0] == 0
    assert "holds a backup already" in sentence(redraft("backup", run.root, tmp_path / "out"))
    (run.root / "redraft.db").rename(tmp_path / "gone.db")
    assert "there is no database" in sentence(redraft("backup", run.root, tmp_path / "other"))
    assert not (tmp_path / "other").exists()


def test_mistakes_with_a_restore(redraft: CommandLine, run: Run, tmp_path: Path) -> None:
    back = tmp_path / "back"
    assert "holds no finished backup" in sentence(redraft("restore", tmp_path / "nothing", back))
    assert "holds no finished backup" in sentence(redraft("restore", run.root, back))
    redraft("backup", run.root, tmp_path / "out", "--blobs")
    out = tmp_path / "out"
    assert "not an empty folder" in sentence(redraft("restore", out, run.root))
    assert "is not empty" in sentence(redraft("restore", out, back, "--database", f"sqlite:///{run.root}/redraft.db"))
    assert "malformed" in sentence(redraft("restore", out, back, "--database", "nonsense"))
    said = sentence(redraft("restore", out, back, "--database", "postgresql://me:hunter2@127.0.0.1:1/db"))
    assert "holds a password" in said and "hunter2" not in said
    assert "cannot be used" in sentence(redraft("restore", out, back, "--database", "postgresql://me@127.0.0.1:1/db"))
    assert "not supported" in sentence(redraft("restore", out, back, "--blobs", "ftp://somewhere"))
    (out / "tables" / "tasks.jsonl").write_text("")
    assert "is damaged" in sentence(redraft("restore", out, back))
    assert not back.exists()
