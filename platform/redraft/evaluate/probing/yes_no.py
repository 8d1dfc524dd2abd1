"""Figures of questions with the answers yes and no, as functions of three sums about the positive answer."""

from __future__ import annotations

import numpy as np

from redraft.evaluate.bootstrap import Floats
from redraft.evaluate.suite import FigureSpec, ratio


def f1(sums: Floats) -> Floats:
    """Sums [m, 3] of right, given and true positive answers to F1, [m].

    With precision right/given and recall right/true, their harmonic mean is 2·right/(given + true): 0 where nothing
    is right, NaN where no positive answer was given or true.
    """
    given_or_true = sums[:, 1] + sums[:, 2]
    return ratio(np.stack([2 * sums[:, 0], given_or_true], axis=1))


def yes_no_figures(prefix: str, positive: str, about: str = "") -> tuple[FigureSpec, ...]:
    """Accuracy, precision, recall and F1 over the columns ``{prefix}right`` of ``{prefix}asked``, and
    ``{prefix}positive_right``, ``{prefix}positive_given`` and ``{prefix}positive_true``.

    Args:
        prefix: of the names of figures and columns.
        positive: the answer that precision and recall are about, ``yes`` or ``no``.
        about: which questions, where they are not all.
    """
    right, asked = f"{prefix}right", f"{prefix}asked"
    hits, given, true = (f"{prefix}positive_{what}" for what in ("right", "given", "true"))

    def spec(name: str, columns: tuple[str, ...], says: str) -> FigureSpec:
        formula = f1 if len(columns) == 3 else ratio
        return FigureSpec(
            f"{prefix}{name}", columns, formula, better="higher", says=f"{says}, {about}" if about else says
        )

    return (
        spec("accuracy", (right, asked), "right answers over answers"),
        spec("precision", (hits, given), f"right among answers {positive}"),
        spec("recall", (hits, true), f"answered {positive} where {positive} is right"),
        spec("f1", (hits, given, true), "of precision and recall"),
    )


def yes_no_columns(prefix: str) -> tuple[str, ...]:
    """The columns that ``yes_no_figures`` are over."""
    return tuple(f"{prefix}{name}" for name in ("asked", "right", "positive_right", "positive_given", "positive_true"))


def yes_no_values(said: bool | None, true: bool, positive: bool) -> tuple[float, ...]:
    """One answer's values in ``yes_no_columns``; ``said`` is None for an answer that is neither, which is wrong."""
    right = said is true
    return (
        1.0,
        float(right),
        float(right and true is positive),
        float(said is positive),
        float(true is positive),
    )
