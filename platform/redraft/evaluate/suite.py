"""What every evaluation suite is: questions about images, and a way to score the answers.

    Suite.items() ──► answers ──► Suite.score() ──► ItemScore rows ──► measure() ──► Figures, overall and by group

A figure is a function of sums over items, so that one bootstrap over images and one paired comparison serve all suites.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from redraft.evaluate.bootstrap import Floats, ImageBootstrap
from redraft.records import Figure, GroupFigures, JudgeUse, Source

Formula = Callable[[Floats], Floats]
"""Sums [m, k] of a figure's columns to the figure [m], NaN where they say nothing."""


@dataclass(frozen=True)
class FigureSpec:
    """How a figure follows from sums of per-item columns."""

    name: str
    columns: tuple[str, ...]
    formula: Formula
    unit: Literal["share", "score", "count"] = "share"
    better: Literal["lower", "higher", "neither"] = "lower"
    says: str = ""


@dataclass(frozen=True)
class SuiteItem:
    """A prompt about an image; ``image`` is a file name, to be found below the suite's image folder."""

    id: str
    image_id: str
    image: str
    prompt: str


@dataclass(frozen=True)
class ItemScore:
    """What one answer was worth: a number for each of the suite's ``columns``."""

    item: str
    image_id: str
    group: str
    values: tuple[float, ...]


class Suite(Protocol):
    """A benchmark whose data have been read."""

    @property
    def name(self) -> str:
        """What the suite is called."""
        ...

    @property
    def variant(self) -> str:
        """Which way of measuring it is, where there are several."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of an item's numbers."""
        ...

    @property
    def figures(self) -> tuple[FigureSpec, ...]:
        """What follows from their sums; the first is what the suite is about."""
        ...

    def items(self) -> Sequence[SuiteItem]:
        """What to ask, in a fixed order."""
        ...

    def score(self, answers: Mapping[str, str]) -> list[ItemScore]:
        """Score answers by item id; items without an answer are left out."""
        ...

    def sources(self) -> tuple[Source, ...]:
        """The files behind it."""
        ...

    def judge_use(self) -> JudgeUse | None:
        """What the judge did during ``score``; None where there is no judge."""
        ...


def ratio(sums: Floats) -> Floats:
    """The first of two sums over the second; NaN over nothing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        shares: Floats = np.where(sums[:, 1] != 0, sums[:, 0] / sums[:, 1], np.nan)
    return shares


def measure(suite: Suite, scores: Sequence[ItemScore], *, bootstrap: int, seed: int) -> tuple[Figure, ...]:
    """The suite's figures over ``scores``, with 95 % intervals over images.

    Raises:
        DataError: there is no score.
    """
    draws = ImageBootstrap([score.image_id for score in scores], resamples=bootstrap, seed=seed)
    place = {name: number for number, name in enumerate(suite.columns)}
    figures = []
    for spec in suite.figures:
        columns = [[score.values[place[name]] for score in scores] for name in spec.columns]
        interval = draws.of_sums(columns, spec.formula)
        figures.append(Figure(name=spec.name, interval=interval, unit=spec.unit, better=spec.better, says=spec.says))
    return tuple(figures)


def measure_groups(suite: Suite, scores: Sequence[ItemScore], *, bootstrap: int, seed: int) -> tuple[GroupFigures, ...]:
    """The same within each group, by name; empty where there is one group alone."""
    groups = sorted({score.group for score in scores})
    if len(groups) < 2:
        return ()
    within = {group: [score for score in scores if score.group == group] for group in groups}
    return tuple(
        GroupFigures(group=name, items=len(rows), figures=measure(suite, rows, bootstrap=bootstrap, seed=seed))
        for name, rows in within.items()
    )
