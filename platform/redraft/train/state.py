"""Where a training job stands, beside the engine's parameters and moments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from redraft.records import TrainStep

_STEPS, _REFERENCES = "steps.json", "references.parquet"

References = dict[int, tuple[tuple[float, ...], tuple[float, ...]]]
"""By example, the reference's log-probabilities of chosen and rejected, where they are not those of the dataset."""


class TrainingState:
    """The log of the steps done, and the references taken after an on-policy warm-up."""

    FILES: ClassVar = (_STEPS, _REFERENCES)

    def __init__(self) -> None:
        self.log: list[TrainStep] = []
        self.references: References | None = None

    @property
    def next_step(self) -> int:
        """The step to do next, from 0."""
        return len(self.log)

    def save(self, folder: Path) -> None:
        """Write it; the engine writes the rest."""
        (folder / _STEPS).write_text(json.dumps([s.model_dump() for s in self.log]))
        if self.references is not None:
            rows = [{"example": i, "chosen": c, "rejected": r} for i, (c, r) in sorted(self.references.items())]
            pq.write_table(pa.Table.from_pylist(rows), folder / _REFERENCES)

    @classmethod
    def load(cls, folder: Path) -> TrainingState:
        """Take up what ``save`` wrote."""
        state = cls()
        state.log = [TrainStep.model_validate(s) for s in json.loads((folder / _STEPS).read_text())]
        references = folder / _REFERENCES
        if references.exists():
            rows = pq.read_table(references).to_pylist()
            state.references = {row["example"]: (tuple(row["chosen"]), tuple(row["rejected"])) for row in rows}
        return state
