"""Figures and times as the pages for researchers write them."""

from __future__ import annotations

import time

from redraft.records import Interval

NOT_MEASURED = "not measured"


def share(interval: Interval | None) -> str:
    """A share in percent, with its interval in brackets."""
    if interval is None:
        return NOT_MEASURED
    return f"{interval.value:.1%} ({interval.low:.1%} to {interval.high:.1%})"


def number(interval: Interval | None) -> str:
    """A mean with one decimal, with its interval in brackets."""
    if interval is None:
        return NOT_MEASURED
    return f"{interval.value:.1f} ({interval.low:.1f} to {interval.high:.1f})"


def lasting(seconds: float) -> str:
    """A time span in its two largest units."""
    if seconds < 60:
        return f"{max(0.0, seconds):.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} days"


def ago(seconds: float) -> str:
    """How long something is past."""
    return "just now" if seconds < 5 else f"{lasting(seconds)} ago"


def moment(at: float) -> str:
    """A time in UTC, to the minute."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))


def counted(n: int, noun: str) -> str:
    """A number with its noun, which takes a plain s."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
