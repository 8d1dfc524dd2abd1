"""Blocks of a round's samples: what is missing after a kill, and nothing but that."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from redraft.config import Config
from redraft.engines.blocks import BLOCK_COLUMN, Block, BlockFolder, cut_blocks
from redraft.pool import Request
from redraft.records import Split

CONFIG = Config.model_validate({"sample": {"k": 2, "block_size": 3}})


def requests(count: int) -> list[Request]:
    return [
        Request(image_id=f"i{n}", blob=f"images/{n}", origin="", split=Split.POOL, prompt="What?", seed=n)
        for n in range(count)
    ]


def blocks(count: int = 8) -> list[Block]:
    return cut_blocks(requests(count), CONFIG, "r00", 1)


def rows(block: Block, part: slice = slice(None)) -> pa.Table:
    ids = [f"{r.image_id}-{i}" for r in block.requests for i in range(2)][part]
    return pa.table({"id": ids, BLOCK_COLUMN: [block.name] * len(ids)})


def ids(folder: Path) -> list[str]:
    return [str(value) for value in pq.read_table(folder)["id"].to_pylist()]


def test_requests_are_cut_in_order() -> None:
    assert [[r.image_id for r in block.requests] for block in blocks()] == [
        ["i0", "i1", "i2"], ["i3", "i4", "i5"], ["i6", "i7"],
    ]  # fmt: skip
    assert [block.rows for block in blocks()] == [6, 6, 4]
    assert [block.name for block in blocks()] == [block.name for block in blocks()]
    assert cut_blocks([], CONFIG, "r00", 1) == []


@pytest.mark.parametrize(
    "other",
    [
        cut_blocks(requests(8), CONFIG, "r01", 1),
        cut_blocks(requests(8), CONFIG, "r00", 2),
        cut_blocks(requests(8), Config.model_validate({"sample": {"k": 2, "block_size": 3, "min_p": 0.1}}), "r00", 1),
        cut_blocks([r.model_copy(update={"seed": 9}) for r in requests(8)], CONFIG, "r00", 1),
    ],
    ids=["policy", "round", "settings", "requests"],
)
def test_a_name_follows_all_that_the_rows_depend_on(other: list[Block]) -> None:
    assert not {b.name for b in other} & {b.name for b in blocks()}


def test_a_kill_costs_the_blocks_in_flight(tmp_path: Path) -> None:
    first, second, third = blocks()
    folder = BlockFolder(tmp_path / "s", blocks())
    assert folder.missing == [first, second, third]
    folder.add(rows(third))
    folder.add(pa.concat_tables([rows(second, slice(2, None)), rows(first, slice(0, 3))]))
    again = BlockFolder(tmp_path / "s", blocks())
    assert again.missing == [first, second], "the third was whole when the kill came"
    again.add(pa.concat_tables([rows(second), rows(first, slice(0, 3))]))
    again.add(rows(first, slice(3, None)))
    assert BlockFolder(tmp_path / "s", blocks()).missing == []
    assert ids(tmp_path / "s") == [f"i{n}-{i}" for n in range(8) for i in range(2)]
    assert BLOCK_COLUMN not in pq.read_table(tmp_path / "s").column_names


def test_files_that_are_damaged_or_of_other_work_are_not_taken(tmp_path: Path) -> None:
    first, second, third = blocks()
    folder = BlockFolder(tmp_path, blocks())
    for block in (first, second, third):
        folder.add(rows(block))
    whole = (tmp_path / f"{second.name}.parquet").read_bytes()
    (tmp_path / f"{second.name}.parquet").write_bytes(whole[:40])
    (tmp_path / f"{first.name}.partial").write_bytes(b"PAR1")
    pq.write_table(rows(first), tmp_path / "00000-other.parquet")
    again = BlockFolder(tmp_path, blocks())
    assert again.missing == [second]
    again.add(rows(second))
    assert sorted(file.stem for file in tmp_path.iterdir()) == sorted(b.name for b in blocks())
