"""A dataset version's rows as training examples, made when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

import pyarrow as pa
import pyarrow.parquet as pq

from redraft.blobs import fetch
from redraft.train.encode import PairTokens, TrainingExample


class Examples(Sequence[TrainingExample]):
    """The rows of a table of ``TRAINING_SCHEMA``, in the order of pair ids; the table stays in Arrow's compact form."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table.sort_by("id").combine_chunks()

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @overload
    def __getitem__(self, index: int) -> TrainingExample: ...
    @overload
    def __getitem__(self, index: slice) -> list[TrainingExample]: ...
    def __getitem__(self, index: int | slice) -> TrainingExample | list[TrainingExample]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return _example(self.table.slice(index % len(self), 1).to_pylist()[0])


def read_examples(dataset: str | Path) -> Examples:
    """The examples of a dataset version's folder of Parquet files, or its address, whatever order those are in."""
    return Examples(pq.read_table(fetch(dataset)))


def _example(row: dict[str, Any]) -> TrainingExample:
    return TrainingExample(
        pair_id=row["id"],
        blob=row["blob"],
        prompt=row["prompt"],
        chosen=PairTokens(tuple(row["chosen_ids"]), tuple(row["chosen_changed"])),
        rejected=PairTokens(tuple(row["rejected_ids"]), tuple(row["rejected_changed"])),
        chosen_reference=tuple(row["chosen_reference"]),
        rejected_reference=tuple(row["rejected_reference"]),
        blank_reference=tuple(row["blank_reference"] or ()),
        smoothing=row.get("smoothing") or 0.0,
    )
