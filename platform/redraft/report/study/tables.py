"""The tables of a study, as text: the same in the page, in the Markdown and in the pages for researchers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from redraft.scaling.analysis import Analysis
from redraft.scaling.comparison import LabelsNeeded
from redraft.scaling.curves import ALL_BASES
from redraft.scaling.design import StudyConfig
from redraft.scaling.differences import Difference
from redraft.scaling.fit import LAW
from redraft.scaling.lines import Line
from redraft.scaling.summary import TextTable
from redraft.scaling.wording import (
    MINUS,
    UNKNOWN,
    bound,
    bound_in,
    line_name,
    number_in,
    points_in,
    schedule_name,
    share_in,
)

NONE = "\u2013"


class Circumstances:
    """The columns that say under what a row was measured; those in which nothing varies are left out."""

    def __init__(self, config: StudyConfig) -> None:
        self.config = config
        self.head: tuple[str, ...] = (
            *(["condition"] if len(config.conditions) > 1 else []),
            *(["training"] if len(config.schedules) > 1 else []),
        )

    def of(self, line: Line) -> tuple[str, ...]:
        """Their cells."""
        condition = [line.condition] if len(self.config.conditions) > 1 else []
        schedule = [schedule_name(self.config, line.schedule)] if len(self.config.schedules) > 1 else []
        return (*condition, *schedule)

    def caption(self, line: Line) -> str:
        """The same after a caption."""
        return "".join(f", {part}" for part in self.of(line))


def needed_tables(config: StudyConfig, analysis: Analysis) -> list[TextTable]:
    """Labels for the study's target with ratios, then the ratios at other targets."""
    where = Circumstances(config)
    plain = {row.line: row for row in analysis.labels_needed if row.target == config.target and row.recall is None}
    kept = {row.line: row for row in analysis.labels_needed if row.target == config.target and row.recall is not None}
    rows = [(*where.of(line), line_name(config, line), *_needs(plain[line]), *_needs(kept.get(line))) for line in plain]
    if not rows:
        return []
    target = f"{100 * config.target:g} %"
    first = TextTable(
        name="labels_to_target",
        caption=f"Labels until {target} of descriptions err",
        note=f"Interpolated in log(labels) on the isotonic curve, 95 % intervals; times: over {config.reference()} "
        "under the same circumstances. A target that the smallest size meets, or the largest does not, leaves a bound.",
        head=(*where.head, "arm", "labels", "times", "labels, recall kept", "times, recall kept"),
        rows=tuple(rows),
        names=len(where.head) + 1,
    )
    return [first, *_other_targets(config, analysis, where)]


def difference_table(
    config: StudyConfig, rows: Sequence[Difference], name: str, caption: str, note: str, *, both: bool
) -> list[TextTable]:
    """Paired differences in points: a row a pair of arms, their mean and a column a size; none without a pair.

    ``both`` names the second arm in each row; without it, the caption does.
    """
    where = Circumstances(config)
    bases = [ALL_BASES] if all(row.base == ALL_BASES for row in rows) else list(dict.fromkeys(row.base for row in rows))
    sizes = sorted({size for row in rows for size in row.sizes})
    found = {(row.line, row.other, row.base, row.sizes): row for row in rows}
    body = []
    for line, other, base in dict.fromkeys((row.line, row.other, row.base) for row in rows):
        mine = [row for row in rows if (row.line, row.other, row.base) == (line, other, base)]
        whole = max(mine, key=lambda row: len(row.sizes))
        alone = (found.get((line, other, base, (size,))) for size in sizes)
        cells = [points_in(row.difference) if row else NONE for row in alone]
        overall = [points_in(whole.difference)] if len(sizes) > 1 else []
        arms = f"{line_name(config, line)} {MINUS} {line_name(config, other)}" if both else line_name(config, line)
        named = [base] if len(bases) > 1 else []
        body.append((*where.of(line), *named, arms, f"{whole.below} of {whole.trainings}", *overall, *cells))
    if not rows:
        return []
    head = [*where.head, *(["base"] if len(bases) > 1 else []), "arms" if both else "arm"]
    figures = ["lower in", *(["all sizes"] if len(sizes) > 1 else []), *(f"{size:,}" for size in sizes)]
    return [TextTable(name=name, caption=caption, note=note, head=(*head, *figures), rows=tuple(body), names=len(head))]


def fit_table(config: StudyConfig, analysis: Analysis) -> list[TextTable]:
    """The fitted laws."""
    where = Circumstances(config)
    rows = [
        (
            *where.of(fit.line),
            line_name(config, fit.line),
            f"{fit.sizes[0]:,} to {fit.sizes[-1]:,}",
            share_in(fit.floor),
            number_in(fit.exponent)
            if fit.identified
            else f"not identified ({fit.exponent.low:.2f} to {fit.exponent.high:.2f})",
            f"{100 * fit.worst:.1f}",
        )
        for fit in analysis.fits
    ]
    if not rows:
        return []
    return [
        TextTable(
            name="fits",
            caption=f"Power laws: {LAW}",
            note="Weighted least squares, floor and scale at or above zero, exponent between 0.05 and 4; sizes "
            "after a clear rise are left out. Largest residual in points.",
            head=(*where.head, "arm", "sizes", "floor", "exponent", "largest residual"),
            rows=tuple(rows),
            names=len(where.head) + 1,
        )
    ]


def recall_table(config: StudyConfig, analysis: Analysis) -> list[TextTable]:
    """Rates where recall is alike."""
    where = Circumstances(config)
    rows = [
        (
            *where.of(row.line),
            line_name(config, row.line),
            f"{row.recall:.3f}{' (base)' if row.of_base else ''}",
            share_in(row.passing) if row.passing else NONE,
            points_in(row.passing_difference) if row.passing_difference else NONE,
            share_in(row.lowest) if row.lowest else NONE,
            points_in(row.lowest_difference) if row.lowest_difference else NONE,
        )
        for row in analysis.at_recall
    ]
    if not rows:
        return []
    return [
        TextTable(
            name="matched_recall",
            caption="Rates at equal recall",
            note="The rate where a line's recall is this, interpolated between sizes, and the lowest rate with at "
            f"least that recall; differences to {config.reference()} in points. Beside the base's recall stands the "
            f"middle of what both lines pass through. {NONE}: a line does not have that recall.",
            head=(*where.head, "arm", "recall", "rate there", "difference", "lowest rate", "difference"),
            rows=tuple(rows),
            names=len(where.head) + 1,
        )
    ]


def _needs(row: LabelsNeeded | None) -> tuple[str, str]:
    if row is None:
        return NONE, NONE
    return bound_in(row.labels), bound_in(row.ratio) if row.ratio else "1"


def _other_targets(config: StudyConfig, analysis: Analysis, where: Circumstances) -> Iterator[TextTable]:
    """Ratios at every target, rate alone; none where there is nothing to compare with."""
    rows = [row for row in analysis.labels_needed if row.recall is None and row.ratio is not None]
    targets = sorted({row.target for row in rows if row.ratio and bound(row.ratio) != UNKNOWN}, reverse=True)
    cells = {(row.line, row.target): bound_in(row.ratio) for row in rows if row.ratio is not None}
    lines = dict.fromkeys(row.line for row in rows)
    if not rows:
        return
    yield TextTable(
        name="ratios",
        caption=f"Times as many labels as {config.reference()}, by target",
        note="So that nothing hangs on one target; bounds as above.",
        head=(*where.head, "arm", *(f"{100 * target:g} %" for target in targets)),
        rows=tuple(
            (*where.of(line), line_name(config, line), *(cells.get((line, target), NONE) for target in targets))
            for line in lines
        ),
        names=len(where.head) + 1,
    )
