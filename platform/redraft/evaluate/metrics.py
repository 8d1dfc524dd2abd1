"""Hallucination, recall and length of one policy on one split, and the difference between two policies.

Response- and mention-level rates follow Object HalBench (Rohrbach et al., 2018; RLHF-V, section 4.1): responses with an
error over responses, and wrong mentions over mentions. Over-generalisation follows RLHF-V, section 4.4, whose
denominator is open; here it is the mentions of the scene's typical objects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from redraft.errors import DataError
from redraft.evaluate.bootstrap import ImageBootstrap
from redraft.records import Evaluation, HallucinationType, Interval, Outcome, SceneRate, Split


def descriptions(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The outcomes of prompts that ask for a description."""
    return [o for o in outcomes if o.present > 0]


def questions(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The outcomes of short questions, which ask for no object by themselves."""
    return [o for o in outcomes if o.present == 0]


def evaluate(
    outcomes: Sequence[Outcome],
    *,
    policy: str,
    split: Split,
    bootstrap: int,
    seed: int,
    blob: str,
    typical: Mapping[str, Sequence[str]] | None = None,
) -> Evaluation:
    """Measure ``policy`` by its outcomes on ``split``.

    Rates, recall (objects found over objects present) and mean words are over descriptions and come with 95 %
    intervals from ``bootstrap`` resamples; ``question_accuracy`` is the share of short questions answered without an
    error. ``typical`` names each scene's typical objects; without it over-generalisation is left empty.

    Raises:
        DataError: if there is no description among the outcomes.
    """
    described, asked = descriptions(outcomes), questions(outcomes)
    if not described:
        raise DataError(f"policy {policy} has no description on the {split} split: evaluate at least one image")
    resampled = ImageBootstrap([o.image_id for o in described], resamples=bootstrap, seed=seed)
    mentions = [o.mentions for o in described]
    return Evaluation(
        policy=policy,
        split=split,
        responses=len(outcomes),
        response_rate=resampled.mean([_wrong(o) for o in described]),
        mention_rate=resampled.ratio([o.errors for o in described], mentions),
        recall=resampled.ratio([o.found for o in described], [o.present for o in described]),
        mean_words=resampled.mean([o.words for o in described]),
        question_accuracy=_accuracy(asked, bootstrap, seed),
        by_type=_by_type(described),
        by_scene=_by_scene(described),
        over_generalisation=_over_generalisation(described, typical or {}),
        blob=blob,
    )


def paired_difference(
    candidate: Sequence[Outcome],
    incumbent: Sequence[Outcome],
    *,
    bootstrap: int,
    seed: int,
    confidence: float = 0.95,
) -> Interval:
    """Response-level hallucination rate of ``candidate`` minus that of ``incumbent``, over the same descriptions.

    Both policies are resampled together, image by image, so what makes an image hard for both cancels out.

    Raises:
        DataError: if the two were not asked the same prompts about the same images, each once.
    """
    ours, theirs = _by_prompt(candidate), _by_prompt(incumbent)
    if ours.keys() != theirs.keys():
        raise DataError(
            f"the two policies answered different prompts ({len(ours.keys() - theirs.keys())} only the candidate, "
            f"{len(theirs.keys() - ours.keys())} only the incumbent): evaluate both on the same images"
        )
    keys = sorted(ours)
    resampled = ImageBootstrap([image for image, _ in keys], resamples=bootstrap, seed=seed, confidence=confidence)
    return resampled.mean([_wrong(ours[key]) - _wrong(theirs[key]) for key in keys])


def _wrong(outcome: Outcome) -> float:
    return float(outcome.errors > 0)


def _by_prompt(outcomes: Iterable[Outcome]) -> dict[tuple[str, str], Outcome]:
    described = descriptions(outcomes)
    keyed = {(o.image_id, o.prompt): o for o in described}
    if len(keyed) != len(described):
        raise DataError("a policy answered one prompt about one image twice: evaluate each image and prompt once")
    return keyed


def _accuracy(asked: Sequence[Outcome], bootstrap: int, seed: int) -> Interval | None:
    if not asked:
        return None
    resampled = ImageBootstrap([o.image_id for o in asked], resamples=bootstrap, seed=seed)
    return resampled.mean([1 - _wrong(o) for o in asked])


def _by_type(described: Sequence[Outcome]) -> dict[HallucinationType, float]:
    """Errors of each type per mention; every type is listed."""
    errors = Counter(kind for o in described for kind in o.error_types)
    mentions = sum(o.mentions for o in described)
    return {kind: _over(errors[kind], mentions) for kind in HallucinationType}


def _by_scene(described: Sequence[Outcome]) -> dict[str, float]:
    """Response-level rate in each scene."""
    responses = Counter(o.scene for o in described)
    wrong = Counter(o.scene for o in described if o.errors)
    return {scene: wrong[scene] / n for scene, n in sorted(responses.items())}


def _over_generalisation(described: Sequence[Outcome], typical: Mapping[str, Sequence[str]]) -> tuple[SceneRate, ...]:
    """For each scene, invented over all mentions of its typical objects, in its own pictures and in all others."""
    mentioned, invented = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for o in described:
        mentioned.update((o.scene, name) for name in o.mentioned)
        invented.update((o.scene, name) for name in o.invented)
    rates = []
    for scene in sorted(typical):
        named = _inside_and_elsewhere(mentioned, scene, set(typical[scene]))
        made_up = _inside_and_elsewhere(invented, scene, set(typical[scene]))
        rates.append(
            SceneRate(
                scene=scene,
                inside=_over(made_up[0], named[0]),
                inside_mentions=named[0],
                elsewhere=_over(made_up[1], named[1]),
                elsewhere_mentions=named[1],
            )
        )
    return tuple(rates)


def _inside_and_elsewhere(counts: Counter[tuple[str, str]], scene: str, objects: set[str]) -> tuple[int, int]:
    inside = sum(n for (where, name), n in counts.items() if where == scene and name in objects)
    return inside, sum(n for (_, name), n in counts.items() if name in objects) - inside


def _over(above: int, below: int) -> float:
    return above / below if below else 0.0
