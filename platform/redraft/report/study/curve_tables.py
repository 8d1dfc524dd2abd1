"""Tables of the curves: every figure of every line, with its interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from redraft.records import Interval
from redraft.report.study.panels import few_sizes
from redraft.report.study.tables import NONE, Circumstances
from redraft.scaling.analysis import Analysis
from redraft.scaling.curves import CurvePoint, points_of
from redraft.scaling.design import StudyConfig
from redraft.scaling.lines import Line
from redraft.scaling.summary import TextTable
from redraft.scaling.wording import line_name, number_in, share_in


def curve_tables(config: StudyConfig, analysis: Analysis, lines: Sequence[Line]) -> list[TextTable]:
    """One table a figure, condition and schedule: a row a size, a column an arm; without curves, a row an arm."""
    if few_sizes(config):
        return [
            _level_table(config, analysis, lines, title, name, partial(_written, of, write))
            for name, title, of, write in _FIGURES
        ]
    groups = dict.fromkeys((line.condition, line.schedule) for line in lines)
    made = []
    for name, title, of, write in _FIGURES:
        for condition, schedule in groups:
            mine = [line for line in lines if (line.condition, line.schedule) == (condition, schedule)]
            made.append(_curve_table(config, analysis, mine, title, name, partial(_written, of, write)))
    return made


_FIGURES: tuple[tuple[str, str, Callable[[CurvePoint], Interval], Callable[[Interval], str]], ...] = (
    ("rate", "Descriptions with an error", lambda p: p.response_rate, share_in),
    ("recall", "Recall of objects", lambda p: p.recall, lambda i: number_in(i, 3)),
    ("mention_rate", "Wrong mentions", lambda p: p.mention_rate, share_in),
    ("words", "Words a description", lambda p: p.mean_words, lambda i: number_in(i, 1)),
)


def _curve_table(
    config: StudyConfig,
    analysis: Analysis,
    lines: Sequence[Line],
    title: str,
    name: str,
    write: Callable[[CurvePoint], str],
) -> TextTable:
    points = list(analysis.curves)
    cells = {(line, p.labels): write(p) for line in lines for p in points_of(points, line)}
    sizes = sorted({labels for _, labels in cells})
    base = [write(p) for p in points_of(points, None)] or [NONE]
    rows = [("0", *(base * len(lines)))]
    rows += [(f"{size:,}", *(cells.get((line, size), NONE) for line in lines)) for size in sizes]
    return TextTable(
        name=f"{name}_{lines[0].condition}_{lines[0].schedule}",
        caption=f"{title}{Circumstances(config).caption(lines[0])}",
        note="0 labels: the untrained bases.",
        head=("labels", *(line_name(config, line) for line in lines)),
        rows=tuple(rows),
    )


def _level_table(
    config: StudyConfig,
    analysis: Analysis,
    lines: Sequence[Line],
    title: str,
    name: str,
    write: Callable[[CurvePoint], str],
) -> TextTable:
    where, points = Circumstances(config), list(analysis.curves)
    cells = {(line, p.labels): write(p) for line in lines for p in points_of(points, line)}
    sizes = sorted({labels for _, labels in cells})
    empty = tuple("" for _ in where.head)
    rows = [(*empty, "untrained base", *(write(p) for p in points_of(points, None) for _ in sizes))]
    rows += [(*where.of(line), line_name(config, line), *(cells.get((line, n), NONE) for n in sizes)) for line in lines]
    return TextTable(
        name=f"{name}_levels",
        caption=f"{title}, by number of labels",
        note="",
        head=(*where.head, "arm", *(f"{size:,}" for size in sizes)),
        rows=tuple(row for row in rows if len(row) == len(where.head) + 1 + len(sizes)),
        names=len(where.head) + 1,
    )


def _written(of: Callable[[CurvePoint], Interval], write: Callable[[Interval], str], point: CurvePoint) -> str:
    return write(of(point))
