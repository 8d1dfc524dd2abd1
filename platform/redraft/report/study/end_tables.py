"""Tables of the largest size that all arms have: against the base, inside training, by type, by scene, and the cost."""

from __future__ import annotations

from collections.abc import Sequence

from redraft.report.study.tables import NONE, Circumstances
from redraft.report.wording import duration
from redraft.scaling.analysis import Analysis
from redraft.scaling.design import Recipe, StudyConfig
from redraft.scaling.lines import Line
from redraft.scaling.summary import TextTable
from redraft.scaling.wording import line_name, points_in, share_in, signed_in


def largest_tables(config: StudyConfig, analysis: Analysis) -> list[TextTable]:
    """Reduction, recall and length; log-probabilities; cost and recipe."""
    if not analysis.largest:
        return []
    where = Circumstances(config)
    names = len(where.head) + 2
    begin = [(*where.of(row.line), line_name(config, row.line), f"{row.labels:,}") for row in analysis.largest]
    head = (*where.head, "arm", "labels")
    against = [
        (
            share_in(r.base_rate),
            share_in(r.rate),
            share_in(r.reduction),
            points_in(r.recall_change),
            points_in(r.words_change),
        )
        for r in analysis.largest
    ]
    inside = [
        (
            signed_in(r.chosen_change) if r.chosen_change else NONE,
            signed_in(r.rejected_change) if r.rejected_change else NONE,
            f"{r.chosen_fell} of {r.trainings}",
        )
        for r in analysis.largest
    ]
    cost = [
        (_whole(r.steps), _whole(r.segments) if r.segments else NONE, duration(r.train_seconds), *_recipe(r.recipe))
        for r in analysis.largest
    ]
    return [
        _table(
            "largest",
            "At the largest number of labels that all arms have",
            "Against the untrained bases, paired by training and picture. Relative reduction of the rate; recall "
            "in points; length in percent.",
            (*head, "base", "rate", "reduction", "recall, points", "length, %"),
            begin,
            against,
            names,
        ),
        _table(
            "log_probabilities",
            "Log-probabilities at the end of training",
            "Over the reference, nats per token, mean of the last tenth of the steps; intervals over trainings. "
            "Preference training is going wrong where chosen responses become less likely.",
            (*head, "chosen", "rejected", "chosen fell in"),
            begin,
            inside,
            names,
        ),
        _table(
            "cost",
            "What it cost",
            "Mean of a training; segments are the edits behind the labels. Learning rate, β and normalisation as "
            "chosen on the development split or fixed in the config.",
            (*head, "steps", "segments", "training time", "learning rate", "β", "normalised"),
            begin,
            cost,
            names,
        ),
    ]


def type_table(config: StudyConfig, analysis: Analysis, lines: Sequence[Line]) -> list[TextTable]:
    """Errors by type, the base and every line of the first condition."""
    shares = [share for share in analysis.types if share.line in lines]
    if not shares:
        return []
    where = Circumstances(config)
    kinds = list(dict.fromkeys(share.type for share in shares))
    found = {(share.line, share.type): share for share in shares}
    shown = list(dict.fromkeys(share.line for share in shares))
    base = [share_in(next(s.before for s in shares if s.type is kind)) for kind in kinds]
    empty = tuple("" for _ in where.head)
    rows = [(*empty, "untrained base", "0", *base)]
    for line in shown:
        labels = next(share.labels for share in shares if share.line == line)
        cells = [share_in(found[line, kind].after) if (line, kind) in found else NONE for kind in kinds]
        rows.append((*where.of(line), line_name(config, line), f"{labels:,}", *cells))
    return [
        TextTable(
            name="types",
            caption="Wrong claims per mention, by type",
            note="With 95 % intervals.",
            head=(*where.head, "arm", "labels", *(kind.value for kind in kinds)),
            rows=tuple(rows),
            names=len(where.head) + 2,
        )
    ]


def scene_table(config: StudyConfig, analysis: Analysis, line: Line | None) -> list[TextTable]:
    """Over-generalisation of one line, scene by scene."""
    shares = [share for share in analysis.scenes if share.line == line]
    if line is None or not shares:
        return []
    rows = [
        (
            s.scene,
            share_in(s.inside_before),
            share_in(s.elsewhere_before),
            points_in(s.gap_before),
            share_in(s.inside_after),
            share_in(s.elsewhere_after),
            points_in(s.gap_after),
            points_in(s.gap_change),
        )
        for s in shares
    ]
    return [
        TextTable(
            name="over_generalisation",
            caption=f"Over-generalisation, {line_name(config, line)}, {shares[0].labels:,} labels"
            f"{Circumstances(config).caption(line)}",
            note="Of all mentions of a scene's typical objects, those that are nowhere in the picture, in pictures of "
            "that scene and elsewhere; gap: inside minus elsewhere, in points.",
            head=(
                "scene",
                "base, inside",
                "base, elsewhere",
                "base, gap",
                "after, inside",
                "after, elsewhere",
                "after, gap",
                "change of gap",
            ),
            rows=tuple(rows),
        )
    ]


def _table(
    name: str,
    caption: str,
    note: str,
    head: tuple[str, ...],
    begin: Sequence[tuple[str, ...]],
    figures: Sequence[tuple[str, ...]],
    names: int,
) -> TextTable:
    rows = tuple((*first, *rest) for first, rest in zip(begin, figures, strict=True))
    return TextTable(name=name, caption=caption, note=note, head=head, rows=rows, names=names)


def _recipe(recipe: Recipe | None) -> tuple[str, str, str]:
    if recipe is None:
        return NONE, NONE, NONE
    normalise = {None: "as the arm", True: "yes", False: "no"}[recipe.normalise]
    return f"{recipe.learning_rate:g}", "as the arm" if recipe.beta is None else f"{recipe.beta:g}", normalise


def _whole(value: float) -> str:
    return f"{value:,.0f}"
