"""Results of a study made up from laws, so that tests know what an analysis must find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from redraft.records import HallucinationType, SceneRate
from redraft.scaling.design import Cell, Recipe, StudyConfig, grid
from redraft.scaling.rows import CellResult

PLAIN = {"preset": "paper", "gamma": 1}
ARMS: dict[str, Any] = {
    "dense": {"objective": {"preset": "paper"}},
    "plain": {"objective": PLAIN},
    "ranked": {"labels": "rankings", "objective": PLAIN},
    "told": {"objective": {"preset": "paper", "preference": 0, "supervised": 1}},
}
FLOORS = {"": 0.5, "dense": 0.06, "plain": 0.10, "ranked": 0.20, "told": 0.02}
RECIPE = Recipe(learning_rate=5e-5, beta=0.5)

Rate = Callable[[Cell], float]


def small_study(**changes: Any) -> StudyConfig:
    """Two bases, two seeds, four sizes, fixed steps."""
    settings: dict[str, Any] = {
        "bases": ("one", "two"),
        "seeds": (0, 1),
        "sizes": (50, 100, 200, 400),
        "arms": ARMS,
        "schedules": ("steps",),
        "test_images": 200,
        "bootstrap": 200,
        "search": {"candidates": [RECIPE]},
    }
    return StudyConfig.model_validate(settings | changes)


def law(cell: Cell) -> float:
    """Every arm falls from 0.3 above its floor at 50 labels, as the square root of the labels; bases lie apart."""
    apart = 0.02 if cell.base == "two" else 0.0
    fall = 0.3 * (50 / cell.labels) ** 0.5 if cell.labels else 0.0
    return FLOORS[cell.arm] + fall + apart


def cells_of(config: StudyConfig, rate: Rate = law, recall: Rate = lambda cell: 0.95) -> list[CellResult]:
    """Every cell of a study, with these rates and recalls as exactly as whole pictures allow."""
    return [result(cell, rate(cell), recall(cell)) for cell in grid(config, dict.fromkeys(config.arms, RECIPE))]


def result(cell: Cell, rate: float, recall: float = 0.95, words: int = 45, inside: float | None = None) -> CellResult:
    """One cell: hard pictures are wrong first, in an order that turns a little with the seed."""
    n = cell.images
    wrong = round(rate * n)
    errors = tuple(int((37 * at + 11 * cell.seed) % n < wrong) for at in range(n))
    found_in_all = round(10 * recall * n)
    found = tuple(found_in_all // n + (at < found_in_all % n) for at in range(n))
    mentions = tuple(f + e for f, e in zip(found, errors, strict=True))
    share = sum(errors) / sum(mentions)
    trained = cell.labels > 0
    return CellResult(
        cell=cell,
        steps=75 if trained else 0,
        segments=2 * cell.labels,
        errors=errors,
        mentions=mentions,
        found=found,
        present=(10,) * n,
        words=(words,) * n,
        by_type={kind: share * (kind is HallucinationType.OBJECT) for kind in HallucinationType},
        over_generalisation=(
            SceneRate(
                scene="kitchen",
                inside=rate / 5 if inside is None else inside,
                inside_mentions=400,
                elsewhere=0.005,
                elsewhere_mentions=400,
            ),
        ),
        chosen_change=0.1 if trained else None,
        rejected_change=-0.3 if trained else None,
        accuracy=0.9 if trained else None,
        train_seconds=10.0 if trained else 0.0,
        seconds=20.0,
    )
