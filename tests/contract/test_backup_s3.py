"""A run whose blobs lie in a folder is restored into an S3 store, and backed up from there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from redraft.backup import Target, restore_backup, take_backup
from redraft.blobs import open_blobs
from redraft.config import Config
from redraft.runs import RunFolder

from .conftest import Filler
from .test_backup import blob_contents, fill_store, put_blobs


def test_blobs_go_from_a_folder_to_s3_and_from_there(tmp_path: Path, new_moto_url: Callable[..., str]) -> None:
    run = RunFolder.create(tmp_path / "run", Config.model_validate({"name": "small"}))
    with run.store() as store:
        fill_store(Filler(store))
    put_blobs(run.blobs(), tmp_path)
    take_backup(run, tmp_path / "out", blobs=True)
    url = new_moto_url()
    restore_backup(tmp_path / "out", Target(run=tmp_path / "back", blobs=url))
    back = RunFolder.open(tmp_path / "back")
    assert back.blobs().url == open_blobs(url).url
    assert blob_contents(back.blobs()) == blob_contents(run.blobs())
    published = back.blobs().path("policies/next")
    assert sorted(file.name for file in published.rglob("*.*")) == ["config.json", "model.safetensors"]
    taken = take_backup(back, tmp_path / "again", blobs=True)
    assert (taken.blobs.count, taken.blobs.sha256) == (6, take_backup(run, tmp_path / "third").blobs.sha256)
