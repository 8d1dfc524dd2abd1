"""What people were given, what they did with it, and what the random arm says about the policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from redraft.quality.shares import wilson
from redraft.records import Answer, Arm, Correction, HallucinationType, Record, Task, TaskState
from redraft.report.history import History


class QueueRow(Record):
    """One round's worklist: the tasks routed, where they stand, and how they were answered."""

    round: int
    routed: int
    done: int
    waiting: int
    retired: int
    corrected: int
    clean: int
    skipped: int


class AnnotatorRow(Record):
    """One annotator's work; ``seconds`` is the mean over all answers, ``edits`` the mean per correction."""

    annotator: str
    corrected: int
    clean: int
    skipped: int
    seconds: float
    edits: float


class ArmRow(Record):
    """How many of an arm's judged responses were wrong in one round, with a 95 % interval."""

    round: int
    arm: Arm
    judged: int
    wrong: int
    rate: float
    low: float
    high: float


class EditRow(Record):
    """Edits of one hallucination type."""

    type: HallucinationType
    edits: int
    share: float


def queue_rows(history: History) -> list[QueueRow]:
    """A row for every round that routed anything."""
    rounds = sorted({task.round for task in history.tasks})
    return [
        _queue_row(
            number,
            [task for task in history.tasks if task.round == number],
            [correction for correction in history.corrections if correction.round == number],
        )
        for number in rounds
    ]


def annotator_rows(history: History) -> list[AnnotatorRow]:
    """A row for every annotator, the busiest first."""
    names = Counter(correction.annotator for correction in history.corrections)
    rows = [_annotator_row(name, [c for c in history.corrections if c.annotator == name]) for name in sorted(names)]
    return sorted(rows, key=lambda row: -names[row.annotator])


def arm_rows(history: History) -> list[ArmRow]:
    """A row for every round and arm in which a response of the run's own policies was judged correct or wrong."""
    policies = {policy.id for policy in history.policies}
    imported = {task.id for task in history.tasks if task.policy not in policies}
    answers = [c for c in history.corrections if c.task_id not in imported]
    wrong = Counter((c.round, c.arm) for c in answers if c.answer is Answer.CORRECTED)
    judged = wrong + Counter((c.round, c.arm) for c in answers if c.answer is Answer.CLEAN)
    rows = []
    for number, arm in sorted(judged):
        total, found = judged[number, arm], wrong[number, arm]
        rate = wilson(found, total)
        rows.append(
            ArmRow(round=number, arm=arm, judged=total, wrong=found, rate=rate.value, low=rate.low, high=rate.high)
        )
    return rows


def edit_rows(corrections: Iterable[Correction]) -> list[EditRow]:
    """Edits by type, the most frequent first."""
    counts = Counter(edit.type for correction in corrections for edit in correction.edits)
    total = counts.total()
    return [EditRow(type=kind, edits=n, share=n / total) for kind, n in counts.most_common()]


def _queue_row(number: int, tasks: list[Task], corrections: list[Correction]) -> QueueRow:
    states = Counter(task.state for task in tasks)
    answers = Counter(correction.answer for correction in corrections)
    return QueueRow(
        round=number,
        routed=len(tasks),
        done=states[TaskState.DONE],
        waiting=states[TaskState.OPEN] + states[TaskState.LEASED],
        retired=states[TaskState.RETIRED],
        corrected=answers[Answer.CORRECTED],
        clean=answers[Answer.CLEAN],
        skipped=answers[Answer.SKIPPED],
    )


def _annotator_row(name: str, theirs: list[Correction]) -> AnnotatorRow:
    answers = Counter(correction.answer for correction in theirs)
    edits = sum(len(correction.edits) for correction in theirs if correction.answer is Answer.CORRECTED)
    return AnnotatorRow(
        annotator=name,
        corrected=answers[Answer.CORRECTED],
        clean=answers[Answer.CLEAN],
        skipped=answers[Answer.SKIPPED],
        seconds=sum(correction.seconds for correction in theirs) / len(theirs),
        edits=edits / max(1, answers[Answer.CORRECTED]),
    )
