"""Vega-Lite charts of what was measured; lines and points differ by shape and dash, never by colour alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redraft.records import Record

WHOLE = "all"
"""The series of a figure that is not split up; it needs no legend."""

COLOURS = ("#12958c", "#c2571a", "#6a5acd", "#b8860b", "#c2185b", "#4a7fb5")
"""One a series; each stands out on white and on near-black."""

_DASHES = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [12, 4])
_SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross")
_HEIGHT = 320

Chart = dict[str, Any]

_LEGEND: Chart = {"title": None, "orient": "bottom"}
_UNDASHED: Chart = {"symbolDash": [1, 0], "symbolStrokeWidth": 1}
"""A dashed outline would make all shapes alike."""


class Point(Record):
    """One measured value with the ends of its interval, if it has one.

    ``in_force`` tells a policy of the promoted line from others; ``note`` says what became of it.
    """

    series: str
    x: float
    value: float
    low: float | None
    high: float | None
    round: int
    policy: str
    note: str
    in_force: bool


def curve_chart(points: Sequence[Point], *, x: str, y: str, percent: bool, zero: bool = True) -> Chart:
    """Curves of ``y`` against ``x``, which are titles; with ``zero`` the upright axis begins there.

    Lines and intervals follow the policies in force; what is not in force is a cross of the series' colour beside
    them. Intervals of more than two series would hide each other: they are left to the tooltip.
    """
    series = list(dict.fromkeys(point.series for point in points))
    named = series != [WHOLE]
    legend = _LEGEND | _UNDASHED if named else None
    in_force = [{"filter": "datum.in_force"}]
    across = {"field": "x", "type": "quantitative", "title": x, "axis": {"tickMinStep": 1, "tickCount": 8}}
    form = ".1%" if percent else ".2f"
    up = {
        "field": "value",
        "type": "quantitative",
        "title": y,
        "axis": {"format": "%"} if percent else {},
        "scale": {"zero": zero},
    }
    colour = _by_series(series, COLOURS, legend)
    tooltip = _tooltip(x, y, form, named=named)
    line = {
        "transform": in_force,
        "mark": {"type": "line", "strokeWidth": 2.5},
        "encoding": {"x": across, "y": up, "color": colour, "strokeDash": _by_series(series, _DASHES, None)},
    }
    dots = {
        "transform": in_force,
        "mark": {"type": "point", "size": 70, "filled": True, "opacity": 1},
        "encoding": {
            "x": across,
            "y": up,
            "color": colour,
            "shape": _by_series(series, _SHAPES, legend),
            "tooltip": tooltip,
        },
    }
    crosses = {
        "transform": [{"filter": "!datum.in_force"}],
        "mark": {"type": "point", "shape": "cross", "size": 90, "strokeWidth": 2},
        "encoding": {"x": across, "y": up, "color": colour, "tooltip": tooltip},
    }
    band = {
        "transform": [{"filter": "datum.in_force && datum.low !== null"}],
        "mark": {"type": "area", "opacity": 0.2},
        "encoding": {"x": across, "y": up | {"field": "low"}, "y2": {"field": "high"}, "color": colour},
    }
    layers = [line, dots, crosses]
    return {
        "data": {"values": [point.model_dump() for point in points]},
        "layer": [band, *layers] if len(series) <= 2 else layers,
        "height": _HEIGHT,
    }


class StepPoint(Record):
    """One optimiser step of a round; ``at`` counts steps over all rounds, ``value`` is policy minus reference."""

    series: str
    at: int
    value: float
    round: int


def steps_chart(points: Sequence[StepPoint]) -> Chart:
    """Log-probabilities, policy minus reference, over all steps of training so far."""
    series = list(dict.fromkeys(point.series for point in points))
    lines = {
        "mark": {"type": "line", "strokeWidth": 2},
        "encoding": {
            "x": {"field": "at", "type": "quantitative", "title": "Optimiser steps, all rounds"},
            "y": {"field": "value", "type": "quantitative", "title": "Policy minus reference"},
            "color": _by_series(series, COLOURS, _LEGEND),
            "strokeDash": _by_series(series, _DASHES, _LEGEND),
            "detail": {"field": "round", "type": "nominal"},
            "tooltip": [
                {"field": "round", "title": "Round"},
                {"field": "series", "title": "Text"},
                {"field": "value", "title": "Policy minus reference", "format": ".3f"},
            ],
        },
    }
    zero = {"mark": {"type": "rule", "strokeDash": [4, 3], "color": "#888888"}, "encoding": {"y": {"datum": 0}}}
    return {"data": {"values": [point.model_dump() for point in points]}, "layer": [zero, lines], "height": _HEIGHT}


def _by_series(series: Sequence[str], looks: Sequence[Any], legend: Chart | None) -> Chart:
    chosen = [looks[at % len(looks)] for at in range(len(series))]
    channel: Chart = {"field": "series", "type": "nominal", "scale": {"domain": list(series), "range": chosen}}
    return channel | {"legend": legend}


def _tooltip(x: str, y: str, form: str, *, named: bool) -> list[Chart]:
    return [
        *([{"field": "series", "title": "Series"}] if named else []),
        {"field": "round", "title": "Round"},
        {"field": "policy", "title": "Policy"},
        {"field": "x", "title": x},
        {"field": "value", "title": y, "format": form},
        {"field": "low", "title": "95 % interval from", "format": form},
        {"field": "high", "title": "to", "format": form},
        {"field": "note", "title": "Verdict"},
    ]
