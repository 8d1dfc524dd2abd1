"""Annotators against answers that are known to be right: gold tasks, and tasks that a reviewer has settled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from redraft.quality.agreement import touched
from redraft.quality.segments_found import JUDGED, Segment, by_task, judged, segments_of, segments_of_edits
from redraft.quality.shares import Part, ratio, wilson_of
from redraft.records import Answer, Correction, Edit, Gold, Interval, Record
from redraft.segments import apply_edits


class AnswerScore(Record):
    """One answer against the known one, in counts of spans.

    ``right``: the corrected text is the known one, or, of an evaluation that only marks, the spans are. ``true`` of
    the ``given`` spans touch a known one, ``found`` of the ``known`` ones are touched, ``typed`` of those bear the
    known type.
    """

    task: str
    annotator: str
    right: bool
    given: int
    true: int
    known: int
    found: int
    typed: int

    @property
    def span_f1(self) -> float:
        """Spans of either side that touch the other's, over all; 1 where both found nothing."""
        both = self.given + self.known
        return (self.true + self.found) / both if both else 1.0


class GoldScore(Record):
    """One annotator on gold tasks, ``training`` (feedback followed) or silent; 95 % intervals.

    None where there is nothing to divide by: no span given, none known, none found.
    """

    annotator: str
    training: bool
    answers: int
    right: Interval
    precision: Interval | None
    recall: Interval | None
    f1: Interval | None
    types: Interval | None


def score_answer(answer: Correction, edits: Sequence[Edit]) -> AnswerScore:
    """One answer against the edits that are known to be right; none say that the response is clean.

    Raises:
        EditError: if the edits do not fit the answer's text.
    """
    given, known = segments_of(answer), segments_of_edits(answer.original, edits)
    if answer.answer is Answer.MARKED:
        return _score(answer, given, known, right=_same_places(given, known))
    return _score(answer, given, known, right=answer.corrected == apply_edits(answer.original, edits))


def score_against(answer: Correction, settled: Correction) -> AnswerScore:
    """One answer against another one of the same task that is taken to be right."""
    given, known = segments_of(answer), segments_of(settled)
    if Answer.MARKED in (answer.answer, settled.answer):
        return _score(answer, given, known, right=_same_places(given, known))
    return _score(answer, given, known, right=answer.corrected == settled.corrected)


def gold_scores(answers: Iterable[Correction], golds: Mapping[str, Gold], *, training: int = 0) -> list[GoldScore]:
    """Every annotator on the gold tasks they answered, training and silent apart, by name.

    Args:
        golds: by task id.
        training: how many gold answers of each annotator had feedback: their first ones.
    """
    theirs = [answer for answer in answers if answer.task_id in golds]
    learning = training_answers(theirs, training)
    rows: dict[tuple[str, bool], list[AnswerScore]] = {}
    for answer in judged(theirs):
        score = score_answer(answer, golds[answer.task_id].edits)
        rows.setdefault((answer.annotator, answer.id in learning), []).append(score)
    return [_gold_score(*key, rows[key]) for key in sorted(rows, key=lambda key: (key[0], not key[1]))]


def training_answers(answers: Iterable[Correction], training: int) -> frozenset[str]:
    """Ids of the first ``training`` answers to gold tasks that each annotator gave; skips and flags are none.

    That is the rule by which tasks are given out, so it holds while ``annotate.training_tasks`` stays what it was.
    """
    taken: dict[str, list[str]] = {}
    for answer in sorted(judged(answers), key=lambda a: (a.submitted_at, a.id)):
        if answer.gold:
            taken.setdefault(answer.annotator, []).append(answer.id)
    return frozenset(id for ids in taken.values() for id in ids[:training])


def against_reviews(answers: Iterable[Correction]) -> list[AnswerScore]:
    """Annotators' answers against the reviewer's version of their task, where there is one."""
    everything = list(answers)
    reviews = {a.task_id: a for a in everything if a.review and a.current and a.answer in JUDGED}
    tasks = by_task(judged(everything))
    return [score_against(a, reviews[task]) for task, group in tasks.items() if task in reviews for a in group]


def _score(answer: Correction, given: Sequence[Segment], known: Sequence[Segment], *, right: bool) -> AnswerScore:
    nearest = [_nearest(segment, given) for segment in known]
    return AnswerScore(
        task=answer.task_id,
        annotator=answer.annotator,
        right=right,
        given=len(given),
        true=touched(given, known),
        known=len(known),
        found=sum(mine is not None for mine in nearest),
        typed=sum(mine is not None and mine.type is theirs.type for mine, theirs in zip(nearest, known, strict=True)),
    )


def _same_places(one: Sequence[Segment], other: Sequence[Segment]) -> bool:
    return {segment.place for segment in one} == {segment.place for segment in other}


def _gold_score(annotator: str, training: bool, scores: Sequence[AnswerScore]) -> GoldScore:
    right = wilson_of(score.right for score in scores)
    assert right is not None
    return GoldScore(
        annotator=annotator,
        training=training,
        answers=len(scores),
        right=right,
        precision=ratio([Part(task=s.task, above=s.true, below=s.given) for s in scores]),
        recall=ratio([Part(task=s.task, above=s.found, below=s.known) for s in scores]),
        f1=ratio([Part(task=s.task, above=s.true + s.found, below=s.given + s.known) for s in scores]),
        types=ratio([Part(task=s.task, above=s.typed, below=s.found) for s in scores]),
    )


def _nearest(segment: Segment, others: Iterable[Segment]) -> Segment | None:
    """The one that shares most characters with ``segment``, the first of several; None if none shares any."""
    touching = [other for other in others if other.touches(segment)]
    return max(touching, key=lambda o: min(o.end, segment.end) - max(o.start, segment.start), default=None)
