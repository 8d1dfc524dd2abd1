"""What annotators of every kind make of the same samples."""

from __future__ import annotations

import random

import pytest

from redraft.config import ObjectiveConfig
from redraft.errors import DataError
from redraft.records import Split
from redraft.scaling.design import Annotators, Arm, Recipe
from redraft.scaling.labels import Sampled, correct_as, label
from redraft.segments import apply_edits
from redraft.world import DESCRIBE, DESCRIBE_LONG, correct, judge, origin, scene_at, true_description
from redraft.world.judging import errors_of
from redraft.world.language import describe
from redraft.world.mismatch import CarelessWriter
from redraft.world.vocabulary import OBJECTS

RECIPE = Recipe(learning_rate=1e-5)
CORRECTIONS, RANKINGS = Arm(recipe=RECIPE), Arm(labels="rankings", recipe=RECIPE)
PERFECT = Annotators()


def careless(index: int) -> str:
    scene = scene_at(0, Split.POOL, index)
    writer = CarelessWriter(random.Random(index))
    return describe(scene.setting, writer.believe(scene), random.Random(index))


def wrong(index: int, text: str) -> int:
    return len(errors_of(judge(scene_at(0, Split.POOL, index), DESCRIBE, text)))


SAMPLED = [
    Sampled(
        origin=origin(0, Split.POOL, index),
        first=careless(index),
        second=true_description(scene_at(0, Split.POOL, index)),
    )
    for index in range(60)
]
INDEX = {sampled.origin: index for index, sampled in enumerate(SAMPLED)}


def test_corrections_are_the_oracles() -> None:
    made = label(SAMPLED, CORRECTIONS, PERFECT, 30, seed=1)
    assert len({pair.id for pair in made.pairs}) == 30
    for pair in made.pairs:
        index = INDEX[pair.image_id]
        edits = correct(scene_at(0, Split.POOL, index), DESCRIBE, pair.rejected)
        assert pair.rejected == SAMPLED[index].first
        assert pair.chosen == apply_edits(pair.rejected, edits)
        assert pair.chosen_spans is not None and pair.kind == "correction"
    assert made.segments >= 30


def test_a_larger_set_begins_with_the_smaller_and_arms_share_their_pictures() -> None:
    small, large = (label(SAMPLED, CORRECTIONS, PERFECT, n, seed=2).pairs for n in (10, 25))
    assert large[:10] == small
    ranked = label(SAMPLED, RANKINGS, PERFECT, 25, seed=2).pairs
    assert len({p.image_id for p in ranked} & {p.image_id for p in large}) > 20
    assert label(SAMPLED, CORRECTIONS, PERFECT, 10, seed=3).pairs != small


def test_a_ranking_prefers_what_is_less_wrong() -> None:
    for pair in label(SAMPLED, RANKINGS, PERFECT, 30, seed=0).pairs:
        index = INDEX[pair.image_id]
        assert wrong(index, pair.chosen) < wrong(index, pair.rejected)
        assert pair.kind == "ranking" and pair.chosen_spans is None


def test_noise_turns_rankings_round_less_often_the_larger_the_difference() -> None:
    noisy = Arm(labels="rankings", noise=1.0, recipe=RECIPE)
    turned: dict[bool, list[bool]] = {True: [], False: []}
    for seed in range(40):
        for pair in label(SAMPLED, noisy, PERFECT, 40, seed=seed).pairs:
            gap = wrong(INDEX[pair.image_id], pair.chosen) - wrong(INDEX[pair.image_id], pair.rejected)
            turned[abs(gap) == 1].append(gap > 0)
    shares = {one: sum(list_) / len(list_) for one, list_ in turned.items()}
    assert shares[True] == pytest.approx(0.269, abs=0.04)
    assert shares[False] < 0.16


def test_annotators_who_do_less() -> None:
    scene, text = scene_at(0, Split.POOL, 3), "The top left shows three tents. The top right shows two tents."
    everything = correct(scene, DESCRIBE, text)
    one = correct_as(scene, text, Annotators(fixes=1), random.Random(0), careless=True)
    assert 0 < len(one) < len(everything)
    blind = correct_as(scene, text, Annotators(overlooks=1.0), random.Random(0), careless=True)
    assert blind == ()
    assert correct_as(scene, text, Annotators(overlooks=1.0), random.Random(0), careless=False) == everything
    lean = correct_as(scene, text, Annotators(additions=False), random.Random(0), careless=True)
    assert lean == correct(scene, DESCRIBE, text, add=False)


def test_a_mistake_makes_a_right_phrase_wrong() -> None:
    annotators = Annotators(mistakes=1.0)
    spoilt = label(SAMPLED, CORRECTIONS, annotators, 30, seed=1).pairs
    perfect = label(SAMPLED, CORRECTIONS, PERFECT, 30, seed=1).pairs
    more = [
        wrong(INDEX[s.image_id], s.chosen) - wrong(INDEX[p.image_id], p.chosen)
        for s, p in zip(spoilt, perfect, strict=True)
    ]
    assert set(more) <= {0, 1} and sum(more) > 20


def test_doubt_follows_the_annotator() -> None:
    smooth = Arm(smooth=True, recipe=RECIPE, objective=ObjectiveConfig(preset="paper"))
    annotators = Annotators(mistakes=0.3, careless_share=0.5)
    doubts = [pair.smoothing for pair in label(SAMPLED, smooth, annotators, 40, seed=0).pairs]
    assert set(doubts) == {0.3, None}
    assert 10 < doubts.count(None) < 30
    assert {pair.smoothing for pair in label(SAMPLED, CORRECTIONS, annotators, 40, seed=0).pairs} == {None}


def test_too_few_samples_are_named() -> None:
    with pytest.raises(DataError, match=r"3 pictures give \d corrections, fewer than 10: raise `items`"):
        label(SAMPLED[:3], CORRECTIONS, PERFECT, 10, seed=0)


def test_labels_of_long_responses_mend_the_recap_too() -> None:
    scene = scene_at(0, Split.POOL, 3)
    truth = true_description(scene, form="long")
    absent = next(name for name in OBJECTS if scene.group_of(name) is None)
    spoilt = Sampled(origin=origin(0, Split.POOL, 3), first=f"{truth[:-1]}, a {absent}.", second=truth)
    for arm in (CORRECTIONS, RANKINGS):
        (pair,) = label([spoilt], arm, PERFECT, 1, seed=0, prompt=DESCRIBE_LONG).pairs
        assert (pair.prompt, pair.chosen, pair.rejected) == (DESCRIBE_LONG, truth, spoilt.first)
