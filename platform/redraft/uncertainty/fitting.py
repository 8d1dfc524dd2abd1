"""Examples to a probe.

    examples ──► logistic regression on all ─────────────────────────────────► coefficients ─┐
        └──────► the same on 4 of 5 folds ──► scores of the fifth, random arm ──► calibration ─┴──► Probe

Folds are cut by image, so no score that calibrates is of an image that its coefficients saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redraft.config import UncertaintyConfig
from redraft.records import Arm, ResponseScore, stable_id
from redraft.uncertainty.calibrating import Calibration, calibrate
from redraft.uncertainty.labels import Example
from redraft.uncertainty.probe import Probe, any_wrong
from redraft.uncertainty.sampled import Floats
from redraft.uncertainty.signals import FEATURES_VERSION, feature_names, features

FOLDS = 5
LEAST_OF_EACH = 10
"""Wrong and right claims that there must be at least."""


@dataclass(frozen=True)
class HeldOut:
    """An example with the raw chances ``[claims]`` by coefficients that did not see its image."""

    example: Example
    raw: Floats


def fit_probe(examples: Sequence[Example], config: UncertaintyConfig, policy: str) -> Probe | None:
    """Fit and calibrate a probe for ``policy``; None where there is too little to learn from.

    Too little is fewer than ``probe_from`` responses, or ``LEAST_OF_EACH`` claims of either kind. The calibration is of
    the policy's own random arm where that has ``platt_from`` responses, else of all versions' random arms.
    """
    if len(examples) < config.probe_from:
        return None
    fitted = _fit(examples, policy)
    if fitted is None:
        return None
    held = held_out(examples)
    arm = _calibrating(held, policy, config)
    if not arm:
        return fitted
    raw = np.concatenate([h.raw for h in arm])
    wrong = np.concatenate([claims_wrong(h.example) for h in arm])
    whole = np.array([any_wrong(h.raw) for h in arm])
    found = np.array([h.example.wrong for h in arm])
    return fitted.model_copy(
        update={
            "claim_calibration": calibrate(raw, wrong, len(arm), config),
            "response_calibration": calibrate(whole, found, len(arm), config),
        }
    )


def held_out(examples: Sequence[Example]) -> list[HeldOut]:
    """Raw chances of every example in whose folds' complement something could be fitted."""
    found = []
    for fold in range(FOLDS):
        mine = [e for e in examples if fold_of(e) == fold]
        probe = _fit([e for e in examples if fold_of(e) != fold], "")
        if probe is not None:
            found += [HeldOut(e, probe.raw(e.sampled)) for e in mine]
    return found


def cross_validated(examples: Sequence[Example], config: UncertaintyConfig) -> list[tuple[Example, ResponseScore]]:
    """Every example scored by a probe, calibration included, that saw none of its fold."""
    relaxed = config.model_copy(update={"probe_from": 0})
    if len(examples) < config.probe_from:
        return []
    scored = []
    for fold in range(FOLDS):
        mine = [e for e in examples if fold_of(e) == fold]
        for policy in sorted({e.policy for e in mine}):
            probe = fit_probe([e for e in examples if fold_of(e) != fold], relaxed, policy)
            if probe is not None:
                scored += [(e, probe.score(e.sampled)) for e in mine if e.policy == policy]
    return scored


def fold_of(example: Example) -> int:
    """The fold of the example's image, always the same."""
    return int(stable_id("fold", example.image_id)[:8], 16) % FOLDS


def claims_wrong(example: Example) -> NDArray[np.bool_]:
    """``[claims]``."""
    return np.array([claim.wrong for claim in example.claims], dtype=np.bool_)


def _fit(examples: Sequence[Example], policy: str) -> Probe | None:
    """The logistic regression alone; its class weights are none, so that its chances are chances."""
    from sklearn.linear_model import LogisticRegression

    claiming = [e for e in examples if e.claims]
    if not claiming:
        return None
    names = feature_names([e.sampled for e in claiming])
    x = np.concatenate([features(e.sampled, names) for e in claiming])
    wrong = np.concatenate([claims_wrong(e) for e in claiming])
    if min(wrong.sum(), (~wrong).sum()) < LEAST_OF_EACH:
        return None
    means, scales = x.mean(axis=0), x.std(axis=0)
    scales = np.where(scales > 0, scales, 1.0)
    fitted = LogisticRegression(C=1.0, max_iter=1000).fit((x - means) / scales, wrong)
    return Probe(
        features_version=FEATURES_VERSION,
        features=names,
        means=tuple(means.tolist()),
        scales=tuple(scales.tolist()),
        coefficients=tuple(fitted.coef_[0].tolist()),
        intercept=float(fitted.intercept_[0]),
        claim_calibration=Calibration(),
        response_calibration=Calibration(),
        policy=policy,
        responses=len(examples),
        claims=len(wrong),
    )


def _calibrating(held: Sequence[HeldOut], policy: str, config: UncertaintyConfig) -> list[HeldOut]:
    random = [h for h in held if h.example.arm is Arm.RANDOM]
    own = [h for h in random if h.example.policy == policy]
    return own if len(own) >= config.platt_from else random
