"""How far annotators who answered the same tasks agree, beyond what chance would give.

Krippendorff's alpha (Content Analysis, 2004, chapter 11; nominal values) is 1 for full agreement, 0 for what chance
gives and negative for less; annotators may differ from task to task, and any number of them may have answered. With
o[c, k] how often two answers about one unit say c and k (each unit weighing by how many answered it) and n[c] how
often c was said at all,

    alpha = 1 - (n - 1) * sum of o[c, k] over c != k / sum of n[c] * n[k] over c != k

The units, in turn: every character of the original text, edited or not; every character with the type of its edit, or
none; every response, clean or wrong. What counts as edited is said in ``segments_found``: whole words that differ, the
white space between two of them if one edit spans both, and for an insertion the one character it is put next to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from redraft.evaluate.bootstrap import ImageBootstrap
from redraft.quality.segments_found import Segment, by_task, judged, segments_of
from redraft.quality.shares import Part, ratio
from redraft.records import Correction, HallucinationType, Interval, Record

Floats = NDArray[np.float64]
Answers = Sequence[tuple[Segment, ...]]
_TYPES = {kind: number for number, kind in enumerate(HallucinationType, start=1)}


class Agreement(Record):
    """Agreement over ``tasks`` that two or more annotators answered, with 95 % intervals over tasks.

    ``edited``, ``types`` and ``wrong`` are alphas: of characters edited or not, of their types, of responses clean or
    wrong; None where all say the same of everything, which chance would give, too. ``exact`` and ``overlapping`` are
    span F1, every answer held against every other one of its task; None where nobody found anything.
    """

    tasks: int
    answers: int
    edited: Interval | None
    types: Interval | None
    wrong: Interval | None
    exact: Interval | None
    overlapping: Interval | None


def agreement(answers: Iterable[Correction], *, resamples: int = 1000, seed: int = 0) -> Agreement | None:
    """How far annotators agree; None before any task has two answers. Reviews, skips and flags are left out."""
    tasks = {task: group for task, group in by_task(judged(answers)).items() if len(group) > 1}
    if not tasks:
        return None
    texts = [group[0].original for group in tasks.values()]
    found: list[Answers] = [[segments_of(answer) for answer in group] for group in tasks.values()]
    draws = ImageBootstrap(list(tasks), resamples=resamples, seed=seed)

    def alpha_of(count: Callable[[str, Answers], Floats]) -> Interval | None:
        columns = np.stack([coincidences(count(*task)).ravel() for task in zip(texts, found, strict=True)], axis=1)
        return draws.of_sums(columns.tolist(), _alpha)

    pairs = [
        (task, one, other) for task, group in zip(tasks, found, strict=True) for one, other in combinations(group, 2)
    ]
    return Agreement(
        tasks=len(tasks),
        answers=sum(map(len, found)),
        edited=alpha_of(edited_counts),
        types=alpha_of(type_counts),
        wrong=alpha_of(wrong_counts),
        exact=ratio([exact_f1(*pair) for pair in pairs]),
        overlapping=ratio([overlapping_f1(*pair) for pair in pairs]),
    )


def agreement_with_others(answers: Iterable[Correction]) -> dict[str, Interval | None]:
    """For every annotator, the overlapping span F1 of their answers with all others' answers to the same tasks."""
    parts: dict[str, list[Part]] = {}
    for task, group in by_task(judged(answers)).items():
        found = [(answer.annotator, segments_of(answer)) for answer in group]
        for (one, mine), (other, theirs) in combinations(found, 2):
            for name in (one, other):
                parts.setdefault(name, []).append(overlapping_f1(task, mine, theirs))
    return {name: ratio(theirs) for name, theirs in parts.items()}


def alpha(counts: Floats) -> float | None:
    """Krippendorff's nominal alpha of ``counts`` [units, values]: how many answers gave each value to each unit.

    Units with fewer than two answers say nothing. None where only one value was ever given.
    """
    (value,) = _alpha(coincidences(counts).ravel()[None])
    return None if np.isnan(value) else float(value)


def coincidences(counts: Floats) -> Floats:
    """How often two answers about one unit say c and k, ``[units, values]`` to ``[values, values]``."""
    told = counts.sum(axis=1, keepdims=True)
    paired = counts[told[:, 0] > 1]
    weighed = paired / (told[told[:, 0] > 1] - 1)
    found: Floats = paired.T @ weighed - np.diag(weighed.sum(axis=0))
    return found


def edited_counts(text: str, answers: Answers) -> Floats:
    """How many answers leave and edit each character, ``[characters, 2]``."""
    return _counts(_painted(text, answers) > 0, 2)


def type_counts(text: str, answers: Answers) -> Floats:
    """How many answers give each character no type, and each of the types, ``[characters, 7]``."""
    return _counts(_painted(text, answers), len(_TYPES) + 1)


def wrong_counts(text: str, answers: Answers) -> Floats:
    """How many answers find the response clean and wrong, ``[1, 2]``."""
    return _counts(np.array([[bool(segments) for segments in answers]]), 2)


def exact_f1(task: str, one: Sequence[Segment], other: Sequence[Segment]) -> Part:
    """Spans that both have, twice, over the spans of either."""
    same = {segment.place for segment in one} & {segment.place for segment in other}
    return Part(task=task, above=2 * len(same), below=len(one) + len(other))


def overlapping_f1(task: str, one: Sequence[Segment], other: Sequence[Segment]) -> Part:
    """Spans of either that touch one of the other's, over the spans of either."""
    touching = touched(one, other) + touched(other, one)
    return Part(task=task, above=touching, below=len(one) + len(other))


def touched(some: Sequence[Segment], by: Sequence[Segment]) -> int:
    """How many of ``some`` share a character with one of ``by``."""
    return sum(any(segment.touches(other) for other in by) for segment in some)


def _painted(text: str, answers: Answers) -> NDArray[np.int64]:
    """Every character's value in every answer, [characters, answers]: 0 for not edited, else the number of the type.

    Where somebody inserts before a word and replaces it as well, the replacement's type counts.
    """
    values = np.zeros((len(text), len(answers)), dtype=np.int64)
    for column, segments in enumerate(answers):
        for segment in sorted(segments, key=lambda s: not s.inserted):
            values[segment.start : segment.end, column] = _TYPES[segment.type]
    return values


def _counts(values: NDArray[np.int64] | NDArray[np.bool_], kinds: int) -> Floats:
    """Values [units, answers] as counts [units, kinds]."""
    counts: Floats = (values[:, :, None] == np.arange(kinds)).sum(axis=1).astype(np.float64)
    return counts


def _alpha(sums: Floats) -> Floats:
    """Coincidences [m, values squared] to alphas [m]; NaN where only one value was ever given."""
    kinds = int(sums.shape[1] ** 0.5)
    tables = sums.reshape(-1, kinds, kinds)
    said = tables.sum(axis=2)
    total = said.sum(axis=1)
    observed = total - np.trace(tables, axis1=1, axis2=2)
    expected = total**2 - (said**2).sum(axis=1)
    told = expected > 0
    figures: Floats = np.where(told, 1 - (total - 1) * observed / np.where(told, expected, 1.0), np.nan)
    return figures
