"""Charts of the quality page; each stands beside a table of the same figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redraft.quality import Agreement, Person, Reliability, Week
from redraft.quality.drift import Figure
from redraft_ui.research.quality_view import FAIR, GOOD, SHARES, alphas, begun

Chart = dict[str, Any]
_COLOUR = "#12958c"
_ROW, _AXIS = 40, 70
"""Height of one row, and of the axis below, in pixels."""


def agreement_chart(found: Agreement) -> Chart | None:
    """The alphas with their intervals, and Krippendorff's two marks as dashed lines; None if there is no alpha."""
    known = [(about, alpha) for about, alpha in alphas(found) if alpha is not None]
    if not known:
        return None
    points = [{"about": about, "value": alpha.value, "low": alpha.low, "high": alpha.high} for about, alpha in known]
    lowest = min(0.0, *(alpha.low for _, alpha in known))
    marks = {
        "data": {"values": [{"at": FAIR}, {"at": GOOD}]},
        "mark": {"type": "rule", "strokeDash": [4, 3], "color": "#808080"},
        "encoding": {"x": {"field": "at", "type": "quantitative"}},
    }
    layers = _intervals("about", "Krippendorff's alpha", [lowest, 1.0], "", "alpha", ".2f")
    return {"data": {"values": points}, "layer": [marks, *layers], "height": _ROW * len(points) + _AXIS}


def reliability_chart(rows: Sequence[Person], known: dict[str, Reliability]) -> Chart | None:
    """Everybody's reliability with its interval; None before anybody corrected anything."""
    points = [
        {"about": name, "value": known[name].value.value, "low": known[name].value.low, "high": known[name].value.high}
        for name in (row.annotator for row in rows)
        if name in known
    ]
    if not points:
        return None
    layers = _intervals("about", "Reliability", [0.0, 1.0], "%", "Reliability", ".0%")
    return {"data": {"values": points}, "layer": layers, "height": _ROW * len(points) + _AXIS}


def week_chart(weeks: Sequence[Week], annotator: str, figure: Figure) -> Chart | None:
    """One figure of one annotator by week; None if no week has it."""
    points = [
        {"week": week.monday, "value": week.figures[figure], "answers": week.answers}
        for week in weeks
        if week.annotator == annotator and figure in week.figures
    ]
    if not points:
        return None
    form = ".0%" if figure in SHARES else ".1f"
    up = {"field": "value", "type": "quantitative", "title": begun(figure.value), "axis": {"format": form}}
    return {
        "data": {"values": points},
        "mark": {"type": "line", "color": _COLOUR, "strokeWidth": 2.5, "point": {"size": 70, "color": _COLOUR}},
        "encoding": {
            "x": {"field": "week", "type": "ordinal", "title": "Week from", "axis": {"labelAngle": 0}},
            "y": up | {"scale": {"zero": True}},
            "tooltip": [
                {"field": "week", "title": "Week from"},
                {"field": "value", "title": begun(figure.value), "format": form},
                {"field": "answers", "title": "Answers"},
            ],
        },
        "height": 320,
    }


def _intervals(field: str, title: str, domain: list[float], axis: str, short: str, form: str) -> list[Chart]:
    """A point and a bar across for every row of ``field``, in the order given."""
    y = {
        "field": field,
        "type": "nominal",
        "title": None,
        "sort": None,
        "axis": {"labelLimit": 240, "labelOverlap": False},
    }
    x = {"type": "quantitative", "title": title, "scale": {"domain": domain}, "axis": {"format": axis} if axis else {}}
    tooltip = [
        {"field": field, "title": "Of"},
        {"field": "value", "title": short, "format": form},
        {"field": "low", "title": "95 % interval from", "format": form},
        {"field": "high", "title": "to", "format": form},
    ]
    bar = {
        "mark": {"type": "rule", "strokeWidth": 3, "color": _COLOUR, "opacity": 0.6},
        "encoding": {"y": y, "x": x | {"field": "low"}, "x2": {"field": "high"}, "tooltip": tooltip},
    }
    dot = {
        "mark": {"type": "point", "filled": True, "size": 90, "color": _COLOUR, "opacity": 1},
        "encoding": {"y": y, "x": x | {"field": "value"}, "tooltip": tooltip},
    }
    return [bar, dot]
