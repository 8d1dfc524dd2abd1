"""Each arm's recipe: the best of its candidates on the development split, with as many candidates for every arm."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from redraft.records import Record
from redraft.scaling.design import Recipe, StudyConfig
from redraft.scaling.rows import CellResult

RECALL_MARGIN = 0.01
"""A recipe may cost this much recall against the base; one that costs more is taken only where all do."""


class Choice(Record):
    """What was chosen for an arm, and what it and the others did on dev."""

    arm: str
    recipe: Recipe
    response_rate: float
    recall: float
    tried: int


def choose(config: StudyConfig, trials: Iterable[CellResult], base: CellResult) -> dict[str, Choice]:
    """The recipe of each arm that was searched for.

    Lowest response-level rate among the candidates that keep the base's recall; of equals the gentler rate.

    Args:
        base: the untrained base on the same development pictures.
    """
    by_arm: dict[str, list[CellResult]] = {}
    for trial in trials:
        by_arm.setdefault(trial.cell.arm, []).append(trial)
    return {arm: _best(arm, tried, base) for arm, tried in by_arm.items()}


def _best(arm: str, tried: Sequence[CellResult], base: CellResult) -> Choice:
    helpful = [trial for trial in tried if trial.recall >= base.recall - RECALL_MARGIN]

    def order(trial: CellResult) -> tuple[float, float]:
        assert trial.cell.recipe is not None
        return trial.response_rate, trial.cell.recipe.learning_rate

    best = min(helpful or tried, key=order)
    assert best.cell.recipe is not None
    return Choice(
        arm=arm, recipe=best.cell.recipe, response_rate=best.response_rate, recall=best.recall, tried=len(tried)
    )
