"""What the intervals support of each claim that the study checks, one verdict and one sentence a claim and schedule.

A claim is *supported* or *contradicted* where a whole 95 % interval says so, and *undecided* otherwise. A claim whose
arms the study does not have is not mentioned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from redraft.records import Record
from redraft.scaling.breakdown import SceneShare
from redraft.scaling.claims import (
    Judged,
    Verdict,
    fewer_labels,
    generalises_less,
    keeps_helping,
    lower_rate,
    steady_fall,
)
from redraft.scaling.differences import pays_pairs
from redraft.scaling.largest import AtLargest
from redraft.scaling.lines import Line, Results, Unit
from redraft.scaling.resample import Resamples
from redraft.scaling.roles import dense_arms, main_arm, ranking_arms, supervised_arms

Claim = Literal[
    "steady fall", "fewer labels", "dense weighting", "preference over supervised", "over-generalisation", "helpfulness"
]
CLAIMS: dict[Claim, str] = {
    "steady fall": "Hallucination falls steadily with corrections",
    "fewer labels": "Corrections reach a rate with about a tenth of the ranking labels",
    "dense weighting": "Dense weighting of the corrected words helps over plain DPO",
    "preference over supervised": "Preference training beats supervised training on the same corrected texts",
    "over-generalisation": "Over-generalisation shrinks",
    "helpfulness": "Helpfulness is kept",
}


FEWEST = 3
"""Trainings of a line below which no claim is decided: the spread of two says nothing of a third."""


class Finding(Record):
    """One claim under one schedule and condition; ``arms`` are those that it rests on."""

    claim: Claim
    statement: str
    verdict: Verdict
    sentence: str
    condition: str
    schedule: str
    rounds: int
    arms: tuple[str, ...]
    seeds: int
    bases: int


def findings(drawn: Resamples, largest: Sequence[AtLargest], scenes: Sequence[SceneShare]) -> list[Finding]:
    """Claim by claim.

    Claims about arms are judged in every condition and number of rounds, the rest in the study's first of each.
    """
    made: dict[Claim, list[Finding]] = {claim: [] for claim in CLAIMS}
    for claim, lines, judged in _judged(drawn, largest, scenes):
        if judged is not None:
            made[claim].append(_finding(drawn, claim, lines, judged))
    return [finding for found in made.values() for finding in found]


Case = tuple[Claim, list[Line], Judged | None]


def _judged(drawn: Resamples, largest: Sequence[AtLargest], scenes: Sequence[SceneShare]) -> Iterator[Case]:
    results = drawn.results
    config = results.config
    main = main_arm(config)
    for line in results.lines:
        first = line.condition == next(iter(config.conditions)) and line.rounds == config.rounds[0]
        if line.arm == main and first:
            yield "steady fall", [line], steady_fall(drawn, line)
            for name in ranking_arms(config):
                rankings = results.beside(line, name)
                if rankings is not None:
                    yield "fewer labels", [line, rankings], fewer_labels(drawn, line, rankings)
            yield "over-generalisation", [line], generalises_less(drawn, line, scenes)
            yield "helpfulness", [line], keeps_helping(drawn, line, largest)
        for claim, other in _against_others(results, line, main):
            yield claim, [line, other], lower_rate(drawn, line, other)


def _against_others(results: Results, line: Line, main: str | None) -> Iterator[tuple[Claim, Line]]:
    """What stands against the main arm: plain DPO, then supervised training; if it is not dense, the first that is."""
    supervised, dense = supervised_arms(results.config), [name for name, _ in dense_arms(results.config)]
    asked = {main, *dense[:1]} if main not in dense else {main}
    for arm, other in pays_pairs(results):
        if arm == line and line.arm in asked:
            yield ("preference over supervised" if other.arm in supervised else "dense weighting"), other


def _finding(drawn: Resamples, claim: Claim, lines: Sequence[Line], judged: Judged) -> Finding:
    trained = [_trained(drawn.results, line) for line in lines]
    fewest = min(trained, key=len)
    decided = len(fewest) >= FEWEST
    return Finding(
        claim=claim,
        statement=CLAIMS[claim],
        verdict=judged.verdict if decided else "undecided",
        sentence=judged.sentence if decided else f"{judged.sentence} So few trainings decide nothing.",
        condition=lines[0].condition,
        schedule=lines[0].schedule,
        rounds=lines[0].rounds,
        arms=tuple(line.arm for line in lines),
        seeds=len({unit.seed for unit in fewest}),
        bases=len({unit.base for unit in fewest}),
    )


def _trained(results: Results, line: Line) -> list[Unit]:
    return [unit for unit in results.units if any(results.at(line, size, unit) for size in results.sizes(line))]
