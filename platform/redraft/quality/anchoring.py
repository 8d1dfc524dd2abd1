"""Whether shading what the policy doubts leads annotators: answers with shading against answers without.

Which answers go without is drawn by lot, so a difference is due to the shading (give or take its interval). Only tasks
with a span that is doubtful enough to be shaded count: on the others, both look alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from redraft.quality.agreement import touched
from redraft.quality.gold_scores import score_answer
from redraft.quality.segments_found import Segment, judged, segments_of
from redraft.quality.shares import Part, difference, excludes_zero, ratio
from redraft.records import Correction, Gold, HallucinationType, Interval, Record, Task


class Habit(StrEnum):
    """What shading may change."""

    DETECTION = "responses found wrong"
    PLACEMENT = "wrong segments that touch a doubtful span"
    FOLLOWING = "doubtful spans that were edited"
    ELSEWHERE = "wrong segments away from doubtful spans, per response"
    KNOWN = "known wrong segments found (gold tasks)"


class Anchoring(Record):
    """One habit with shading and without, and the difference (with minus without); 95 % intervals over tasks.

    An interval is None where there is nothing to divide by, the difference also where one side has no answer.
    """

    habit: Habit
    shaded: Interval | None
    unshaded: Interval | None
    difference: Interval | None

    @property
    def differs(self) -> bool:
        """Whether the interval of the difference leaves out 0."""
        return excludes_zero(self.difference)


class AnchoringReport(Record):
    """How many answers were compared, and every habit."""

    shaded: int
    unshaded: int
    habits: tuple[Anchoring, ...]


def anchoring(
    answers: Iterable[Correction], tasks: Mapping[str, Task], golds: Mapping[str, Gold], *, threshold: float
) -> AnchoringReport:
    """Compare answers to tasks with at least one span that scores ``threshold`` or more.

    Args:
        tasks: by id; answers to others are left out.
        golds: by task id; they add the habit of finding what is known to be wrong.
        threshold: from which score on spans are shaded, in ``[0, 1]``.
    """
    doubts = {id: found for id, task in tasks.items() if (found := _doubtful(task, threshold))}
    compared = [answer for answer in judged(answers) if answer.task_id in doubts]
    parts: dict[Habit, tuple[list[Part], list[Part]]] = {habit: ([], []) for habit in Habit}
    for answer in compared:
        for habit, part in _parts(answer, doubts[answer.task_id], golds.get(answer.task_id)).items():
            parts[habit][0 if answer.shaded else 1].append(part)
    shaded = sum(answer.shaded for answer in compared)
    return AnchoringReport(
        shaded=shaded,
        unshaded=len(compared) - shaded,
        habits=tuple(
            Anchoring(habit=habit, shaded=ratio(on), unshaded=ratio(off), difference=difference(on, off))
            for habit, (on, off) in parts.items()
        ),
    )


def _doubtful(task: Task, threshold: float) -> list[Segment]:
    """The spans that would be shaded; what is wrong with them is not known, so their type says nothing."""
    spans = [scored.span for scored in task.spans if scored.score >= threshold and scored.span.start < scored.span.end]
    return [Segment(start=span.start, end=span.end, type=HallucinationType.OTHER) for span in spans]


def _parts(answer: Correction, doubts: Sequence[Segment], gold: Gold | None) -> dict[Habit, Part]:
    task, found = answer.task_id, segments_of(answer)
    placed = touched(found, doubts)
    parts = {
        Habit.DETECTION: Part(task=task, above=bool(found), below=1),
        Habit.PLACEMENT: Part(task=task, above=placed, below=len(found)),
        Habit.FOLLOWING: Part(task=task, above=touched(doubts, found), below=len(doubts)),
        Habit.ELSEWHERE: Part(task=task, above=len(found) - placed, below=1),
    }
    if gold is not None:
        score = score_answer(answer, gold.edits)
        parts[Habit.KNOWN] = Part(task=task, above=score.found, below=score.known)
    return parts
