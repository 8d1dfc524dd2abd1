"""What one cell of a study found, and the folder of results that makes a study resumable.

OUT/cells/ID.json   one result, written whole      OUT/rows.csv    the same as a table, vectors left out
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from redraft.records import HallucinationType, SceneRate
from redraft.scaling.design import Cell, StudyConfig
from redraft.scaling.measured import Kept, Measured


class CellResult(Measured):
    """One trained policy, described and counted.

    ``errors``, ``mentions``, ``found``, ``present`` and ``words`` hold one number a picture, in the order of the
    pictures, which is the same in all cells of a split. ``chosen_change`` and ``rejected_change`` are what the last
    tenth of the steps had gained over the reference, in nats per token; None for an untrained base. ``segments``
    counts the edits behind the labels.
    """

    cell: Cell
    steps: int
    segments: int
    mentions: tuple[int, ...]
    by_type: dict[HallucinationType, float]
    over_generalisation: tuple[SceneRate, ...]
    chosen_change: float | None = None
    rejected_change: float | None = None
    accuracy: float | None = None
    train_seconds: float = 0.0
    seconds: float = 0.0

    @property
    def mention_rate(self) -> float:
        """Errors per mention."""
        return sum(self.errors) / max(1, sum(self.mentions))


class ResultFolder:
    """The results of a study so far."""

    def __init__(self, root: Path) -> None:
        self._kept = Kept(root / "cells", CellResult)

    def has(self, cell: Cell, config: StudyConfig) -> bool:
        """Whether a cell is done."""
        return self._kept.has(cell.id(config))

    def get(self, cell: Cell, config: StudyConfig) -> CellResult:
        """A cell's result; DataError if there is none."""
        return self._kept.get(cell.id(config))

    def put(self, result: CellResult, config: StudyConfig) -> None:
        """Keep a result; a kill leaves it whole or not there."""
        self._kept.put(result.cell.id(config), result)


COLUMNS = (
    "base", "arm", "condition", "schedule", "rounds", "labels", "seed", "split", "images", "steps", "learning_rate",
    "beta", "normalise", "segments", "response_rate", "mention_rate", "recall", "mean_words", "chosen_change",
    "rejected_change", "accuracy", "train_seconds", "seconds", "object", "position", "number", "attribute", "action",
    "other", "typical_inside", "typical_elsewhere",
)  # fmt: skip


def write_csv(results: Iterable[CellResult], file: Path) -> None:
    """One row a result."""
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for result in results:
            writer.writerow(row_of(result))


def row_of(result: CellResult) -> dict[str, object]:
    """A result as plain columns; what is not known is empty."""
    cell, recipe = result.cell, result.cell.recipe
    inside, elsewhere = typical_invented(result.over_generalisation)
    row: dict[str, object] = cell.model_dump(mode="json", exclude={"recipe"})
    row |= {
        "learning_rate": recipe.learning_rate if recipe else None,
        "beta": recipe.beta if recipe else None,
        "normalise": recipe.normalise if recipe else None,
    }
    for name in ("response_rate", "mention_rate", "recall", "mean_words"):
        row[name] = round(getattr(result, name), 5)
    for name in ("steps", "segments", "chosen_change", "rejected_change", "accuracy", "train_seconds", "seconds"):
        value = getattr(result, name)
        row[name] = round(value, 4) if isinstance(value, float) else value
    row |= {kind.value: round(share, 5) for kind, share in result.by_type.items()}
    return row | {"typical_inside": round(inside, 5), "typical_elsewhere": round(elsewhere, 5)}


def typical_invented(rates: Iterable[SceneRate]) -> tuple[float, float]:
    """Typical objects invented per mention of one, over all scenes: inside their own, and elsewhere."""
    rates = list(rates)
    inside = sum(rate.inside * rate.inside_mentions for rate in rates)
    elsewhere = sum(rate.elsewhere * rate.elsewhere_mentions for rate in rates)
    return (
        inside / max(1, sum(rate.inside_mentions for rate in rates)),
        elsewhere / max(1, sum(rate.elsewhere_mentions for rate in rates)),
    )
