"""A candidate is promoted for fewer errors, never for saying less, and is told why in figures."""

import pytest

from redraft.config import PromoteConfig
from redraft.errors import DataError
from redraft.promote import decide
from redraft.records import HallucinationType, Outcome, Verdict

IMAGES = 200


def answers(*, wrong: int, found: int = 9, words: int = 40, skip: int = 0) -> list[Outcome]:
    """``wrong`` of 200 descriptions hold an error; each finds ``found`` of 10 objects."""
    return [
        Outcome(
            image_id=f"image-{i:03}",
            prompt="Describe.",
            scene="kitchen",
            text="…",
            mentions=10,
            errors=int(i < wrong),
            error_types=(HallucinationType.OBJECT,) * int(i < wrong),
            found=found,
            present=10,
            words=words,
        )
        for i in range(skip, IMAGES)
    ]


def verdict(candidate: list[Outcome], incumbent: list[Outcome], **config: float) -> Verdict:
    return decide(
        candidate,
        incumbent,
        PromoteConfig.model_validate(config),
        candidate_id="new",
        incumbent_id="old",
        bootstrap=500,
        seed=0,
    )


def test_clearly_fewer_errors_are_promoted_with_figures() -> None:
    found = verdict(answers(wrong=40), answers(wrong=100))
    assert found.promoted
    assert (found.candidate, found.incumbent) == ("new", "old")
    assert found.difference.value == pytest.approx(-0.30)
    assert found.difference.low < -0.30 < found.difference.high < 0
    fewer, recall, length = found.reasons
    assert fewer.startswith("Passed: the share of responses with an error changes by -30.0 points (95 % interval ")
    assert recall == "Passed: recall goes from 0.900 to 0.900; it may fall by at most 0.01."
    assert length == "Passed: mean length goes from 40.0 to 40.0 words (+0.0 %); it may change by at most 10 %."


def test_a_difference_within_the_noise_is_not_promoted() -> None:
    found = verdict(answers(wrong=99), answers(wrong=100))
    assert not found.promoted
    assert found.reasons[0].startswith("Failed: the share of responses with an error changes by -0.5 points")
    assert found.reasons[1].startswith("Passed:")


def test_the_confidence_asked_for_decides() -> None:
    candidate, incumbent = answers(wrong=97), answers(wrong=100)
    assert verdict(candidate, incumbent, confidence=0.8).promoted
    strict = verdict(candidate, incumbent, confidence=0.999)
    assert not strict.promoted
    assert "99.9 % interval" in strict.reasons[0]


def test_more_errors_are_not_promoted() -> None:
    assert not verdict(answers(wrong=150), answers(wrong=100)).promoted


def test_fewer_errors_by_finding_less_are_not_promoted() -> None:
    found = verdict(answers(wrong=0, found=8), answers(wrong=100))
    assert not found.promoted
    assert found.reasons[1] == "Failed: recall goes from 0.900 to 0.800; it may fall by at most 0.01."
    assert verdict(answers(wrong=0, found=8), answers(wrong=100), max_recall_drop=0.1).promoted


@pytest.mark.parametrize(("words", "promoted"), [(44, True), (36, True), (45, False), (35, False)])
def test_length_may_change_by_a_tenth_either_way(words: int, promoted: bool) -> None:
    found = verdict(answers(wrong=0, words=words), answers(wrong=100))
    assert found.promoted is promoted
    assert found.reasons[2].startswith("Passed" if promoted else "Failed")


def test_an_incumbent_without_a_word_is_no_division_by_zero() -> None:
    assert not verdict(answers(wrong=0, words=5), answers(wrong=100, words=0)).promoted
    assert verdict(answers(wrong=0, words=0), answers(wrong=100, words=0)).promoted


def test_policies_measured_on_different_images_are_not_compared() -> None:
    with pytest.raises(DataError, match="evaluate both on the same images"):
        verdict(answers(wrong=0, skip=1), answers(wrong=100))
