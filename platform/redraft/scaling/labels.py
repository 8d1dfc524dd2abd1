"""From samples to labels: what annotators of every kind would make of the same pictures.

    Sampled (two texts a picture) ──► corrections: the first text, mended     ──► PreferencePair
                                  └─► rankings: the less wrong of the two     ──► PreferencePair

Pictures are gone through in one seeded order for all arms, so arms of a seed learn from the same pictures as far as
their labels allow: a text without an error gives no correction, two equally wrong ones no ranking.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from redraft.errors import DataError
from redraft.records import Edit, HallucinationType, PreferencePair, Record, stable_id
from redraft.scaling.design import Annotators, Arm
from redraft.segments import apply_edits, changed_spans, snap_edits, snap_to_words
from redraft.world import DESCRIBE, judge, scene_of
from redraft.world.correction import fixes, in_order
from redraft.world.judging import errors_of
from redraft.world.scene import Scene
from redraft.world.vocabulary import OBJECTS, noun


class Sampled(Record):
    """One picture, and two responses drawn from the policy."""

    origin: str
    first: str
    second: str


@dataclass(frozen=True)
class Labelled:
    """Pairs to train on, and how many segments were corrected for them."""

    pairs: tuple[PreferencePair, ...]
    segments: int


def label(
    sampled: Sequence[Sampled], arm: Arm, annotators: Annotators, count: int, *, seed: int, prompt: str = DESCRIBE
) -> Labelled:
    """The first ``count`` labels of responses to ``prompt``, in the order of pictures that ``seed`` gives.

    Raises:
        DataError: the samples do not give so many.
    """
    order = list(sampled)
    random.Random(f"order:{seed}").shuffle(order)
    if arm.labels == "rankings":
        made = _rankings(order, arm, seed, prompt)
    else:
        made = _corrections(order, arm, annotators, seed, prompt)
    taken: list[PreferencePair] = []
    segments = 0
    for pair, edits in made:
        taken.append(pair)
        segments += edits
        if len(taken) == count:
            return Labelled(tuple(taken), segments)
    raise DataError(
        f"{len(sampled)} pictures give {len(taken)} {arm.labels}, fewer than {count}: raise `items`, or lower `sizes`"
    )


def correct_as(
    scene: Scene, text: str, annotators: Annotators, rng: random.Random, *, careless: bool, prompt: str = DESCRIBE
) -> tuple[Edit, ...]:
    """What an annotator of this kind would edit in a text; nothing where no error is found."""
    overlooks = annotators.overlooks if careless else 0.0
    found = [fix for fix in fixes(scene, prompt, text, add=annotators.additions) if rng.random() >= overlooks]
    if annotators.fixes is not None and len(found) > annotators.fixes:
        found = rng.sample(found, annotators.fixes)
    edits = in_order(found)
    if found and careless and rng.random() < annotators.mistakes:
        edits = _with_mistake(scene, prompt, text, edits, rng)
    return edits


def _corrections(
    order: Iterable[Sampled], arm: Arm, annotators: Annotators, seed: int, prompt: str
) -> Iterator[tuple[PreferencePair, int]]:
    """Each with the number of its edits."""
    for item in order:
        rng = random.Random(f"annotators:{seed}:{item.origin}")
        careless = rng.random() < annotators.careless_share
        edits = correct_as(scene_of(item.origin), item.first, annotators, rng, careless=careless, prompt=prompt)
        mended = apply_edits(item.first, edits)
        if mended in (item.first, ""):
            continue
        doubt = min(0.49, annotators.mistakes) if arm.smooth and careless else None
        yield pair_of(item.origin, prompt, mended, item.first, edits, doubt), len(edits)


def _rankings(order: Iterable[Sampled], arm: Arm, seed: int, prompt: str) -> Iterator[tuple[PreferencePair, int]]:
    for item in order:
        scene = scene_of(item.origin)
        wrong = [len(errors_of(judge(scene, prompt, text))) for text in (item.first, item.second)]
        if wrong[0] == wrong[1]:
            continue
        texts = (item.first, item.second) if wrong[0] < wrong[1] else (item.second, item.first)
        if arm.noise is not None:
            right = 1 / (1 + math.exp(-arm.noise * abs(wrong[0] - wrong[1])))
            if random.Random(f"ranking:{seed}:{item.origin}").random() >= right:
                texts = texts[::-1]
        yield pair_of(item.origin, prompt, *texts, None, None), 0


def pair_of(
    origin: str, prompt: str, chosen: str, rejected: str, edits: tuple[Edit, ...] | None, smoothing: float | None
) -> PreferencePair:
    """A pair about the picture of that name; without edits, a ranking of two whole texts."""
    spans: dict[str, object] = {"rejected_spans": None, "chosen_spans": None}
    if edits is not None:
        in_rejected, in_chosen = changed_spans(rejected, snap_edits(rejected, edits))
        spans = {
            "rejected_spans": snap_to_words(rejected, in_rejected),
            "chosen_spans": snap_to_words(chosen, in_chosen),
        }
    key = stable_id("study pair", origin, chosen, rejected)
    return PreferencePair.model_validate(
        {
            "id": key,
            "correction_id": key,
            "image_id": origin,
            "blob": origin,
            "prompt": prompt,
            "chosen": chosen,
            "rejected": rejected,
            "annotator": "oracle",
            "round": 1,
            "kind": "ranking" if edits is None else "correction",
            "smoothing": smoothing,
            **spans,
        }
    )


def _with_mistake(
    scene: Scene, prompt: str, text: str, edits: tuple[Edit, ...], rng: random.Random
) -> tuple[Edit, ...]:
    """The edits, and one right noun that no edit touches turned into another object."""
    right = [
        claim
        for claim in judge(scene, prompt, text)
        if claim.error is None
        and claim.asserts
        and claim.noun_at is not None
        and not any(edit.start < claim.sentence.end and claim.sentence.start < edit.end for edit in edits)
    ]
    if not right:
        return edits
    claim = rng.choice(right)
    assert claim.noun_at is not None
    other = rng.choice([name for name in OBJECTS if scene.group_of(name) is None])
    edit = Edit(
        start=claim.noun_at.start,
        end=claim.noun_at.end,
        replacement=noun(other, claim.count or 1),
        type=HallucinationType.OBJECT,
    )
    return tuple(sorted((*edits, edit), key=lambda edit: edit.start))
