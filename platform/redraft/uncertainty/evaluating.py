"""Every signal and the probe, measured by what people found.

The probe is measured twice. `probe` is cross-validated: fitted anew, calibration included, without the images that it
is measured on. `probe as used` is what ordered the round, fitted before anybody had judged it; it is the test that
counts, as the policy has moved on since the answers that it learned from, and it needs a round that a probe ordered.
The random arm is an unbiased sample of what policies write; `all` adds what was routed for its doubts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np

from redraft.blobs import Blobs
from redraft.claims import ClaimExtractor
from redraft.config import Config, UncertaintyConfig
from redraft.records import Arm, Correction, Interval, Record, ResponseScore, Task
from redraft.uncertainty.examples import read_examples, sample_folders
from redraft.uncertainty.fitting import claims_wrong, cross_validated
from redraft.uncertainty.labels import Example
from redraft.uncertainty.measures import (
    Bin,
    Bools,
    auroc_interval,
    calibration_error,
    precision_interval,
    reliability,
)
from redraft.uncertainty.sampled import Floats
from redraft.uncertainty.scorer import Scorer, read_scorer, scorer_key
from redraft.uncertainty.signals import SIGNALS, available_signals, claim_values

Level = Literal["claim", "response"]
Arms = Literal["random", "all"]
LEVELS: tuple[Level, ...] = ("claim", "response")
CROSS_VALIDATED, AS_USED = "probe", "probe as used"

_Scored = tuple[Example, Floats, float]


class Discrimination(Record):
    """How well one signal tells ``wrong`` of ``count`` from the others; figures are None where one class is missing."""

    signal: str
    level: Level
    arm: Arms
    responses: int
    count: int
    wrong: int
    auroc: Interval | None
    average_precision: Interval | None


class Reliability(Record):
    """Chances of one probe beside what came true, on the random arm; ``error`` is the ECE."""

    signal: str
    level: Level
    responses: int
    error: float
    bins: tuple[Bin, ...]


class CalibrationStudy(Record):
    """All figures of a run, and what they are made from: ``sources`` counts claims by where their labels are from."""

    responses: int
    random: int
    claims: int
    sources: dict[str, int]
    discrimination: tuple[Discrimination, ...]
    reliability: tuple[Reliability, ...]


def evaluate_uncertainty(
    examples: Sequence[Example], config: UncertaintyConfig, scorers: Mapping[str, Scorer]
) -> CalibrationStudy:
    """Measure; ``scorers`` are what ordered rounds, by the key of their samples."""
    scored: dict[str, list[_Scored]] = {
        name: [_by_signal(example, name) for example in examples]
        for name in (available_signals([e.sampled for e in examples]) if examples else ())
    }
    probes = {
        CROSS_VALIDATED: [_by_score(e, s) for e, s in cross_validated(examples, config)],
        AS_USED: [_by_score(e, p.score(e.sampled)) for e in examples if (p := _probe(e, scorers)) is not None],
    }
    probes = {name: ones for name, ones in probes.items() if ones}
    scored |= probes
    claims = [claim for example in examples for claim in example.claims]
    return CalibrationStudy(
        responses=len(examples),
        random=sum(e.arm is Arm.RANDOM for e in examples),
        claims=len(claims),
        sources={source: sum(c.source == source for c in claims) for source in sorted({c.source for c in claims})},
        discrimination=tuple(
            _discrimination(name, level, arm, ones)
            for level in LEVELS
            for arm, keep in _ARMS.items()
            for name, every in scored.items()
            if (ones := [one for one in every if keep(one[0])])
        ),
        reliability=tuple(
            _reliability(name, level, ones)
            for level in LEVELS
            for name, every in probes.items()
            if (ones := [one for one in every if one[0].arm is Arm.RANDOM and one[0].claims])
        ),
    )


def evaluate_run(
    blobs: Blobs, answers: Sequence[Correction], tasks: Sequence[Task], config: Config, extractor: ClaimExtractor
) -> CalibrationStudy:
    """Measure what a run has so far.

    Raises:
        DataError: a scorer that was kept cannot be used.
    """
    examples = read_examples(blobs, answers, tasks, config.route.entropy_weight, extractor)
    keys = {folder: scorer_key(folder) for folder in sample_folders(blobs)}
    scorers = {folder: read_scorer(blobs.get(key), key) for folder, key in keys.items() if blobs.exists(key)}
    return evaluate_uncertainty(examples, config.uncertainty, scorers)


_ARMS: dict[Arms, Callable[[Example], bool]] = {"random": lambda e: e.arm is Arm.RANDOM, "all": lambda e: True}


def _probe(example: Example, scorers: Mapping[str, Scorer]) -> Scorer | None:
    scorer = scorers.get(example.samples)
    return scorer if scorer is not None and scorer.probe is not None else None


def _by_signal(example: Example, name: str) -> _Scored:
    return example, claim_values(example.sampled, name), SIGNALS[name].response(example.sampled)


def _by_score(example: Example, score: ResponseScore) -> _Scored:
    return example, np.array([span.score for span in score.spans], dtype=np.float64), score.score


def _columns(level: Level, ones: Sequence[_Scored]) -> tuple[Floats, Bools, list[int]]:
    """Scores, labels and the number of the response, each ``[n]``."""
    if level == "response":
        found = np.array([example.wrong for example, _, _ in ones], dtype=np.bool_)
        return np.array([whole for _, _, whole in ones]), found, list(range(len(ones)))
    values = np.concatenate([claims for _, claims, _ in ones])
    groups = [number for number, (_, claims, _) in enumerate(ones) for _ in claims]
    return values, np.concatenate([claims_wrong(example) for example, _, _ in ones]), groups


def _discrimination(name: str, level: Level, arm: Arms, ones: Sequence[_Scored]) -> Discrimination:
    scores, wrong, groups = _columns(level, ones)
    return Discrimination(
        signal=name,
        level=level,
        arm=arm,
        responses=len(ones),
        count=len(scores),
        wrong=int(wrong.sum()),
        auroc=auroc_interval(scores, wrong, groups),
        average_precision=precision_interval(scores, wrong, groups),
    )


def _reliability(name: str, level: Level, ones: Sequence[_Scored]) -> Reliability:
    chances, wrong, _ = _columns(level, ones)
    bins = reliability(chances, wrong)
    return Reliability(signal=name, level=level, responses=len(ones), error=calibration_error(bins), bins=tuple(bins))
