"""How charts look: two themes of one colour-blind-safe palette (Okabe and Ito, 2008), and one way to render."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from io import BytesIO

import matplotlib
from matplotlib import RcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure


@dataclass(frozen=True)
class Theme:
    """Colours by role; ``first`` and ``second`` also always differ by marker and by a direct label."""

    ink: str
    muted: str
    grid: str
    paper: str
    first: str
    second: str


LIGHT = Theme("#1b1f24", "#5b6470", "#e3e6ea", "#ffffff", "#0062a3", "#c44f00")
DARK = Theme("#e8eaed", "#a4adb8", "#333a43", "#16191d", "#5fb8f2", "#ff9a57")

Draw = Callable[[Figure, Theme], None]


@dataclass(frozen=True)
class Drawing:
    """One drawing as a PNG on paper, and as SVG without a background for light and for dark pages."""

    png: bytes
    light: bytes
    dark: bytes


def render(draw: Draw, size: tuple[float, float]) -> Drawing:
    """Draw once, ``size`` inches; the same drawing gives the same bytes."""
    with matplotlib.rc_context(_settings(LIGHT)):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure, LIGHT)
        svg, png = BytesIO(), BytesIO()
        figure.savefig(svg, format="svg", facecolor="none", metadata={"Date": None, "Creator": None})
        figure.set_layout_engine("none")
        figure.savefig(png, format="png", facecolor=LIGHT.paper, dpi=200, metadata={"Software": None})
    return Drawing(png=png.getvalue(), light=svg.getvalue(), dark=_darkened(svg.getvalue()))


def _darkened(svg: bytes) -> bytes:
    """The same picture in the other theme: colours stand in it as the theme writes them, each with one role."""
    for role in fields(Theme):
        svg = svg.replace(getattr(LIGHT, role.name).encode(), getattr(DARK, role.name).encode())
    return svg


def percent_axis(axes: Axes, *, top: float | None = None) -> None:
    """Shares on the y axis, from zero, in percent."""
    axes.set_ylim(0, top)
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.grid(True, axis="y")


def end_labels(
    axes: Axes, at: float, labels: Sequence[tuple[str, float, str]], *, offset: float, lines: int = 1
) -> None:
    """Name what ends at ``at`` on the right, (text, y, colour) each; two names that would touch are moved apart.

    The y axis must have its final limits; ``offset`` is in points.
    """
    low, high = axes.get_ylim()
    gap = 0.065 * lines * (high - low)
    heights = [y for _, y, _ in labels]
    if len(heights) == 2 and abs(heights[0] - heights[1]) < gap:
        middle, side = sum(heights) / 2, 1 if heights[0] >= heights[1] else -1
        heights = [middle + side * gap / 2, middle - side * gap / 2]
    for (text, _, colour), y in zip(labels, heights, strict=True):
        axes.annotate(
            text,
            (at, y),
            xytext=(offset, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            annotation_clip=False,
        )


def _settings(theme: Theme) -> RcParams:
    """Matplotlib's defaults with ours over them, whatever the process that calls us has set."""
    settings = matplotlib.rcParamsDefault.copy()
    settings.update(
        {
            "font.family": "DejaVu Sans",
            "font.size": 10.5,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 10.5,
            "axes.titlelocation": "left",
            "axes.titleweight": "bold",
            "axes.axisbelow": True,
            "lines.linewidth": 2.0,
            "text.parse_math": False,
            "svg.fonttype": "path",
            "svg.hashsalt": "redraft",
            "axes.facecolor": "none",
            "axes.edgecolor": theme.muted,
            "axes.labelcolor": theme.muted,
            "axes.titlecolor": theme.ink,
            "text.color": theme.ink,
            "xtick.color": theme.muted,
            "ytick.color": theme.muted,
            "grid.color": theme.grid,
        }
    )
    return settings
