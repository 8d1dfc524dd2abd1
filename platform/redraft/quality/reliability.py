"""How often an annotator's corrections are right, and what that means for training on them.

A preference pair holds the wrong way round if the correction changed what was right. What an annotator overlooked does
no such harm: it stands in both texts. So the reliability r of an annotator is the share of their wrong segments that
are wrong indeed, estimated from their corrections of tasks that somebody else speaks about, too:

    a gold answer          counts as 1 answer
    a reviewer's version   counts as 1 answer
    other annotators'      count as 1/2 answer all together, where there is neither: they may be wrong as well

Each correction scores the share of its segments that touch one of the other side; a segment in exactly the same place
with other words scores a half, because then neither text is better. With a prior of 9 right answers and 1 wrong one,
which is all there is for somebody of whom nothing is known,

    r = (9 + sum of weight * score) / (10 + sum of weight)

the mean of a Beta distribution. The label smoothing of a pair is 1 - r, and never more than 0.49: below r = 0.51 there
is nothing left to learn, and no reason to learn the opposite.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from redraft.quality.gold_scores import training_answers
from redraft.quality.segments_found import JUDGED, Segment, by_task, judged, segments_of, segments_of_edits
from redraft.records import Answer, Correction, Gold, Interval, Record

PRIOR_RIGHT = 9.0
PRIOR_WRONG = 1.0
PEERS = 0.5
MOST_SMOOTHING = 0.49
_DRAWS = 10_000


class Reliability(Record):
    """What is known of one annotator: ``evidence`` is the weight of their answers, ``right`` that of what was right.

    ``value`` is r, in ``[0.51, 1)``, with the 95 % interval of its distribution.
    """

    annotator: str
    evidence: float
    right: float
    value: Interval


def reliabilities(
    answers: Iterable[Correction], golds: Mapping[str, Gold], *, training: int = 0
) -> dict[str, Reliability]:
    """Every annotator who corrected anything, by name.

    Args:
        answers: of annotators and reviewers, to gold tasks and others.
        golds: by task id.
        training: how many gold answers of each annotator had feedback (their first ones); those are practice, and left
            out.
    """
    everything = [answer for answer in answers if answer.current and answer.answer in JUDGED]
    reviews = {answer.task_id: answer for answer in everything if answer.review}
    practice = training_answers(everything, training)
    found: dict[str, list[tuple[float, float]]] = {}
    for task, group in by_task(judged(everything)).items():
        for answer in group:
            theirs = found.setdefault(answer.annotator, [])
            if answer.answer is Answer.CORRECTED and answer.id not in practice:
                peers = [other for other in group if other is not answer]
                theirs += _evidence(answer, golds.get(task), reviews.get(task), peers)
    return {name: _reliability(name, found[name]) for name in sorted(found)}


def smoothing_for(annotator: str, known: Mapping[str, Reliability]) -> float:
    """The label smoothing of an annotator's pairs, in ``(0, 0.49]``; the prior's for somebody unknown."""
    reliability = known[annotator].value.value if annotator in known else _posterior(0.0, 0.0)
    return round(1 - reliability, 4)


def smoothing_of(correction: Correction, known: Mapping[str, Reliability]) -> float:
    """The label smoothing of one correction's pair: its annotator's, and 0 for what a reviewer has settled."""
    return 0.0 if correction.review else smoothing_for(correction.annotator, known)


def smoothings(answers: Iterable[Correction], golds: Mapping[str, Gold], *, training: int = 0) -> dict[str, float]:
    """The label smoothing of every correction among the answers, by its id; arguments as for ``reliabilities``."""
    everything = list(answers)
    known = reliabilities(everything, golds, training=training)
    return {a.id: smoothing_of(a, known) for a in everything if a.answer is Answer.CORRECTED}


def _evidence(
    answer: Correction, gold: Gold | None, review: Correction | None, peers: Sequence[Correction]
) -> Iterator[tuple[float, float]]:
    """Weights and scores, of the best evidence there is."""
    mine = segments_of(answer)
    if not mine:
        return
    if gold is not None:
        yield 1.0, _confirmed(mine, segments_of_edits(answer.original, gold.edits))
    elif review is not None:
        yield 1.0, _confirmed(mine, segments_of(review))
    else:
        for peer in peers:
            yield PEERS / len(peers), _confirmed(mine, segments_of(peer))


def _confirmed(mine: Sequence[Segment], theirs: Sequence[Segment]) -> float:
    """The mean score of ``mine``, in ``[0, 1]``."""
    return sum(_score(segment, theirs) for segment in mine) / len(mine)


def _score(segment: Segment, others: Sequence[Segment]) -> float:
    touching = [other for other in others if other.touches(segment)]
    if not touching:
        return 0.0
    same = [other for other in touching if other.place == segment.place and other.replacement is not None]
    return 0.5 if same and all(other.replacement != segment.replacement for other in same) else 1.0


def _reliability(name: str, evidence: Sequence[tuple[float, float]]) -> Reliability:
    weight = sum(weight for weight, _ in evidence)
    right = sum(weight * score for weight, score in evidence)
    # There is no Beta quantile without another dependency; 10,000 draws give two digits.
    draws = np.random.default_rng(0).beta(PRIOR_RIGHT + right, PRIOR_WRONG + weight - right, _DRAWS)
    low, high = np.percentile(draws, [2.5, 97.5])
    value = Interval(value=_posterior(weight, right), low=float(low), high=float(high))
    return Reliability(annotator=name, evidence=weight, right=right, value=value)


def _posterior(weight: float, right: float) -> float:
    return max(1 - MOST_SMOOTHING, (PRIOR_RIGHT + right) / (PRIOR_RIGHT + PRIOR_WRONG + weight))
