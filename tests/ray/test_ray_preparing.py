"""Preparing other people's pairs on Ray gives what one process gives, mistakes included."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from redraft.blobs import open_blobs
from redraft.config import Config
from redraft.errors import DataError, StorageError
from redraft.records import Split
from redraft.sources.checking import PREPARED_SCHEMA
from redraft.world import builtin_policy, render, scene_at
from redraft_actors.preparing import ROWS_A_TASK, PrepareJob, prepare_alone, prepare_on_ray

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("local_ray")]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two kinds of files, several slices, and a bad row in every seventh place."""
    folder = tmp_path_factory.mktemp("source")
    for index in range(3):
        render(scene_at(0, Split.POOL, index)).save(folder / f"{index}.png")
    rows = [
        {
            "prompt": "What is there?",
            "chosen": f"There is a red dog and {index} cups.",
            "rejected": f"There is a blue dog and {index} cups.",
            "image": "nowhere.png" if index % 7 == 0 else f"{index % 3}.png",
        }
        for index in range(ROWS_A_TASK + 200)
    ]
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    pq.write_table(pa.Table.from_pylist(rows[:300]), folder / "b.parquet", row_group_size=100)
    return folder


def job_for(source: Path, scratch: Path, blobs: str | None = None) -> PrepareJob:
    return PrepareJob(Config(), builtin_policy(), source, blobs or str(scratch / "blobs"), scratch / "out")


def test_ray_prepares_what_one_process_prepares(source: Path, tmp_path: Path) -> None:
    alone = prepare_alone(job_for(source, tmp_path / "alone"))
    on_ray = prepare_on_ray(job_for(source, tmp_path / "ray"))
    same = {"pairs", "bad", "bad_rows", "longest", "tokens"}
    assert on_ray.model_dump(include=same) == alone.model_dump(include=same)
    assert on_ray.pairs + on_ray.bad_rows == ROWS_A_TASK + 500
    assert on_ray.bad_file.read_bytes() == alone.bad_file.read_bytes()
    ours, theirs = (pq.read_table(made.folder).sort_by("source_index") for made in (on_ray, alone))
    assert ours.schema.equals(PREPARED_SCHEMA)
    assert ours == theirs
    blobs = open_blobs(str(tmp_path / "ray" / "blobs"))
    assert set(ours["blob"].to_pylist()) == set(blobs.list("images")) and len(blobs.list()) == 3
    assert len(list(on_ray.folder.iterdir())) == 5


def test_a_damaged_file_is_one_sentence(source: Path, tmp_path: Path) -> None:
    data = bytearray((source / "b.parquet").read_bytes())
    start = pq.ParquetFile(source / "b.parquet").metadata.row_group(1).column(0).data_page_offset
    data[start : start + 40] = b"\xff" * 40
    (tmp_path / "b.parquet").write_bytes(data)
    with pytest.raises(DataError, match=r"b\.parquet cannot be read as Parquet") as raised:
        prepare_on_ray(job_for(tmp_path / "b.parquet", tmp_path))
    assert "\n" not in str(raised.value)


def test_storage_that_fails_is_told(source: Path, tmp_path: Path) -> None:
    blobs = tmp_path / "blobs"
    (blobs / "images").mkdir(parents=True)
    for prefix in range(256):
        (blobs / "images" / f"{prefix:02x}").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be used"):
        prepare_on_ray(job_for(source, tmp_path, str(blobs)))
