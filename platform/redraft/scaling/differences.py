"""Lines against each other at equal numbers of labels, paired by training and by picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from redraft.records import Interval, Record
from redraft.scaling.curves import ALL_BASES
from redraft.scaling.lines import Line, Results
from redraft.scaling.resample import Figure, Resamples, interval
from redraft.scaling.roles import dense_arms, main_arm, supervised_arms

RATE_AND_RECALL: tuple[Figure, ...] = ("response_rate", "recall")


class Difference(Record):
    """``line`` minus ``other``, from all bases or from one.

    ``labels`` is None for the mean over all ``sizes`` that both have. ``below`` of ``trainings`` pairs are lower.
    """

    line: Line
    other: Line
    base: str
    figure: Figure
    labels: int | None
    sizes: tuple[int, ...]
    difference: Interval
    trainings: int
    below: int


def difference(
    drawn: Resamples, line: Line, other: Line, figure: Figure, sizes: Sequence[int], base: str = ALL_BASES
) -> Difference | None:
    """``line`` minus ``other``: the mean over ``sizes`` of their paired differences; None without a pair."""
    pairs = np.stack([drawn.cells(figure, line, size) - drawn.cells(figure, other, size) for size in sizes])
    pairs[:, :, [base not in (ALL_BASES, unit.base) for unit in drawn.results.units]] = np.nan
    known = ~np.isnan(pairs)
    count = known.sum(axis=0)
    values = np.where(count > 0, np.where(known, pairs, 0).sum(axis=0) / np.maximum(count, 1), np.nan)
    found = interval(drawn.mean(values))
    if found is None:
        return None
    return Difference(
        line=line,
        other=other,
        base=base,
        figure=figure,
        labels=sizes[0] if len(sizes) == 1 else None,
        sizes=tuple(sizes),
        difference=found,
        trainings=int((~np.isnan(values[0])).sum()),
        below=int((values[0] < 0).sum()),
    )


def differences(
    drawn: Resamples, line: Line, other: Line, figures: Sequence[Figure], bases: Sequence[str] = (ALL_BASES,)
) -> list[Difference]:
    """Over all sizes that both have, and at each of them if there are several."""
    sizes = common_sizes(drawn.results, [line, other])
    asked = [sizes, *([size] for size in sizes)] if len(sizes) > 1 else [sizes] if sizes else []
    made = (
        difference(drawn, line, other, figure, chosen, base) for base in bases for figure in figures for chosen in asked
    )
    return [row for row in made if row is not None]


def common_sizes(results: Results, lines: Sequence[Line]) -> list[int]:
    """Numbers of labels that all the lines were measured at."""
    return sorted(set.intersection(*(set(results.sizes(line)) for line in lines))) if lines else []


def beside_reference(results: Results) -> list[tuple[Line, Line]]:
    """Each line with the reference's line under the same circumstances, as far as that is there."""
    pairs = [(line, results.beside(line, results.config.reference())) for line in results.lines]
    return [(line, reference) for line, reference in pairs if reference is not None]


def reference_differences(drawn: Resamples) -> list[Difference]:
    """Every other line minus the reference's."""
    pairs = [(line, reference) for line, reference in beside_reference(drawn.results) if line != reference]
    return [row for line, reference in pairs for row in differences(drawn, line, reference, RATE_AND_RECALL)]


def pays(drawn: Resamples) -> list[Difference]:
    """Dense preference training against plain DPO and supervised training: in every condition, from every base."""
    results = drawn.results
    rows = []
    for line, other in pays_pairs(results):
        rows += differences(drawn, line, other, RATE_AND_RECALL, bases_apart(results))
    return rows


def pays_pairs(results: Results) -> list[tuple[Line, Line]]:
    """Each dense arm with its plain one, then the main arm with each supervised one, under the same circumstances."""
    main, supervised = main_arm(results.config), supervised_arms(results.config)
    names = dense_arms(results.config)
    names += [(main, other) for other in supervised if main is not None and main not in supervised]
    pairs = [(line, results.beside(line, other)) for line in results.lines for arm, other in names if line.arm == arm]
    return [(line, other) for line, other in pairs if other is not None and other.rounds == line.rounds]


def round_differences(drawn: Resamples) -> list[Difference]:
    """More rounds minus the study's first number of them, for the same arm and number of labels."""
    first = drawn.results.config.rounds[0]
    pairs = [(line, line.model_copy(update={"rounds": first})) for line in drawn.results.lines if line.rounds != first]
    return [
        row
        for line, other in pairs
        if other in drawn.results.lines
        for row in differences(drawn, line, other, RATE_AND_RECALL, bases_apart(drawn.results))
    ]


def bases_apart(results: Results) -> list[str]:
    """All bases together, then each alone if there are several."""
    return [ALL_BASES, *(results.bases if len(results.bases) > 1 else ())]
