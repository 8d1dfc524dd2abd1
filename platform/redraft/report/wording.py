"""Numbers as a reader wants them, the same on the whole page."""

from __future__ import annotations

import time

THIN_SPACE = "\u202f"
MINUS = "\u2212"


def percent(share: float) -> str:
    """A share as a percentage with one decimal."""
    return f"{100 * share:.1f}{THIN_SPACE}%"


def points(difference: float) -> str:
    """A difference of shares in percentage points, signed."""
    return f"{100 * difference:+.1f}".replace("-", MINUS)


def count(n: int, noun: str) -> str:
    """A number with its noun, which takes a plain s."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def duration(seconds: float) -> str:
    """Seconds up to a minute and a half, then minutes, then hours."""
    if seconds < 90:
        return f"{seconds:.1f}{THIN_SPACE}s" if seconds < 10 else f"{seconds:.0f}{THIN_SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 90:
        return f"{minutes}{THIN_SPACE}min {rest:02d}{THIN_SPACE}s"
    return f"{minutes // 60}{THIN_SPACE}h {minutes % 60:02d}{THIN_SPACE}min"


def moment(at: float) -> str:
    """A time in UTC, to the minute."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))
