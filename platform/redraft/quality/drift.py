"""Whether somebody works differently from before: the same figures week by week, and lately against earlier.

A figure is a mean over answers. It drifted if the bootstrap interval of the difference between the newest answers and
those before them leaves out 0. Many figures of many people are looked at, so the interval is a wide one: at 99 %, one
figure in a hundred still drifts by chance alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from redraft.quality.gold_scores import against_reviews, score_answer
from redraft.quality.segments_found import JUDGED, judged, segments_of
from redraft.quality.shares import Part, difference, excludes_zero
from redraft.quality.speed import is_too_fast, seconds_per_100_words
from redraft.records import Correction, Gold, Interval, Record

LATEST = 50
FEWEST = 10
CONFIDENCE = 0.99


class Figure(StrEnum):
    """What is watched, as a mean over answers: of those that judge the response, or (passed) of all."""

    PACE = "active seconds per 100 words"
    TOO_FAST = "answers given too fast"
    CLEAN = "responses found clean"
    SEGMENTS = "wrong segments per response"
    PASSED = "skipped or flagged"
    GOLD = "gold tasks answered right"
    REVIEW = "answers that review changed"


class Change(Record):
    """One figure of one annotator, lately against before, with an interval of the difference (lately minus before)."""

    annotator: str
    figure: Figure
    before: float
    lately: float
    answers_before: int
    answers_lately: int
    difference: Interval

    @property
    def drifted(self) -> bool:
        """Whether the interval leaves out 0."""
        return excludes_zero(self.difference)


class Week(Record):
    """One annotator's figures in the week (Monday to Sunday, UTC) that begins on ``monday``; means, where any count."""

    annotator: str
    monday: str
    answers: int
    figures: Mapping[Figure, float]


Values = dict[Figure, dict[str, float]]
"""Of each figure, the value of every answer that counts for it, by answer id."""


def drift(
    answers: Iterable[Correction], golds: Mapping[str, Gold], *, latest: int = LATEST, fewest: int = FEWEST
) -> list[Change]:
    """Every annotator's figures: the newest ``latest`` answers (or half of all, if that is less) against those before.

    A figure is left out unless at least ``fewest`` answers count for it on both sides. Those that drifted come first.
    """
    everything = [answer for answer in answers if answer.current]
    values = _values(everything, golds)
    changes = []
    for name, theirs in _in_order(everything).items():
        cut = len(theirs) - min(latest, len(theirs) // 2)
        for figure, known in values.items():
            found = _change(name, figure, _parts(theirs[:cut], known), _parts(theirs[cut:], known), fewest)
            changes += [found] if found else []
    return sorted(changes, key=lambda change: not change.drifted)


def weekly(answers: Iterable[Correction], golds: Mapping[str, Gold]) -> list[Week]:
    """Every annotator's figures week by week, by name and then by week."""
    everything = [answer for answer in answers if answer.current]
    values = _values(everything, golds)
    weeks: dict[tuple[str, str], list[Correction]] = {}
    for name, theirs in _in_order(everything).items():
        for answer in theirs:
            weeks.setdefault((name, _monday(answer.submitted_at)), []).append(answer)
    return [
        Week(
            annotator=name,
            monday=monday,
            answers=len(group),
            figures={
                figure: sum(part.above for part in parts) / len(parts)
                for figure, known in values.items()
                if (parts := _parts(group, known))
            },
        )
        for (name, monday), group in sorted(weeks.items())
    ]


def _values(answers: Sequence[Correction], golds: Mapping[str, Gold]) -> Values:
    own = [answer for answer in answers if not answer.review]
    ids = {(answer.task_id, answer.annotator): answer.id for answer in own}
    judging = judged(own)
    return {
        Figure.PACE: {a.id: pace for a in judging if (pace := seconds_per_100_words(a)) is not None},
        Figure.TOO_FAST: _each(judging, is_too_fast),
        Figure.CLEAN: _each(judging, lambda a: not segments_of(a)),
        Figure.SEGMENTS: _each(judging, lambda a: len(segments_of(a))),
        Figure.PASSED: _each(own, lambda a: a.answer not in JUDGED),
        Figure.GOLD: _each(
            [a for a in judging if a.task_id in golds], lambda a: score_answer(a, golds[a.task_id].edits).right
        ),
        Figure.REVIEW: {ids[score.task, score.annotator]: not score.right for score in against_reviews(answers)},
    }


def _each(answers: Iterable[Correction], value: Callable[[Correction], float]) -> dict[str, float]:
    return {answer.id: float(value(answer)) for answer in answers}


def _in_order(answers: Iterable[Correction]) -> dict[str, list[Correction]]:
    """Annotators' own answers by name, the oldest first."""
    theirs: dict[str, list[Correction]] = {}
    for answer in sorted(answers, key=lambda a: (a.annotator, a.submitted_at, a.id)):
        if not answer.review:
            theirs.setdefault(answer.annotator, []).append(answer)
    return theirs


def _parts(answers: Iterable[Correction], known: Mapping[str, float]) -> list[Part]:
    return [Part(task=a.task_id, above=known[a.id], below=1) for a in answers if a.id in known]


def _change(name: str, figure: Figure, before: Sequence[Part], lately: Sequence[Part], fewest: int) -> Change | None:
    if min(len(before), len(lately)) < fewest:
        return None
    interval = difference(lately, before, confidence=CONFIDENCE)
    if interval is None:
        return None
    return Change(
        annotator=name,
        figure=figure,
        before=sum(part.above for part in before) / len(before),
        lately=sum(part.above for part in lately) / len(lately),
        answers_before=len(before),
        answers_lately=len(lately),
        difference=interval,
    )


def _monday(seconds: float) -> str:
    day = datetime.fromtimestamp(seconds, UTC).date()
    return (day - timedelta(days=day.weekday())).isoformat()
