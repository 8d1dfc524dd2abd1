"""What each annotator did, how fast, and how it stood up to review."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from redraft.quality.agreement import agreement_with_others
from redraft.quality.gold_scores import AnswerScore, against_reviews
from redraft.quality.segments_found import judged
from redraft.quality.shares import wilson_of
from redraft.quality.speed import Speed, speed
from redraft.records import Answer, Correction, Interval, Record


class Person(Record):
    """One annotator's current answers by kind, and what is known of their quality; 95 % intervals.

    ``edits`` is the mean of edits in a correction. ``passed`` is the share of answers that are skips or flags.
    ``reviewed`` answers have a reviewer's version beside them, which says something else in a share ``changed`` of
    them. ``agrees`` is the overlapping span F1 with everybody else's answers to the same tasks.
    """

    annotator: str
    answers: int
    corrected: int
    clean: int
    marked: int
    skipped: int
    flagged: int
    edits: float
    passed: Interval
    speed: Speed
    reviewed: int
    changed: Interval | None
    agrees: Interval | None


def people(answers: Iterable[Correction]) -> list[Person]:
    """Everybody who answered anything, the busiest first; reviewers' versions are no answers of their own."""
    everything = [answer for answer in answers if answer.current]
    theirs: dict[str, list[Correction]] = {}
    for answer in everything:
        if not answer.review:
            theirs.setdefault(answer.annotator, []).append(answer)
    reviewed: dict[str, list[AnswerScore]] = {}
    for score in against_reviews(everything):
        reviewed.setdefault(score.annotator, []).append(score)
    agrees = agreement_with_others(everything)
    rows = [_person(name, theirs[name], reviewed.get(name, ()), agrees.get(name)) for name in sorted(theirs)]
    return sorted(rows, key=lambda row: -row.answers)


def _person(
    name: str, answers: Sequence[Correction], reviewed: Sequence[AnswerScore], agrees: Interval | None
) -> Person:
    kinds = Counter(answer.answer for answer in answers)
    edits = sum(len(answer.edits) for answer in judged(answers))
    passed = wilson_of(answer.answer in (Answer.SKIPPED, Answer.FLAGGED) for answer in answers)
    assert passed is not None
    return Person(
        annotator=name,
        answers=len(answers),
        corrected=kinds[Answer.CORRECTED],
        clean=kinds[Answer.CLEAN],
        marked=kinds[Answer.MARKED],
        skipped=kinds[Answer.SKIPPED],
        flagged=kinds[Answer.FLAGGED],
        edits=edits / max(1, kinds[Answer.CORRECTED]),
        passed=passed,
        speed=speed(answers),
        reviewed=len(reviewed),
        changed=wilson_of(not score.right for score in reviewed),
        agrees=agrees,
    )
