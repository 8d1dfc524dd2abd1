"""The probe learns what tells wrong from right, is calibrated on the random arm alone, and survives on disk."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redraft.config import UncertaintyConfig
from redraft.errors import DataError
from redraft.records import Arm
from redraft.uncertainty.calibrating import Calibration, calibrate, logit, sigmoid
from redraft.uncertainty.evaluating import evaluate_uncertainty
from redraft.uncertainty.fitting import cross_validated, fit_probe, fold_of, held_out
from redraft.uncertainty.labels import Example
from redraft.uncertainty.probe import Probe, any_wrong
from redraft.uncertainty.scorer import Scorer, choose_scorer, read_scorer

from .uncertain_answers import example

SMALL = UncertaintyConfig(choose_from=10, probe_from=40, platt_from=30, isotonic_from=100)


def world(count: int, seed: int = 0, arm: Arm = Arm.RANDOM, tilt: float = 0.0) -> list[Example]:
    """One claim a response, wrong with a chance that grows with its doubt."""
    rng = np.random.default_rng(seed)
    doubts = rng.uniform(0, 4, size=count)
    wrong = rng.random(count) < sigmoid(2 * (doubts - 2) + tilt)
    start = 10_000 * seed
    return [example(start + i, float(d), bool(w), arm=arm) for i, (d, w) in enumerate(zip(doubts, wrong, strict=True))]


def test_it_orders_by_doubt_and_gives_chances() -> None:
    probe = fit_probe(world(200), SMALL, "p0")
    assert probe is not None
    assert probe.claim_calibration.method == "isotonic"
    chances = [probe.score(example(9, doubt, False).sampled).spans[0].score for doubt in (0.1, 1.5, 2.5, 3.9)]
    assert chances == sorted(chances)
    assert chances[0] < 0.2 < 0.8 < chances[-1]


@pytest.mark.parametrize(("count", "method"), [(20, "none"), (60, "platt"), (200, "isotonic")])
def test_the_size_of_the_random_arm_chooses_the_calibration(count: int, method: str) -> None:
    probe = fit_probe(world(count) + world(60, 1, Arm.UNCERTAIN), SMALL, "p0")
    assert probe is not None
    assert probe.claim_calibration.method == probe.response_calibration.method == method
    assert probe.claim_calibration.responses == (count if method != "none" else probe.claim_calibration.responses)


def test_the_random_arm_alone_calibrates() -> None:
    """What is routed for its doubts is wrong far more often at the same doubt; the chances must not follow it."""
    random, routed = world(200), world(400, 1, Arm.UNCERTAIN, tilt=4.0)
    probe = fit_probe(random + routed, SMALL, "p0")
    assert probe is not None
    mean = np.mean([probe.score(e.sampled).score for e in random])
    assert mean == pytest.approx(np.mean([e.wrong for e in random]), abs=0.06)
    assert np.mean([any_wrong(probe.raw(e.sampled)) for e in random]) > mean + 0.1


def test_a_policy_with_a_random_arm_of_its_own_is_calibrated_on_that() -> None:
    old = world(100)
    new = [example(5000 + i, i / 15, i % 4 == 0, policy="p1") for i in range(40)]
    probe = fit_probe(old + new, SMALL, "p1")
    assert probe is not None
    assert probe.claim_calibration.responses == 40
    before = fit_probe(old + new, SMALL, "p2")
    assert before is not None
    assert before.claim_calibration.responses == 140


def test_held_out_scores_are_of_images_that_the_coefficients_never_saw() -> None:
    examples = world(60)
    flipped = [
        example(int(e.sampled.response.id[1:]), -e.sampled.response.trace.logprobs[1], not e.wrong)
        if fold_of(e) == 0
        else e
        for e in examples
    ]
    before = {h.example.sampled.response.id: h.raw.tolist() for h in held_out(examples) if fold_of(h.example) == 0}
    after = {h.example.sampled.response.id: h.raw.tolist() for h in held_out(flipped) if fold_of(h.example) == 0}
    assert before
    assert before == after


def test_too_little_gives_no_probe() -> None:
    assert fit_probe(world(39), SMALL, "p0") is None
    assert fit_probe([example(i, i / 10, False) for i in range(60)], SMALL, "p0") is None
    assert cross_validated(world(39), SMALL) == []


def test_by_hand() -> None:
    probe = Probe(
        features_version=1,
        features=("nll",),
        means=(1.0,),
        scales=(2.0,),
        coefficients=(2.0,),
        intercept=math.log(3),
        claim_calibration=Calibration(method="platt", slope=2.0, intercept=0.0),
        response_calibration=Calibration(),
        policy="p0",
        responses=1,
        claims=1,
    )
    scored = probe.score(example(0, 1.0, False).sampled)
    assert scored.score == pytest.approx(0.75)
    assert scored.spans[0].score == pytest.approx(0.9)  # odds of 3, squared
    assert any_wrong(np.array([0.5, 0.5, 0.0])) == pytest.approx(0.75)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.integers(0, 2**30))
def test_calibrations_never_turn_the_order_round(scores: list[float], bits: int) -> None:
    wrong = np.array([bool(bits >> i & 1) for i in range(len(scores))])
    rising = np.sort(np.array(scores))
    for responses in (10, 50, 500):
        repeated = calibrate(np.repeat(rising, 20), np.repeat(wrong, 20), responses, SMALL)
        chances = repeated.apply(rising)
        assert ((chances >= 0) & (chances <= 1)).all()
        assert (np.diff(chances) >= -1e-12).all()


def test_logits_and_back() -> None:
    assert sigmoid(logit(np.array([0.0, 0.25, 1.0]))).tolist() == pytest.approx([0.0, 0.25, 1.0], abs=1e-5)


def test_the_order_goes_from_mixture_to_a_signal_to_the_probe() -> None:
    assert choose_scorer(world(5), SMALL, "p0").name == "mixture"
    told_by_what_was_said = [example(i, i / 10, i > 15, entropy=1.0) for i in range(30)]
    assert choose_scorer(told_by_what_was_said, SMALL, "p0").name == "nll"
    assert choose_scorer(world(60), SMALL, "p0").name == "probe"
    fixed = SMALL.model_copy(update={"signal": "length"})
    assert choose_scorer(world(60), fixed, "p0", probe=False).name == "length"


def test_the_same_examples_in_another_order_give_the_same_scorer() -> None:
    examples = world(120)
    assert choose_scorer(examples, SMALL, "p0") == choose_scorer(examples[::-1], SMALL, "p0")


def test_a_scorer_survives_as_json_and_another_version_is_refused() -> None:
    scorer = choose_scorer(world(120), SMALL, "p0")
    kept = scorer.model_dump_json().encode()
    again = read_scorer(kept, "here")
    one = example(7, 1.3, False).sampled
    assert again.score(one) == scorer.score(one)
    told = json.loads(kept)
    told["probe"]["features_version"] += 1
    with pytest.raises(DataError, match=r"here cannot be used .*features of version"):
        read_scorer(json.dumps(told).encode(), "here")
    told = json.loads(kept)
    told["probe"]["intercept"] = "NaN"
    with pytest.raises(DataError, match="cannot be used"):
        read_scorer(json.dumps(told).encode(), "here")
    with pytest.raises(DataError, match="cannot be used"):
        read_scorer(b"\x80\x04nothing", "here")


def test_a_study_measures_signals_and_probe_on_both_arms() -> None:
    examples = world(120) + world(60, 1, Arm.UNCERTAIN)
    used = {"samples/one": choose_scorer(world(120, 2), SMALL, "p0")}
    study = evaluate_uncertainty(examples, SMALL, used)
    assert (study.responses, study.random, study.claims) == (180, 120, 180)
    found = {(one.signal, one.level, one.arm): one for one in study.discrimination}
    assert found["nll", "claim", "random"].count == 120
    assert found["nll", "claim", "all"].count == 180
    for name in ("nll", "probe", "probe as used"):
        area = found[name, "response", "random"].auroc
        assert area is not None
        assert area.value > 0.8
    assert {one.signal for one in study.reliability} == {"probe", "probe as used"}
    assert all(one.error < 0.15 for one in study.reliability)


def test_a_study_of_nothing_is_empty() -> None:
    study = evaluate_uncertainty([], SMALL, {})
    assert (study.responses, study.discrimination, study.reliability) == (0, (), ())


def test_without_labels_a_response_keeps_its_mixture() -> None:
    one = example(0, 1.0, False).sampled
    assert Scorer(signal="mixture", labelled=0).score(one) == one.mixture
    assert Scorer(signal="ablation", labelled=0).score(one) == one.mixture
    entropy = Scorer(signal="entropy", labelled=0).score(one)
    assert entropy.score == pytest.approx(-math.expm1(-0.5))
