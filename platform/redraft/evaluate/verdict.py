"""What a comparison says in words: no more than its intervals support."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redraft.evaluate.comparing import FigureDifference

GUARDS = ("recall", "coverage", "cover", "mean_words", "words")
"""Figures that fall when a policy errs less by saying less."""


def verdict(figures: Sequence[FigureDifference]) -> str:
    """One sentence about the first figure, and one about each guard among the others."""
    primary, *others = figures
    return " ".join([_primary(primary), *(_guard(one) for one in others if one.name in GUARDS)])


def _primary(one: FigureDifference) -> str:
    if one.reading == "no figure" or one.difference is None:
        return f"There is no {one.name} to compare."
    if one.reading == "not distinguishable":
        return f"A and B cannot be told apart by {one.name}: the difference lies between {_ends(one)}."
    said = f"{_direction(one)} {one.name} than A, by {_size(one)}"
    return f"B is {one.reading}: it has a {said}." if one.reading in ("better", "worse") else f"B has a {said}."


def _guard(one: FigureDifference) -> str:
    if one.difference is None:
        return f"There is no {one.name} to guard against saying less."
    if one.reading == "not distinguishable":
        return f"B's {one.name} cannot be told apart from A's: between {_ends(one)}."
    return f"B's {one.name} is {_direction(one)}, by {_size(one)}."


def _direction(one: FigureDifference) -> str:
    assert one.difference is not None
    return "lower" if one.difference.value < 0 else "higher"


def _size(one: FigureDifference) -> str:
    """The absolute difference with its interval."""
    assert one.difference is not None
    value = abs(one.difference.value)
    low, high = sorted((abs(one.difference.low), abs(one.difference.high)))
    scale, unit = (100, " points") if one.unit == "share" else (1, "")
    return f"{scale * value:.2f}{unit} (95 % interval {scale * low:.2f} to {scale * high:.2f})"


def _ends(one: FigureDifference) -> str:
    assert one.difference is not None
    scale, unit = (100, " points") if one.unit == "share" else (1, "")
    return f"{scale * one.difference.low:+.2f} and {scale * one.difference.high:+.2f}{unit} (95 % interval)"
