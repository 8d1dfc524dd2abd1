"""Two policies on one suite, item by item: every figure's difference, and what the intervals support.

StoredResult A, B ──► items that both answered ──► one bootstrap over images for both ──► Comparison
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from redraft.errors import DataError
from redraft.evaluate.bootstrap import Floats, ImageBootstrap
from redraft.evaluate.results import StoredResult
from redraft.evaluate.suite import FigureSpec, ItemScore
from redraft.evaluate.verdict import verdict
from redraft.records import Interval, Record, SuiteResult

Reading = Literal["better", "worse", "lower", "higher", "not distinguishable", "no figure"]


class FigureDifference(Record):
    """A figure of both policies over the same items; ``difference`` is B minus A, None where either has no figure.

    ``reading`` is about B: ``better`` or ``worse`` where the interval leaves out 0 and the figure has a good end,
    ``lower`` or ``higher`` where it has none.
    """

    name: str
    a: float | None
    b: float | None
    difference: Interval | None
    unit: Literal["share", "score", "count"]
    better: Literal["lower", "higher", "neither"]
    reading: Reading


class Comparison(Record):
    """What separates policy ``b`` from policy ``a`` over the ``items`` that both answered.

    ``only_a`` and ``only_b`` items were answered by one alone, and left out.
    """

    about: str
    a: str
    b: str
    items: int
    images: int
    only_a: int
    only_b: int
    figures: tuple[FigureDifference, ...]
    verdict: str
    notes: tuple[str, ...]
    bootstrap: int
    seed: int


def require_comparable(a: SuiteResult, b: SuiteResult) -> None:
    """Two results of one suite, measured in one way on the same data.

    Raises:
        DataError: saying what differs.
    """
    for what, ours, theirs in (("suite", a.suite, b.suite), ("variant", a.variant, b.variant)):
        if ours != theirs:
            raise DataError(f"these results cannot be compared: A is of {what} {ours!r}, B of {what} {theirs!r}")
    if set(a.data) != set(b.data):
        ours_only, theirs_only = set(a.data) - set(b.data), set(b.data) - set(a.data)
        told = [
            ", ".join(sorted(f"{s.role} {s.name} (sha256 {s.sha256[:12]})" for s in only)) or "nothing more"
            for only in (ours_only, theirs_only)
        ]
        raise DataError(
            f"these results are of different data: A of {told[0]}, B of {told[1]}; measure both on the same files"
        )
    judges = [None if r.judge is None else f"{r.judge.model} (prompt {r.judge.prompt_version})" for r in (a, b)]
    if judges[0] != judges[1]:
        raise DataError(
            f"these results cannot be compared: A was judged by {judges[0] or 'no judge'}, B by "
            f"{judges[1] or 'no judge'}; let one judge read both"
        )


def compare_results(
    a: StoredResult, b: StoredResult, figures: Sequence[FigureSpec], *, bootstrap: int, seed: int
) -> Comparison:
    """B minus A on one suite.

    Raises:
        DataError: not comparable, or no item that both answered.
    """
    require_comparable(a.result, b.result)
    if a.columns != b.columns:
        raise DataError("these results hold different columns, so different versions of the suite wrote them: redo one")
    about = f"{a.result.suite}, {a.result.variant}" if a.result.variant else a.result.suite
    codes = {a.result.code, b.result.code}
    notes = (f"A was measured by code {a.result.code}, B by {b.result.code}",) if len(codes) > 1 else ()
    return compare_scores(
        a.scores,
        b.scores,
        a.columns,
        figures,
        names=(a.result.policy, b.result.policy),
        about=about,
        notes=notes,
        bootstrap=bootstrap,
        seed=seed,
    )


def compare_scores(
    a: Sequence[ItemScore],
    b: Sequence[ItemScore],
    columns: Sequence[str],
    figures: Sequence[FigureSpec],
    *,
    names: tuple[str, str],
    about: str,
    bootstrap: int,
    seed: int,
    notes: Sequence[str] = (),
) -> Comparison:
    """B minus A, over the items that both have; the first figure is the one the verdict is about.

    Raises:
        DataError: no item in common, a column is missing, or an item is about different images.
    """
    ours, theirs = {score.item: score for score in a}, {score.item: score for score in b}
    items = sorted(ours.keys() & theirs.keys())
    if not items:
        raise DataError(f"{names[0]} and {names[1]} have no item of {about} in common: measure both on the same items")
    if (moved := next((item for item in items if ours[item].image_id != theirs[item].image_id), None)) is not None:
        raise DataError(f"item {moved} is about different images in A and in B: measure both on the same data")
    if lacking := {name for spec in figures for name in spec.columns} - set(columns):
        raise DataError(f"the scores of {about} have no column {', '.join(sorted(lacking))}: run the suite again")
    draws = ImageBootstrap([ours[item].image_id for item in items], resamples=bootstrap, seed=seed)
    place = {name: number for number, name in enumerate(columns)}
    sides = [[scores[item].values for item in items] for scores in (ours, theirs)]
    found = tuple(
        _difference(spec, [[[row[place[name]] for row in side] for name in spec.columns] for side in sides], draws)
        for spec in figures
    )
    only_a, only_b = len(ours) - len(items), len(theirs) - len(items)
    if only_a or only_b:
        notes = (*notes, f"{only_a} items that A alone answered and {only_b} that B alone answered are left out")
    return Comparison(
        about=about,
        a=names[0],
        b=names[1],
        items=len(items),
        images=len({ours[item].image_id for item in items}),
        only_a=only_a,
        only_b=only_b,
        figures=found,
        verdict=verdict(found),
        notes=tuple(notes),
        bootstrap=bootstrap,
        seed=seed,
    )


def _difference(
    spec: FigureSpec, sides: Sequence[Sequence[Sequence[float]]], draws: ImageBootstrap
) -> FigureDifference:
    """One figure; ``sides`` hold A's and B's columns, [2, k, rows]."""
    a, b = (_value(spec, columns) for columns in sides)
    difference = draws.of_sums([*sides[0], *sides[1]], _minus(spec))
    return FigureDifference(
        name=spec.name, a=a, b=b, difference=difference, unit=spec.unit, better=spec.better,
        reading=_reading(difference, spec.better),
    )  # fmt: skip


def _minus(spec: FigureSpec) -> Callable[[Floats], Floats]:
    """Sums [m, 2k] of A's and B's columns to the figure of B minus that of A, [m]."""
    k = len(spec.columns)

    def minus(sums: Floats) -> Floats:
        difference: Floats = spec.formula(sums[:, k:]) - spec.formula(sums[:, :k])
        return difference

    return minus


def _value(spec: FigureSpec, columns: Sequence[Sequence[float]]) -> float | None:
    (value,) = spec.formula(np.asarray(columns, dtype=np.float64).sum(axis=1)[None, :])
    return None if np.isnan(value) else float(value)


def _reading(difference: Interval | None, better: Literal["lower", "higher", "neither"]) -> Reading:
    if difference is None:
        return "no figure"
    if difference.low <= 0 <= difference.high:
        return "not distinguishable"
    direction: Literal["lower", "higher"] = "lower" if difference.high < 0 else "higher"
    if better == "neither":
        return direction
    return "better" if direction == better else "worse"
