"""Where the errors are, before and after: by type, and for each scene's typical objects inside the scene and elsewhere.

Cells keep these as shares of mentions, not picture by picture. Their intervals take each share for a binomial one that
is off in the same direction for all trainings, and before and after as independent: both widen the intervals.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from redraft.records import HallucinationType, Interval, Record
from redraft.scaling.largest import largest_size
from redraft.scaling.lines import Line
from redraft.scaling.resample import Floats, Resamples, interval
from redraft.scaling.rows import CellResult

_SEED = 7_919


class TypeShare(Record):
    """Errors of one type per mention: of the base, and of a line at ``labels``."""

    line: Line
    labels: int
    type: HallucinationType
    before: Interval
    after: Interval


class SceneShare(Record):
    """Mentions of a scene's typical objects that are invented, inside the scene and elsewhere.

    The last ``scene`` is "mean". ``gap_before`` and ``gap_after`` are inside minus elsewhere; ``gap_change`` is what
    they differ by, after minus before.
    """

    line: Line
    labels: int
    scene: str
    inside_before: Interval
    elsewhere_before: Interval
    inside_after: Interval
    elsewhere_after: Interval
    gap_before: Interval
    gap_after: Interval
    gap_change: Interval


def type_shares(drawn: Resamples) -> list[TypeShare]:
    """Every line at its largest common size, the types that occur."""
    rows = []
    for line in drawn.results.lines:
        labels = largest_size(drawn.results, line)
        if labels is not None:
            rows += _types(drawn, line, labels)
    return rows


def scene_shares(drawn: Resamples) -> list[SceneShare]:
    """Every line at its largest common size, scene by scene, then the mean over scenes."""
    rows = []
    for line in drawn.results.lines:
        labels = largest_size(drawn.results, line)
        if labels is not None:
            rows += _scenes(drawn, line, labels)
    return rows


def _types(drawn: Resamples, line: Line, labels: int) -> list[TypeShare]:
    before, after = _cells(drawn, line, labels)
    rng = np.random.default_rng(_SEED)
    rows = []
    for kind in HallucinationType:
        pair = [interval(_share(drawn, rng, [_of_type(cell, kind) for cell in cells])) for cells in (before, after)]
        if pair[0] is not None and pair[1] is not None and (pair[0].value or pair[1].value):
            rows.append(TypeShare(line=line, labels=labels, type=kind, before=pair[0], after=pair[1]))
    return rows


def _scenes(drawn: Resamples, line: Line, labels: int) -> list[SceneShare]:
    before, after = _cells(drawn, line, labels)
    scenes = [rate.scene for cell in after if cell for rate in cell.over_generalisation]
    if not scenes or not any(before):
        return []
    rng = np.random.default_rng(_SEED)
    drawings: dict[str, list[Floats]] = {
        scene: [
            _share(drawn, rng, [_in_scene(cell, scene, inside) for cell in cells])
            for cells in (before, after)
            for inside in (True, False)
        ]
        for scene in dict.fromkeys(scenes)
    }
    drawings["mean"] = [np.mean(same, axis=0) for same in zip(*drawings.values(), strict=True)]
    rows = [_scene_row(line, labels, scene, shares) for scene, shares in drawings.items()]
    return [row for row in rows if row is not None]


def _scene_row(line: Line, labels: int, scene: str, shares: list[Floats]) -> SceneShare | None:
    before_in, before_else, after_in, after_else = shares
    figures = {
        "inside_before": interval(before_in),
        "elsewhere_before": interval(before_else),
        "inside_after": interval(after_in),
        "elsewhere_after": interval(after_else),
        "gap_before": interval(before_in - before_else),
        "gap_after": interval(after_in - after_else),
        "gap_change": interval((after_in - after_else) - (before_in - before_else)),
    }
    if any(figure is None for figure in figures.values()):
        return None
    return SceneShare.model_validate({"line": line, "labels": labels, "scene": scene, **figures})


def _cells(drawn: Resamples, line: Line, labels: int) -> tuple[list[CellResult | None], list[CellResult | None]]:
    """For each training that is there: its base, and what it became."""
    results = drawn.results
    after = [results.at(line, labels, unit) for unit in results.units]
    before = [results.at(None, 0, unit) if cell else None for unit, cell in zip(results.units, after, strict=True)]
    return before, after


def _share(drawn: Resamples, rng: np.random.Generator, shares: Sequence[tuple[float, int] | None]) -> Floats:
    """The mean of shares of so many mentions each, [draws]."""
    off = rng.standard_normal(drawn.draws)
    off[0] = 0
    value = drawn.fixed([None if share is None else share[0] for share in shares])
    error = drawn.fixed([None if share is None else _error(*share) for share in shares])
    return drawn.mean(np.maximum(value + off[:, None] * error, 0))


def _error(share: float, mentions: int) -> float:
    """A share's standard error, as if half a case more had been seen: none seen does not mean none there."""
    seen = (share * mentions + 0.5) / (mentions + 1)
    return float(np.sqrt(seen * (1 - seen) / max(1, mentions)))


def _of_type(cell: CellResult | None, kind: HallucinationType) -> tuple[float, int] | None:
    return (cell.by_type.get(kind, 0.0), sum(cell.mentions)) if cell else None


def _in_scene(cell: CellResult | None, scene: str, inside: bool) -> tuple[float, int] | None:
    for rate in cell.over_generalisation if cell else ():
        if rate.scene == scene:
            return (rate.inside, rate.inside_mentions) if inside else (rate.elsewhere, rate.elsewhere_mentions)
    return None
