"""A round's requests in blocks, each a Parquet file of its own, so that a kill costs the blocks in flight and no more.

    requests ──► blocks with names ──minus finished files──► engines ──► rows ──► BlockFolder ──► one file a block

A block is named for everything its rows depend on, so a file that is there is taken, whatever run of the step wrote it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from redraft.config import Config
from redraft.pool import Request
from redraft.records import stable_id

BLOCK_COLUMN = "block"
"""Names the block of a request, and of the responses to it, on their way through the cluster."""


@dataclass(frozen=True)
class Block:
    """Requests that are sampled and written together; ``rows`` responses come of them."""

    name: str
    requests: tuple[Request, ...]
    rows: int


def cut_blocks(requests: Sequence[Request], config: Config, policy_id: str, number: int) -> list[Block]:
    """The requests, in order, in blocks of ``sample.images_per_block``."""
    size = config.sample.images_per_block
    common = (policy_id, number, config.hash())
    blocks = []
    for at in range(0, len(requests), size):
        chosen = tuple(requests[at : at + size])
        digest = stable_id(*common, *(r.model_dump_json() for r in chosen))
        blocks.append(Block(f"{at // size:05d}-{digest[:12]}", chosen, len(chosen) * config.sample.k))
    return blocks


class BlockFolder:
    """A folder of block files: which are missing, and a place to add rows until a block is whole."""

    def __init__(self, folder: Path, blocks: Sequence[Block]) -> None:
        """Whatever else is in the folder, such as the rest of another round or of a kill, is removed."""
        self.folder = folder
        self._rows = {block.name: block.rows for block in blocks}
        self._parts: dict[str, list[pa.Table]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        kept = {self._path(block.name) for block in blocks if _is_whole(self._path(block.name), block.rows)}
        for file in folder.iterdir():
            if file not in kept:
                file.unlink()
        self.missing = [block for block in blocks if self._path(block.name) not in kept]

    def add(self, table: pa.Table) -> None:
        """Take rows with their ``BLOCK_COLUMN``, of any blocks in any order; a block that is whole is written."""
        for name in pc.unique(table[BLOCK_COLUMN]).to_pylist():
            rows = table.filter(pc.equal(table[BLOCK_COLUMN], name)).drop_columns([BLOCK_COLUMN])
            parts = self._parts.setdefault(name, [])
            parts.append(rows)
            if sum(map(len, parts)) == self._rows[name]:
                self._write(name, pa.concat_tables(self._parts.pop(name)))

    def _write(self, name: str, table: pa.Table) -> None:
        partial = self._path(name).with_suffix(".partial")
        pq.write_table(table, partial)
        partial.replace(self._path(name))

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.parquet"


def _is_whole(path: Path, rows: int) -> bool:
    """Whether a block's file is there with all its rows; one that a crash of the machine cut off is not."""
    try:
        return bool(pq.read_metadata(path).num_rows == rows)
    except (OSError, pa.ArrowInvalid):
        return False
