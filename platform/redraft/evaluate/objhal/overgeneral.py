"""Over-generalisation: objects that are typical of a scene, invented because the scene is there (RLHF-V, section 4.4).

For a scene and the objects typical of it, with sums over answers:

    Ha   invented over mentioned, of these objects, in all answers
    Hs   the same in the answers about images of the scene
    Δ    Hs - Ha

The paper compares rates without saying what they are over. Here ``mention`` is over mentions of these objects, and
``response`` is answers that invent one of them over answers that mention one. Mean Δ is over scenes whose Δ is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from redraft.evaluate.bootstrap import Floats, ImageBootstrap
from redraft.evaluate.suite import ratio
from redraft.records import Interval, Outcome, Record

Per = Literal["mention", "response"]


@dataclass(frozen=True)
class SceneAnswer:
    """An answer about an image of ``scenes``: the objects it mentions, and those of them that are not there."""

    image_id: str
    scenes: frozenset[str]
    mentioned: tuple[str, ...]
    invented: tuple[str, ...]


class SceneDelta(Record):
    """One scene; None where nothing typical of it was mentioned. ``answers`` are about images of the scene.

    ``all_base`` and ``scene_base`` are what the two rates are over.
    """

    scene: str
    objects: tuple[str, ...]
    answers: int
    ha: Interval | None
    hs: Interval | None
    delta: Interval | None
    all_base: int
    scene_base: int


class OverGeneralisation(Record):
    """Every scene, and the mean Δ, with 95 % intervals over images."""

    per: Per
    scenes: tuple[SceneDelta, ...]
    mean_delta: Interval | None


def over_generalisation(
    answers: Sequence[SceneAnswer],
    typical: Mapping[str, Sequence[str]],
    *,
    per: Per = "mention",
    bootstrap: int,
    seed: int,
) -> OverGeneralisation:
    """Measure it of all ``answers``; ``typical`` names each scene's objects.

    Raises:
        DataError: there is no answer.
    """
    draws = ImageBootstrap([answer.image_id for answer in answers], resamples=bootstrap, seed=seed)
    columns: list[list[float]] = []
    scenes = []
    for scene, objects in typical.items():
        four = [list(column) for column in zip(*(scene_values(a, scene, objects, per) for a in answers), strict=True)]
        columns += four
        scenes.append(
            SceneDelta(
                scene=scene,
                objects=tuple(objects),
                answers=sum(scene in answer.scenes for answer in answers),
                ha=draws.of_sums(four[2:], ratio),
                hs=draws.of_sums(four[:2], ratio),
                delta=draws.of_sums(four, delta),
                all_base=int(sum(four[3])),
                scene_base=int(sum(four[1])),
            )
        )
    mean = draws.of_sums(columns, mean_delta) if columns else None
    return OverGeneralisation(per=per, scenes=tuple(scenes), mean_delta=mean)


def scene_values(answer: SceneAnswer, scene: str, objects: Sequence[str], per: Per) -> tuple[float, ...]:
    """Invented and mentioned within the scene, then invented and mentioned anywhere, of one answer."""
    invented = float(sum(name in objects for name in answer.invented))
    mentioned = float(sum(name in objects for name in answer.mentioned))
    if per == "response":
        invented, mentioned = float(invented > 0), float(mentioned > 0)
    inside = float(scene in answer.scenes)
    return inside * invented, inside * mentioned, invented, mentioned


def delta(sums: Floats) -> Floats:
    """Sums [m, 4] as of `scene_values` to Δ [m]; NaN where a rate is over nothing."""
    difference: Floats = ratio(sums[:, :2]) - ratio(sums[:, 2:])
    return difference


def mean_delta(sums: Floats) -> Floats:
    """Sums [m, 4 k] of k scenes to the mean Δ [m] over those that have one."""
    deltas = np.stack([delta(sums[:, at : at + 4]) for at in range(0, sums.shape[1], 4)], axis=1)
    known = ~np.isnan(deltas)
    count = known.sum(axis=1)
    mean: Floats = np.where(count > 0, np.where(known, deltas, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)
    return mean


def of_outcomes(outcomes: Iterable[Outcome]) -> list[SceneAnswer]:
    """Descriptions of the picture world's scenes; short questions are left out."""
    return [
        SceneAnswer(outcome.image_id, frozenset({outcome.scene}), outcome.mentioned, outcome.invented)
        for outcome in outcomes
        if outcome.present > 0
    ]
