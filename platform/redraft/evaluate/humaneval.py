"""MHumanEval (RLHF-V, section 4.1): what people, blind to the policy, marked as wrong in its responses.

    Study + what people answered ──► measure_study ──► HumanEvaluation of each policy

A response that several people judged counts as the mean of what they found. Intervals are bootstrapped over pictures,
and two policies are compared picture by picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

from redraft.errors import DataError
from redraft.evaluate.bootstrap import Floats, ImageBootstrap
from redraft.evaluate.study import Study, StudyItem, judgements
from redraft.quality.agreement import agreement
from redraft.quality.segments_found import segments_of
from redraft.records import Correction, HallucinationType, HumanDifference, HumanEvaluation, Interval


def measure_study(
    study: Study, answers: Iterable[Correction], *, bootstrap: int, seed: int, closed_at: float
) -> list[HumanEvaluation]:
    """Every policy's figures, over the pictures whose texts have all been judged.

    Args:
        study: what was to be judged.
        answers: what was answered to its tasks, reopened answers and reviews included.
        bootstrap: resamples of pictures for the 95 % intervals.
        seed: fixes the resamples.
        closed_at: UTC seconds.

    Raises:
        DataError: there is no picture about which every text has been judged.
    """
    everything = list(answers)
    given = judgements(everything)
    complete = _complete(study, given)
    rows = {
        policy: [_row(item, given[item.task]) for item in complete if policy in item.policies]
        for policy in study.policies
    }
    draws = ImageBootstrap([row.image_id for row in rows[study.policies[0]]], resamples=bootstrap, seed=seed)
    agreed = agreement(everything, resamples=bootstrap, seed=seed)
    measured = _Measured(study, rows, draws, agreed.edited if agreed else None, closed_at)
    return [measured.policy(policy) for policy in study.policies]


@dataclass(frozen=True)
class _Row:
    """One response as judged: ``wrong`` is the share of people who found it so, the rest are means over people."""

    image_id: str
    answers: tuple[Correction, ...]
    words: int
    wrong: float
    segments: float
    types: Mapping[HallucinationType, float]


@dataclass(frozen=True)
class _Measured:
    """All policies' rows, in one order of pictures and prompts, with the draws that they share."""

    study: Study
    rows: Mapping[str, Sequence[_Row]]
    draws: ImageBootstrap
    agreement: Interval | None
    closed_at: float

    def policy(self, policy: str) -> HumanEvaluation:
        """One policy's figures."""
        rows = self.rows[policy]
        answers = [answer for row in rows for answer in row.answers]
        words = [row.words for row in rows]
        segments = self.draws.ratio([100 * row.segments for row in rows], words)
        return HumanEvaluation(
            project=self.study.project,
            policy=policy,
            split=self.study.split,
            responses=sum(policy in item.policies for item in self.study.items),
            judged=len(rows),
            answers=len(answers),
            annotators=len({answer.annotator for answer in answers}),
            words=sum(words),
            seconds=fmean(answer.seconds for answer in answers),
            response_rate=self.draws.mean([row.wrong for row in rows]),
            segments=segments,
            by_type={
                kind: 100 * sum(row.types[kind] for row in rows) / max(1, sum(words)) for kind in HallucinationType
            },
            agreement=self.agreement,
            differences=tuple(self.difference(policy, other) for other in self.study.policies if other != policy),
            closed_at=self.closed_at,
        )

    def difference(self, policy: str, other: str) -> HumanDifference:
        """``policy`` minus ``other``, both resampled together."""
        ours, theirs = self.rows[policy], self.rows[other]
        rate = self.draws.mean([a.wrong - b.wrong for a, b in zip(ours, theirs, strict=True)])
        columns: list[list[float]] = []
        for rows in (ours, theirs):
            columns += [[row.segments for row in rows], [float(row.words) for row in rows]]
        segments = self.draws.of_sums(columns, _per_hundred)
        assert segments is not None  # every response counts at least one word
        return HumanDifference(other=other, response_rate=rate, segments=segments)


def _per_hundred(sums: Floats) -> Floats:
    """Sums [m, 4] of our segments and words and of theirs to the difference in segments per 100 words, [m]."""
    difference: Floats = 100 * (sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3])
    return difference


def _row(item: StudyItem, given: Sequence[Correction]) -> _Row:
    found = [segments_of(answer) for answer in given]
    types = [segment.type for segments in found for segment in segments]
    return _Row(
        image_id=item.image_id,
        answers=tuple(given),
        words=max(1, len(item.text.split())),
        wrong=sum(bool(segments) for segments in found) / len(given),
        segments=len(types) / len(given),
        types={kind: types.count(kind) / len(given) for kind in HallucinationType},
    )


def _complete(study: Study, given: Mapping[str, Sequence[Correction]]) -> list[StudyItem]:
    """The items of pictures about which every text was judged, by picture and prompt."""
    ordered = sorted(study.items, key=lambda item: (item.image_id, item.prompt, item.task))
    pictures = [list(items) for _, items in groupby(ordered, key=lambda item: item.image_id)]
    complete = [item for items in pictures if all(item.task in given for item in items) for item in items]
    if not complete:
        raise DataError(
            f"there is no picture in project {study.project} of which every text was judged: annotate first"
        )
    return complete
