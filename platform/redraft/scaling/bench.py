"""Runs the cells of one base policy in one process: reset, label, train, describe, judge."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from statistics import fmean

from redraft.config import TrainConfig
from redraft.errors import DataError
from redraft.evaluate import evaluate
from redraft.records import PreferencePair, Split, TrainStep
from redraft.scaling.design import Arm, Cell, Recipe, StudyConfig, steps_of
from redraft.scaling.items import draw_samples, origins
from redraft.scaling.labels import Labelled, Sampled, label
from redraft.scaling.rows import CellResult
from redraft.scaling.workshop import Workshop
from redraft.world import TYPICAL

_log = logging.getLogger(__name__)

_FRESH_FACTORS = 4, 16, 64
"""Pictures drawn for each correction wanted of a policy that is already better than the base; more if it errs less."""

_FRESH_FROM = 1_000_000
"""Index of the first picture of on-policy rounds, beyond all that a base was sampled on."""


class Bench:
    """One base policy with everything that its cells share.

    Args:
        path: the base's checkpoint.
        config: the study.
        sampled: returns the base's samples, when they are first needed.
    """

    def __init__(self, path: str, config: StudyConfig, sampled: Callable[[], Sequence[Sampled]]) -> None:
        self.workshop = Workshop(path, config.world_seed, config.form)
        self.config = config
        self._sampled_by = sampled
        self._sampled: Sequence[Sampled] | None = None

    def run(self, cell: Cell) -> CellResult:
        """One cell, from the base's weights to counts."""
        began = time.perf_counter()
        self.workshop.untrained()
        log: list[TrainStep] = []
        segments = 0
        for number in range(cell.rounds if cell.labels else 0):
            labelled = self._labels(cell, number)
            segments += labelled.segments
            log += self._train(cell, labelled.pairs, number)
        trained = time.perf_counter()
        outcomes = self.workshop.outcomes(cell.split, cell.images)
        measured = evaluate(outcomes, policy=cell.base, split=cell.split, bootstrap=1, seed=0, blob="", typical=TYPICAL)
        tail = log[-max(1, len(log) // 10) :]
        return CellResult(
            cell=cell,
            steps=len(log),
            segments=segments,
            errors=tuple(o.errors for o in outcomes),
            mentions=tuple(o.mentions for o in outcomes),
            found=tuple(o.found for o in outcomes),
            present=tuple(o.present for o in outcomes),
            words=tuple(o.words for o in outcomes),
            by_type=measured.by_type,
            over_generalisation=measured.over_generalisation,
            chosen_change=fmean(s.chosen_logp - s.chosen_reference_logp for s in tail) if tail else None,
            rejected_change=fmean(s.rejected_logp - s.rejected_reference_logp for s in tail) if tail else None,
            accuracy=fmean(s.accuracy for s in tail) if tail else None,
            train_seconds=trained - began,
            seconds=time.perf_counter() - began,
        )

    def _labels(self, cell: Cell, number: int) -> Labelled:
        """The labels of round ``number``: from the base's samples, and later from the policy's as it now is."""
        share = cell.labels // cell.rounds + (number < cell.labels % cell.rounds)
        if number == 0:
            return self._labelled(cell, self._base_samples(), share)
        for factor in _FRESH_FACTORS[:-1]:
            try:
                return self._labelled(cell, self._fresh(cell, number, factor * share), share)
            except DataError as e:
                _log.info("round %d of %s: %s; more are drawn", number + 1, cell.arm, e)
        return self._labelled(cell, self._fresh(cell, number, _FRESH_FACTORS[-1] * share), share)

    def _labelled(self, cell: Cell, sampled: Sequence[Sampled], count: int) -> Labelled:
        arm, annotators = self.config.arms[cell.arm], self.config.conditions[cell.condition]
        return label(sampled, arm, annotators, count, seed=cell.seed, prompt=self.workshop.prompt)

    def _base_samples(self) -> Sequence[Sampled]:
        if self._sampled is None:
            self._sampled = self._sampled_by()
        return self._sampled

    def _fresh(self, cell: Cell, number: int, count: int) -> list[Sampled]:
        first = _FRESH_FROM + (cell.seed * 100 + number) * 10_000
        names = origins(self.config.world_seed, Split.POOL, first, count + 40)
        policy = self.workshop.policy
        policy.model.eval()
        return draw_samples(policy, names, temperature=self.config.temperature, form=self.config.form)

    def _train(self, cell: Cell, pairs: Sequence[PreferencePair], number: int) -> list[TrainStep]:
        arm = self.config.arms[cell.arm]
        assert cell.recipe is not None
        whole = steps_of(self.config, cell.schedule, cell.labels)
        steps = whole // cell.rounds + (number < whole % cell.rounds)
        train = train_config(self.config, arm, cell.recipe, max(1, steps), number)
        return self.workshop.train(pairs, train, seed=1000 * cell.seed + number)


def train_config(config: StudyConfig, arm: Arm, recipe: Recipe, steps: int, number: int) -> TrainConfig:
    """How a cell trains: the arm's objective with what the recipe chose."""
    chosen = recipe.model_dump(include={"beta", "normalise"}, exclude_none=True)
    objective = arm.objective.model_copy(update=chosen)
    return TrainConfig(
        objective=objective,
        workers=1,
        batch_size=config.batch_size,
        micro_batch=config.batch_size,
        steps=steps,
        warmup_steps_on_policy=round(arm.warmup_on_policy * steps),
        learning_rate=recipe.learning_rate * config.round_decay**number,
        warmup_share=config.warmup_share,
    )
