"""One walk through the loop: sample, score, route, correct, train, measure; as the platform does it, in one process.

The oracle answers every task, and overlooks nothing. Whoever is routed to whom, round 1 chooses from the same samples
of the base, and later rounds from pictures that are the same for all strategies of a seed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from redraft.claims import LexicalClaims
from redraft.policy import GenerationSettings, generate
from redraft.records import (
    Answer,
    Arm,
    Correction,
    Edit,
    Outcome,
    PreferencePair,
    Response,
    Split,
    Task,
    stable_id,
)
from redraft.routing import Budget, Effort, Routed, candidate_of, open_strategy, route
from redraft.routing_study.design import RoutingStudyConfig, Walk
from redraft.routing_study.rows import RoundResult, WalkResult
from redraft.scaling.items import MAX_NEW_TOKENS, SAMPLE_BATCH, origins, prompts_of
from redraft.scaling.labels import pair_of
from redraft.scaling.workshop import Workshop
from redraft.segments import apply_edits
from redraft.uncertainty.labels import Example, label
from redraft.uncertainty.sampled import SampledResponse, observe
from redraft.uncertainty.scorer import choose_scorer
from redraft.world import correct, scene_of

_FIRST_PICTURE = 2_000_000
"""Index of the first picture of the pool that walks take, beyond all that other studies sample."""

_EFFORT = Effort()


@dataclass(frozen=True)
class Asked:
    """What a round's tasks brought in."""

    scorer: str
    tasks: tuple[Task, ...]
    answers: tuple[Correction, ...]
    examples: tuple[Example, ...]

    @property
    def pairs(self) -> list[tuple[Task, Correction]]:
        """The answers that mend something, with their tasks."""
        both = zip(self.tasks, self.answers, strict=True)
        return [(task, answer) for task, answer in both if answer.answer is Answer.CORRECTED]


class Walker:
    """Walks from one base; the model and the samples that all walks of a seed share stay between walks."""

    def __init__(self, base: str, config: RoutingStudyConfig) -> None:
        self.base, self.config = base, config
        self.workshop = Workshop(base, config.world_seed)
        self._of_base: tuple[Outcome, ...] = ()
        self._first: tuple[int, list[SampledResponse]] = (-1, [])

    def run(self, walk: Walk) -> WalkResult:
        """A whole walk."""
        began = time.perf_counter()
        self.workshop.untrained()
        if not self._of_base:
            self._of_base = tuple(self.workshop.outcomes(Split.TEST, self.config.test_images))
        rounds = [_result(Asked("", (), (), ()), 0.0, 0, self._of_base)]
        pairs: list[PreferencePair] = []
        examples: list[Example] = []
        for number in range(1, self.config.rounds + 1):
            sampled = self._sampled(walk, number)
            asked = self._ask(walk, number, sampled, examples)
            examples += asked.examples
            pairs += [_pair(task, answer) for task, answer in asked.pairs]
            steps = self._train(walk, pairs)
            outcomes = self.workshop.outcomes(Split.TEST, self.config.test_images)
            rounds.append(_result(asked, _share_to_mend(sampled, self.workshop.prompt), steps, outcomes))
        return WalkResult(walk=walk, rounds=tuple(rounds), seconds=time.perf_counter() - began)

    def _sampled(self, walk: Walk, number: int) -> list[SampledResponse]:
        if number > 1:
            return self._draw(walk.seed, number)
        if self._first[0] != walk.seed:
            self._first = (walk.seed, self._draw(walk.seed, 1))
        return self._first[1]

    def _draw(self, seed: int, number: int) -> list[SampledResponse]:
        """The first of k samples of every fresh picture, beside its siblings."""
        config, policy = self.config, self.workshop.policy
        policy.model.eval()
        first = _FIRST_PICTURE + (seed * 100 + number) * 10_000
        names = origins(config.world_seed, Split.POOL, first, config.pictures)
        settings = GenerationSettings(MAX_NEW_TOKENS["short"], k=config.k, temperature=config.temperature, embed=True)
        drawn: list[SampledResponse] = []
        for start in range(0, len(names), SAMPLE_BATCH):
            batch = names[start : start + SAMPLE_BATCH]
            seeds = [int(stable_id("routing study", name)[:12], 16) for name in batch]
            generations = generate(policy, prompts_of(policy, batch, "short"), settings, seeds)
            for at, name in enumerate(batch):
                siblings = [
                    Response(
                        id=stable_id("response", seed, number, name, sample),
                        image_id=name,
                        prompt=self.workshop.prompt,
                        text=generation.text,
                        policy=f"round {number - 1}",
                        round=number,
                        sample=sample,
                        seed=seeds[at],
                        temperature=config.temperature,
                        top_p=1.0,
                        finished=generation.finished,
                        trace=generation.trace,
                    )
                    for sample, generation in enumerate(generations[at * config.k : (at + 1) * config.k])
                ]
                drawn.append(observe(siblings[0], siblings[1:], config.route.entropy_weight, LexicalClaims()))
        return drawn

    def _ask(self, walk: Walk, number: int, sampled: Sequence[SampledResponse], before: Sequence[Example]) -> Asked:
        """Route a round's samples and have the oracle answer."""
        chosen = self.config.route.model_copy(update={"strategy": walk.strategy})
        scorer = choose_scorer(
            before, self.config.uncertainty, f"round {number - 1}", probe=walk.strategy != "uncertainty"
        )
        by_id = {one.response.id: one for one in sampled}
        seed = 1000 * walk.seed + number
        routed = route(
            [candidate_of(one.response, scorer.score(one), _EFFORT) for one in sampled],
            strategy=open_strategy(chosen, seed + 1_000_003),
            budget=Budget(tasks=chosen.budget, minutes=chosen.minutes),
            random_share=chosen.random_share,
            seed=seed,
        )
        tasks = tuple(_task(item, by_id[item.response_id].response) for item in routed)
        answers = tuple(_answer(task) for task in tasks)
        return Asked(scorer.name, tasks, answers, tuple(label(answers, tasks, by_id)))

    def _train(self, walk: Walk, pairs: Sequence[PreferencePair]) -> int:
        self.workshop.untrained()
        if not pairs:
            return 0
        config = self.config.train(len(pairs))
        return len(self.workshop.train(pairs, config, seed=1000 * walk.seed))


def _task(item: Routed, response: Response) -> Task:
    return Task(
        id=response.id,
        round=response.round,
        response_id=response.id,
        image_id=response.image_id,
        prompt=response.prompt,
        text=response.text,
        spans=(),
        arm=item.arm,
        priority=item.priority,
        policy=response.policy,
    )


def _answer(task: Task) -> Correction:
    """What an annotator who overlooks nothing makes of a task; a text that would be left empty stays as it is."""
    edits: tuple[Edit, ...] = correct(scene_of(task.image_id), task.prompt, task.text)
    corrected = apply_edits(task.text, edits)
    if corrected in ("", task.text):
        edits, corrected = (), task.text
    return Correction(
        id=task.id,
        task_id=task.id,
        round=task.round,
        annotator="oracle",
        answer=Answer.CORRECTED if edits else Answer.CLEAN,
        original=task.text,
        corrected=corrected,
        edits=edits,
        arm=task.arm,
        seconds=60 * _EFFORT.minutes(len(task.text.split()), len(edits)),
        submitted_at=0.0,
    )


def _pair(task: Task, answer: Correction) -> PreferencePair:
    return pair_of(task.image_id, task.prompt, answer.corrected, answer.original, answer.edits, None)


def _share_to_mend(sampled: Sequence[SampledResponse], prompt: str) -> float:
    """What the random arm estimates."""
    to_mend = [bool(correct(scene_of(one.response.image_id), prompt, one.response.text)) for one in sampled]
    return sum(to_mend) / len(to_mend)


def _result(asked: Asked, pool_to_mend: float, steps: int, outcomes: Sequence[Outcome]) -> RoundResult:
    at_random = [answer for answer in asked.answers if answer.arm is Arm.RANDOM]
    return RoundResult(
        scorer=asked.scorer,
        tasks=len(asked.tasks),
        corrections=len(asked.pairs),
        segments=sum(len(answer.edits) for answer in asked.answers),
        minutes=sum(answer.seconds for answer in asked.answers) / 60,
        random_tasks=len(at_random),
        random_to_mend=sum(answer.answer is Answer.CORRECTED for answer in at_random),
        pool_to_mend=pool_to_mend,
        steps=steps,
        errors=tuple(o.errors for o in outcomes),
        found=tuple(o.found for o in outcomes),
        present=tuple(o.present for o in outcomes),
        words=tuple(o.words for o in outcomes),
    )
