"""Every metric, worked by hand on responses small enough to count."""

import numpy as np
import pytest

from redraft.errors import DataError
from redraft.evaluate import evaluate, paired_difference, read_outcomes, write_outcomes
from redraft.records import Evaluation, HallucinationType, Interval, Outcome, Split

OBJECT, NUMBER = HallucinationType.OBJECT, HallucinationType.NUMBER
TYPICAL = {"kitchen": ("cup", "pan"), "street": ("bus",)}


def outcome(image: str, *, prompt: str = "Describe.", errors: int = 0, **fields: object) -> Outcome:
    whole = {
        "image_id": image,
        "prompt": prompt,
        "scene": "kitchen",
        "text": "…",
        "mentions": 4,
        "errors": errors,
        "error_types": (OBJECT,) * errors,
        "found": 4,
        "present": 5,
        "words": 20,
        **fields,
    }
    return Outcome.model_validate(whole)


def measured(*outcomes: Outcome) -> Evaluation:
    return evaluate(outcomes, policy="p", split=Split.TEST, bootstrap=200, seed=0, blob="outcomes", typical=TYPICAL)


FIVE = (
    outcome(
        "a", errors=2, error_types=(OBJECT, NUMBER), mentioned=("cup", "cup", "bus", "pan"), invented=("cup",), words=30
    ),
    outcome("b", mentions=6, found=5, mentioned=("pan", "cup"), words=10),
    outcome("c", scene="street", errors=1, found=2, mentioned=("bus", "cup", "bus"), invented=("cup", "bus"), words=26),
    outcome("d", scene="street", mentions=2, found=1, present=4, mentioned=("bus",), words=14),
    outcome("a", prompt="Is there a cup?", mentions=1, errors=1, found=0, present=0, words=3),
    outcome("b", prompt="Is there a cup?", mentions=1, found=0, present=0, words=3),
    outcome("c", prompt="Is there a cup?", mentions=1, found=0, present=0, words=3),
)


def test_headline_figures_are_over_descriptions_alone() -> None:
    found = measured(*FIVE)
    assert found.responses == 7
    assert found.response_rate.value == 2 / 4
    assert found.mention_rate.value == 3 / 16
    assert found.recall.value == 12 / 19
    assert found.mean_words.value == (30 + 10 + 26 + 14) / 4
    for interval in (found.response_rate, found.mention_rate, found.recall, found.mean_words):
        assert interval.low < interval.value < interval.high


def test_questions_have_an_accuracy_of_their_own() -> None:
    accuracy = measured(*FIVE).question_accuracy
    assert accuracy is not None
    assert accuracy.value == pytest.approx(2 / 3)
    assert measured(*FIVE[:4]).question_accuracy is None


def test_errors_by_type_are_per_mention_and_by_scene_per_response() -> None:
    found = measured(*FIVE)
    assert found.by_type[OBJECT] == 2 / 16
    assert found.by_type[NUMBER] == 1 / 16
    assert found.by_type[HallucinationType.ACTION] == 0
    assert found.by_scene == {"kitchen": 1 / 2, "street": 1 / 2}


def test_over_generalisation_counts_typical_objects_inside_their_scene_and_elsewhere() -> None:
    kitchen, street = measured(*FIVE).over_generalisation
    # Cups and pans: named five times in kitchens (one cup invented), once in streets (invented).
    assert (kitchen.scene, kitchen.inside, kitchen.inside_mentions) == ("kitchen", 1 / 5, 5)
    assert (kitchen.elsewhere, kitchen.elsewhere_mentions) == (1.0, 1)
    # Buses: named three times in streets (one invented), once in a kitchen (real).
    assert (street.inside, street.inside_mentions) == (1 / 3, 3)
    assert (street.elsewhere, street.elsewhere_mentions) == (0.0, 1)


def test_a_policy_that_says_nothing_has_no_errors_and_no_recall() -> None:
    silent = measured(outcome("a", mentions=0, found=0, words=0), outcome("b", mentions=0, found=0, words=0))
    assert silent.mention_rate.value == silent.recall.value == silent.response_rate.value == 0
    assert silent.by_type[OBJECT] == 0


def test_no_description_is_a_clear_error() -> None:
    with pytest.raises(DataError, match="policy p has no description on the test split"):
        measured(*FIVE[4:])


def slow_difference(ours: list[Outcome], theirs: list[Outcome], resamples: int, seed: int) -> Interval:
    """One resample and one image at a time."""
    differences = {}
    for mine in ours:
        (other,) = (o for o in theirs if (o.image_id, o.prompt) == (mine.image_id, mine.prompt))
        differences[mine.image_id] = int(mine.errors > 0) - int(other.errors > 0)
    images, means = sorted(differences), []
    for drawn in np.random.default_rng(seed).integers(0, len(images), size=(resamples, len(images))):
        means.append(sum(differences[images[i]] for i in drawn) / len(images))
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(value=sum(differences.values()) / len(images), low=float(low), high=float(high))


def test_the_paired_difference_is_that_of_the_slow_loop() -> None:
    rng = np.random.default_rng(4)
    ours = [outcome(f"{i:02}", errors=int(rng.random() < 0.2)) for i in range(25)]
    theirs = [outcome(f"{i:02}", errors=int(rng.random() < 0.6)) for i in range(25)]
    fast = paired_difference(ours, theirs[::-1], bootstrap=200, seed=9)
    slow = slow_difference(ours, theirs, 200, 9)
    assert (fast.value, fast.low, fast.high) == pytest.approx((slow.value, slow.low, slow.high))


def test_pairing_takes_out_what_makes_an_image_hard_for_both() -> None:
    hard = [outcome(f"{i:02}", errors=i % 2) for i in range(60)]
    better = [outcome(f"{i:02}", errors=int(i % 2 and i > 12)) for i in range(60)]
    difference = paired_difference(better, hard, bootstrap=500, seed=0)
    assert difference.value == pytest.approx(-6 / 60)
    assert difference.high < 0
    assert measured(*better).response_rate.high > measured(*hard).response_rate.low


def test_questions_are_no_part_of_the_paired_difference() -> None:
    question = outcome("a", prompt="Is there a cup?", mentions=1, errors=1, found=0, present=0)
    alone = [outcome("a"), outcome("b", errors=1)]
    assert paired_difference([*alone, question], alone, bootstrap=100, seed=0).value == 0


def test_policies_that_answered_different_prompts_are_not_compared() -> None:
    with pytest.raises(DataError, match=r"1 only the candidate, 2 only the incumbent"):
        paired_difference(
            [outcome("a"), outcome("b")], [outcome("a"), outcome("c"), outcome("d")], bootstrap=100, seed=0
        )
    with pytest.raises(DataError, match="twice"):
        paired_difference([outcome("a"), outcome("a")], [outcome("a")], bootstrap=100, seed=0)


def test_outcomes_come_back_from_parquet_as_they_went_in() -> None:
    data = write_outcomes(FIVE)
    assert read_outcomes(data) == list(FIVE)
    assert write_outcomes(FIVE) == data
    assert read_outcomes(write_outcomes([])) == []


def test_bytes_that_hold_no_outcomes_are_refused() -> None:
    with pytest.raises(DataError, match="not readable as Parquet"):
        read_outcomes(b"PAR1 not really")
