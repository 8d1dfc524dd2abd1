"""Runs the cells of one base policy in one process: reset, label, train, describe, judge.

The model, encoded pictures and image features stay between cells. The vision tower is frozen, so that they stay true.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import fmean

from redraft.config import TrainConfig
from redraft.evaluate import evaluate
from redraft.policy import EncodedPrompt, Policy, load_policy
from redraft.records import Outcome, PreferencePair, Split, TrainStep
from redraft.scaling.design import Arm, Cell, Recipe, StudyConfig, steps_of
from redraft.scaling.items import Gallery, describe_all, draw_samples, origins, prompts_of
from redraft.scaling.labels import Labelled, Sampled, label
from redraft.scaling.rows import CellResult
from redraft.train.encode import TrainingExample, encode_pair
from redraft.train.engine import TorchEngine
from redraft.train.feed import BatchMaker
from redraft.train.images import ImageSource
from redraft.train.loop import run_training
from redraft.train.rescoring import rescore
from redraft.train.state import TrainingState
from redraft.world import PROMPTS, TYPICAL, outcome, scene_of

_MAX_PIXELS = 1_000_000
_FRESH_FACTOR = 4
"""Pictures drawn for each correction wanted of a policy that is already better than the base."""

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
        self.policy = load_policy(path, "cpu", "float32")
        self.config = config
        self.prompt = PROMPTS[config.form]
        self._sampled_by = sampled
        self._sampled: Sequence[Sampled] | None = None
        self._weights = {name: tensor.clone() for name, tensor in self.policy.model.state_dict().items()}
        self._images = ImageSource(self.policy, Gallery(), _MAX_PIXELS, keep=4000)
        self._held_out: dict[tuple[Split, int], tuple[list[str], list[EncodedPrompt]]] = {}

    def run(self, cell: Cell) -> CellResult:
        """One cell, from the base's weights to counts."""
        began = time.perf_counter()
        self.untrained()
        log: list[TrainStep] = []
        segments = 0
        for number in range(cell.rounds if cell.labels else 0):
            labelled = self._labels(cell, number)
            segments += labelled.segments
            log += self._train(cell, labelled.pairs, number)
        trained = time.perf_counter()
        outcomes = self._outcomes(cell)
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

    def untrained(self) -> Policy:
        """The policy with the base's weights."""
        self.policy.model.load_state_dict(self._weights)
        self.policy.model.eval()
        return self.policy

    def _labels(self, cell: Cell, number: int) -> Labelled:
        """The labels of round ``number``: from the base's samples, and later from the policy's as it now is."""
        share = cell.labels // cell.rounds + (number < cell.labels % cell.rounds)
        sampled = self._base_samples() if number == 0 else self._fresh(cell, number, share)
        arm, annotators = self.config.arms[cell.arm], self.config.conditions[cell.condition]
        return label(sampled, arm, annotators, share, seed=cell.seed, prompt=self.prompt)

    def _base_samples(self) -> Sequence[Sampled]:
        if self._sampled is None:
            self._sampled = self._sampled_by()
        return self._sampled

    def _fresh(self, cell: Cell, number: int, count: int) -> list[Sampled]:
        count = _FRESH_FACTOR * count + 40
        first = _FRESH_FROM + (cell.seed * 100 + number) * 10_000
        names = origins(self.config.world_seed, Split.POOL, first, count)
        self.policy.model.eval()
        return draw_samples(self.policy, names, temperature=self.config.temperature, form=self.config.form)

    def _train(self, cell: Cell, pairs: Sequence[PreferencePair], number: int) -> list[TrainStep]:
        arm = self.config.arms[cell.arm]
        assert cell.recipe is not None
        whole = steps_of(self.config, cell.schedule, cell.labels)
        steps = whole // cell.rounds + (number < whole % cell.rounds)
        train = train_config(self.config, arm, cell.recipe, max(1, steps), number)
        examples = self._examples(pairs, train)
        state = run_training(
            self.policy,
            TorchEngine(self.policy, train),
            examples,
            Gallery(),
            train,
            seed=1000 * cell.seed + number,
            max_pixels=_MAX_PIXELS,
            state=TrainingState(),
            after_step=lambda _: None,
            images=self._images,
        )
        return state.log

    def _examples(self, pairs: Sequence[PreferencePair], train: TrainConfig) -> list[TrainingExample]:
        """Tokens of the pairs with the present policy's log-probabilities as reference."""
        prompt = prompts_of(self.policy, [pairs[0].image_id], self.config.form)[0]
        plain = []
        for pair in pairs:
            chosen, rejected = encode_pair(
                self.policy, pair, prompt, diff=train.objective.diff, max_tokens=train.max_tokens
            )
            zeros = tuple(0.0 for _ in chosen.ids), tuple(0.0 for _ in rejected.ids)
            plain.append(
                TrainingExample(pair.id, pair.blob, pair.prompt, chosen, rejected, *zeros, (), pair.smoothing or 0.0)
            )
        maker = BatchMaker(self.policy, plain, Gallery(), train, _MAX_PIXELS, images=self._images)
        return [
            replace(example, chosen_reference=chosen, rejected_reference=rejected)
            for example, chosen, rejected in rescore(self.policy, maker, plain)
        ]

    def _outcomes(self, cell: Cell) -> list[Outcome]:
        key = (cell.split, cell.images)
        if key not in self._held_out:
            names = origins(self.config.world_seed, cell.split, 0, cell.images)
            self._held_out[key] = (names, prompts_of(self.policy, names, self.config.form))
        names, prompts = self._held_out[key]
        self.policy.model.eval()
        texts = describe_all(self.policy, prompts, form=self.config.form)
        return [outcome(name, scene_of(name), self.prompt, text) for name, text in zip(names, texts, strict=True)]


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
        learning_rate=recipe.learning_rate * 0.6**number,
        warmup_share=config.warmup_share,
    )
