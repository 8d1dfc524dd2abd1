"""How fast people work: active time, idle time cut, and answers that came too fast to have been thought about."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from redraft.quality.segments_found import JUDGED
from redraft.records import Answer, Correction, Record
from redraft.segments import WORD

SECONDS_PER_WORD = 0.1
"""Ten words a second is twice what the fastest readers take in, pictures left aside: nobody judges sooner."""


class Speed(Record):
    """One annotator's pace; ``timed`` answers took any time at all, which scripts' and simulated people's do not.

    ``active_hours`` is the time spent on answers, skips and flags included, without idle time. ``idle`` is the share of
    all the time that tasks were open in which nothing was done. Medians are over timed answers that judge the response;
    ``too_fast`` of those took less than ``SECONDS_PER_WORD`` for each of its words. None without any of them.
    """

    timed: int
    active_hours: float
    answers_per_hour: float | None
    corrections_per_hour: float | None
    median_seconds: float | None
    median_seconds_per_100_words: float | None
    idle: float | None
    too_fast: int


def speed(answers: Iterable[Correction]) -> Speed:
    """The pace of one annotator's answers, whatever their kind."""
    timed = [answer for answer in answers if active_seconds(answer) > 0]
    judging = [answer for answer in timed if answer.answer in JUDGED]
    hours = sum(map(active_seconds, timed)) / 3600
    opened = [answer for answer in timed if answer.elapsed > 0]
    open_seconds = sum(answer.elapsed for answer in opened)
    paces = [pace for answer in judging if (pace := seconds_per_100_words(answer)) is not None]
    return Speed(
        timed=len(timed),
        active_hours=hours,
        answers_per_hour=len(judging) / hours if hours else None,
        corrections_per_hour=sum(a.answer is Answer.CORRECTED for a in judging) / hours if hours else None,
        median_seconds=median(map(active_seconds, judging)) if judging else None,
        median_seconds_per_100_words=median(paces) if paces else None,
        idle=1 - sum(map(active_seconds, opened)) / open_seconds if opened else None,
        too_fast=sum(map(is_too_fast, judging)),
    )


def active_seconds(answer: Correction) -> float:
    """The time spent on an answer: never more than the task was open, where that is known."""
    return min(answer.seconds, answer.elapsed) if answer.elapsed > 0 else answer.seconds


def seconds_per_100_words(answer: Correction) -> float | None:
    """Active time for 100 words of the response; None for an answer without a time or a response without a word."""
    words, seconds = _words(answer), active_seconds(answer)
    return 100 * seconds / words if words and seconds else None


def is_too_fast(answer: Correction) -> bool:
    """Whether a timed answer came sooner than its response can be read."""
    return 0 < active_seconds(answer) < SECONDS_PER_WORD * _words(answer)


def _words(answer: Correction) -> int:
    return sum(1 for _ in WORD.finditer(answer.original))
