"""Which claims of a response are wrong, from what people did with it.

| what they did                          | label of a claim | source    |
|----------------------------------------|------------------|-----------|
| changed or marked some of it as wrong  | wrong            | edited    |
| marked it "checked, correct"           | right            | checked   |
| found the whole response clean         | right            | clean     |
| corrected the response elsewhere       | right            | unedited  |

The last is the weakest: a person who found one error may have overlooked another. It counts like the others, and is
told apart so that this can be examined. What an edit only inserts makes no claim wrong; the response does count as
wrong, because a person had to correct it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from redraft.claims import Claim
from redraft.quality.segments_found import JUDGED, by_task, segments_of
from redraft.records import Answer, Arm, Correction, Span, Task
from redraft.uncertainty.sampled import SampledResponse


class LabelSource(StrEnum):
    """Where a claim's label is from, the surest first."""

    EDITED = "edited"
    CHECKED = "checked"
    CLEAN = "clean"
    UNEDITED = "unedited"


@dataclass(frozen=True)
class ClaimLabel:
    """Whether people found a claim wrong."""

    span: Span
    wrong: bool
    source: LabelSource


@dataclass(frozen=True)
class Example:
    """A response that people judged; one label a claim, in the order of the text.

    ``arm`` says whether it was routed for its doubts or at random; ``samples`` is the key of the samples it is from.
    """

    sampled: SampledResponse
    arm: Arm
    round: int
    wrong: bool
    claims: tuple[ClaimLabel, ...]
    samples: str = ""

    @property
    def image_id(self) -> str:
        """The image, which folds are cut by."""
        return self.sampled.response.image_id

    @property
    def policy(self) -> str:
        """The version that wrote it."""
        return self.sampled.response.policy


def label(
    answers: Sequence[Correction], tasks: Sequence[Task], sampled: Mapping[str, SampledResponse]
) -> list[Example]:
    """The responses in ``sampled``, by id, that people judged; in the order of their tasks' ids.

    A reviewer's answer stands for all others of its task. Of several annotators, half are enough to call a claim, or
    the response, wrong. Skips and flags say nothing.
    """
    by_id = {task.id: task for task in tasks}
    examples = []
    for task_id, given in by_task([a for a in answers if a.current and a.answer in JUDGED]).items():
        task = by_id.get(task_id)
        if task is None or task.response_id not in sampled:
            continue
        standing = [a for a in given if a.review] or given
        response = sampled[task.response_id]
        wrong = sum(bool(segments_of(answer)) for answer in standing)
        labels = tuple(_claim_label(claim, standing) for claim in response.claims)
        examples.append(Example(response, task.arm, task.round, 2 * wrong >= len(standing), labels))
    return examples


def _claim_label(claim: Claim, answers: Sequence[Correction]) -> ClaimLabel:
    found = sum(_found_wrong(claim.span, answer) for answer in answers)
    if found and 2 * found >= len(answers):
        return ClaimLabel(claim.span, True, LabelSource.EDITED)
    if any(_checked(claim.span, answer) for answer in answers):
        return ClaimLabel(claim.span, False, LabelSource.CHECKED)
    clean = all(answer.answer is Answer.CLEAN for answer in answers)
    return ClaimLabel(claim.span, False, LabelSource.CLEAN if clean else LabelSource.UNEDITED)


def _found_wrong(span: Span, answer: Correction) -> bool:
    return any(s.start < span.end and span.start < s.end for s in segments_of(answer) if not s.inserted)


def _checked(span: Span, answer: Correction) -> bool:
    return any(mark.type is None and mark.span.overlaps(span) for mark in answer.marks)
