"""What the charts of a study share: which lines they show, and how a panel of them is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes

from redraft.records import Interval
from redraft.report.study.palette import Look, labels_axis, looks, nudged
from redraft.report.style import Theme, percent_axis
from redraft.scaling.comparison import ENOUGH_SIZES
from redraft.scaling.curves import ALL_BASES, CurvePoint, points_of
from redraft.scaling.design import Schedule, StudyConfig
from redraft.scaling.lines import Line
from redraft.scaling.resample import Resamples
from redraft.scaling.wording import line_name

Of = Callable[[CurvePoint], Interval]


def rate_panel(
    axes: Axes,
    theme: Theme,
    points: list[CurvePoint],
    lines: Sequence[Line],
    config: StudyConfig,
    *,
    base: str = ALL_BASES,
    top: float,
) -> None:
    """One panel of rates up to ``top``: lines, base, target."""
    draw_lines(axes, points, lines, config, base, lambda point: point.response_rate)
    base_band(axes, theme, points, base, lambda point: point.response_rate)
    axes.axhline(config.target, color=theme.muted, linewidth=1, linestyle=(0, (6, 3)), zorder=1)
    labels_axis(axes, sorted({point.labels for line in lines for point in points_of(points, line, base)} or {1}))
    percent_axis(axes, top=top)


def draw_lines(
    axes: Axes, points: list[CurvePoint], lines: Sequence[Line], config: StudyConfig, base: str, of: Of
) -> None:
    """Every line of a panel, a little beside each other."""
    styles = looks([*config.arms, *(line_name(config, line) for line in lines)])
    for at, line in enumerate(lines):
        name = line_name(config, line)
        errorbars(axes, points_of(points, line, base), styles[name], name, of, (at, len(lines)))


def errorbars(
    axes: Axes, mine: Sequence[CurvePoint], look: Look, label: str, of: Of, place: tuple[int, int] = (0, 1)
) -> None:
    """Points of one line with upright intervals."""
    if not mine:
        return
    found = [of(point) for point in mine]
    axes.errorbar(
        [nudged(point.labels, *place) for point in mine],
        [each.value for each in found],
        yerr=[
            [max(0.0, each.value - each.low) for each in found],
            [max(0.0, each.high - each.value) for each in found],
        ],
        color=look.colour,
        marker=look.marker,
        linestyle=look.dash or "none",
        markersize=5.5,
        linewidth=1.7,
        elinewidth=1.2,
        capsize=2,
        label=label,
    )


def spread(found: Sequence[Interval]) -> list[list[float]]:
    """Lengths of intervals below and above their values; percentiles may leave a value just outside."""
    return [[max(0.0, each.value - each.low) for each in found], [max(0.0, each.high - each.value) for each in found]]


def highest(points: Sequence[CurvePoint]) -> float:
    """Where the rate axis ends, so that no interval of these points touches the edge."""
    return 1.06 * max(point.response_rate.high for point in points)


def base_band(axes: Axes, theme: Theme, points: list[CurvePoint], base: str, of: Of) -> None:
    """The untrained base as a level with its interval."""
    for point in points_of(points, None, base):
        found = of(point)
        axes.axhspan(found.low, found.high, color=theme.muted, alpha=0.13, linewidth=0, zorder=0)
        axes.axhline(found.value, color=theme.muted, linestyle=":", linewidth=1.6, zorder=1, label="untrained base")


def file_name(text: str) -> str:
    """A name that is safe in a file's."""
    return "".join(sign if sign.isalnum() else "-" for sign in text)


def first_condition(drawn: Resamples) -> list[Line]:
    """The lines of the study's first condition."""
    first = next(iter(drawn.results.config.conditions))
    return [line for line in drawn.results.lines if line.condition == first]


def schedules_of(lines: Sequence[Line]) -> list[Schedule]:
    """Their schedules, in order."""
    return list(dict.fromkeys(line.schedule for line in lines))


def sizes_of(drawn: Resamples, lines: Sequence[Line]) -> list[int]:
    """Every number of labels among them."""
    return sorted({size for line in lines for size in drawn.results.sizes(line)})


def few_sizes(config: StudyConfig) -> bool:
    """Whether a study has too few numbers of labels for curves."""
    return len(config.sizes) < ENOUGH_SIZES


def legend_names(config: StudyConfig, lines: Sequence[Line]) -> list[str]:
    """What a legend of these lines and the untrained base holds."""
    return ["untrained base", *dict.fromkeys(line_name(config, line) for line in lines)]


def of_condition(config: StudyConfig, condition: str) -> str:
    """The condition as the end of a title, if there are several."""
    return f": {condition}" if len(config.conditions) > 1 else ""
