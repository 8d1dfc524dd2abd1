"""How lines of a study look: a colour, a marker and a dash each, on light and on dark pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from redraft.report.chart import Chart
from redraft.report.style import Drawing

_LIGHT = ("#0062a3", "#c44f00", "#00745c", "#9c3587", "#8a6a00", "#4f52a8", "#b3243d", "#3d7c8c")
_DARK = ("#5fb8f2", "#ff9a57", "#4fd1b0", "#ee8ad6", "#e3bd4f", "#a9abff", "#ff8b9b", "#7fd0e0")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")
_DASHES: tuple[object, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))

TICK_LABELS = 7


class Look(NamedTuple):
    """One line's colour, marker and dash; no two of the first sixty-four have both colour and marker alike."""

    colour: str
    marker: str
    dash: object


def looks(names: Sequence[str]) -> dict[str, Look]:
    """A look for each name, in order."""
    return {
        name: Look(_LIGHT[at % 8], _MARKERS[(at + 3 * (at // 8)) % 8], _DASHES[(at + at // 8) % 4])
        for at, name in enumerate(dict.fromkeys(names))
    }


@dataclass(frozen=True)
class StudyChart(Chart):
    """A chart with more colours than two."""

    @cached_property
    def drawing(self) -> Drawing:
        """The rows, drawn; the further colours are replaced on dark pages, too."""
        drawn = super().drawing
        dark = drawn.dark
        for light, other in zip(_LIGHT, _DARK, strict=True):
            dark = dark.replace(light.encode(), other.encode())
        return replace(drawn, dark=dark)


def labels_axis(axes: Axes, sizes: Sequence[int]) -> None:
    """Numbers of labels on a logarithmic x axis, with ticks at what was measured, as far as they do not touch."""
    axes.set_xscale("log")
    axes.minorticks_off()
    low, high = min(sizes), max(sizes)
    axes.set_xlim(low / 1.25, high * 1.25)
    room = (math.log(high * 1.25) - math.log(low / 1.25)) / TICK_LABELS or 1.0
    shown: list[int] = []
    for size in sorted(sizes, reverse=True):
        if not shown or math.log(shown[-1]) - math.log(size) >= 0.8 * room:
            shown.append(size)
    axes.set_xticks(shown[::-1], [f"{size:,}" for size in shown[::-1]])
    axes.set_xlabel("labels (log scale)")


def nudged(labels: float, at: int, of: int) -> float:
    """A place on a logarithmic axis beside ``labels``, so that intervals of several lines do not cover each other."""
    step = min(0.022, 0.16 / of)
    return float(labels * (1 + step) ** (at - (of - 1) / 2))


def legend(figure: Figure, axes: Axes) -> None:
    """One legend under the whole figure, in as many columns as it has room for."""
    handles, names = axes.get_legend_handles_labels()
    columns = _columns(names, figure.get_size_inches()[0])
    figure.legend(handles, names, loc="outside lower center", ncols=columns, frameon=False, columnspacing=1.6)


def legend_height(names: Sequence[str], width: float) -> float:
    """Inches that a legend of these names takes under a figure of ``width`` inches."""
    return 0.15 + 0.24 * math.ceil(len(names) / _columns(names, width))


def _columns(names: Sequence[str], width: float) -> int:
    widest = max((len(name) for name in names), default=1)
    return max(1, min(4, int(width / (0.75 + 0.088 * widest))))
