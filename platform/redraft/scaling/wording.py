"""Figures of a study in words, the same in findings, tables and captions."""

from __future__ import annotations

from redraft.records import Interval
from redraft.scaling.design import Schedule, StudyConfig
from redraft.scaling.lines import Line
from redraft.scaling.targets import Bounded

MINUS = "\u2212"
UNKNOWN = "not known"


def share(value: float) -> str:
    """A share in percent."""
    return f"{100 * value:.1f} %"


def share_in(found: Interval) -> str:
    """A share in percent with its interval."""
    return f"{share(found.value)} ({100 * found.low:.1f} to {100 * found.high:.1f})"


def signed(value: float, digits: int = 1) -> str:
    """A signed number; what rounds to nothing has no sign."""
    text = f"{value:+.{digits}f}"
    return text[1:] if not float(text) else text.replace("-", MINUS)


def points_in(found: Interval, unit: str = "") -> str:
    """A difference of shares in hundredths with its interval; ``unit`` stands behind the figure."""
    value, low, high = (signed(100 * x) for x in (found.value, found.low, found.high))
    return f"{value}{f' {unit}' if unit else ''} ({low} to {high})"


def number_in(found: Interval, digits: int = 2) -> str:
    """A plain number with its interval."""
    return f"{found.value:.{digits}f} ({found.low:.{digits}f} to {found.high:.{digits}f})"


def signed_in(found: Interval, digits: int = 3) -> str:
    """A signed number with its interval."""
    value, low, high = (signed(x, digits) for x in (found.value, found.low, found.high))
    return f"{value} ({low} to {high})"


def whole(value: float) -> str:
    """A number of labels, or a ratio: three figures where it is large."""
    if value >= 1000:
        return f"{round(value, -1):,.0f}"
    return f"{value:,.0f}" if value >= 20 else f"{value:.2g}" if value < 1 else f"{value:.1f}".removesuffix(".0")


def bound(found: Bounded) -> str:
    """The figure itself: a number, or on which side of one it lies."""
    if found.measured:
        return whole(found.at_least)
    if found.at_most is None:
        return f"more than {whole(found.at_least)}" if found.at_least else UNKNOWN
    return f"{whole(found.at_least)} to {whole(found.at_most)}" if found.at_least else f"at most {whole(found.at_most)}"


def bound_in(found: Bounded) -> str:
    """The figure with its interval, either of whose ends may be open; a bound that all draws share needs none."""
    if bound(found) == UNKNOWN or (not found.measured and (found.low, found.high) == (found.at_least, found.at_most)):
        return bound(found)
    return f"{bound(found)} ({ends(found)})"


def ends(found: Bounded) -> str:
    """The interval alone."""
    if found.high is None:
        return f"from {whole(found.low)} upwards" if found.low else "unbounded"
    return f"{whole(found.low)} to {whole(found.high)}" if found.low else f"up to {whole(found.high)}"


def schedule_in(config: StudyConfig, line: Line) -> str:
    """How long a line trains."""
    return f"at {schedule_name(config, line.schedule)}"


def schedule_name(config: StudyConfig, schedule: Schedule) -> str:
    """A schedule as a title."""
    return f"{config.steps} steps" if schedule == "steps" else f"{config.epochs:g} epochs"


def line_name(config: StudyConfig, line: Line) -> str:
    """A line's name beside others of the same condition and schedule."""
    return line.arm if len(config.rounds) == 1 or line.rounds == 1 else f"{line.arm}, {line.rounds} rounds"
