"""How many tokens a pair costs: as two sequences, or as one row with two branches."""

from __future__ import annotations

from typing import Literal

from redraft.config import TrainConfig
from redraft.plan.shape import ModelShape
from redraft.plan.statistics import PairStatistics
from redraft.records import Record

HEAD_CHUNK = 512
"""Predictions whose logits are in memory at a time."""


class Rows(Record):
    """Rows of one length; ``count`` of them with ``width`` tokens each."""

    count: float
    width: float

    @property
    def tokens(self) -> float:
        """In all of them."""
        return self.count * self.width


class Tokens(Record):
    """What the language model reads and predicts for a pair, on average.

    Attributes:
        layout: how chosen and rejected are laid out.
        two_sequences, shared: tokens of a pair in either layout.
        rows: what is run for a pair in ``layout``, with the row of an ablated image if the objective asks for it.
        predictions: tokens that the head predicts.
        widest: as ``rows``, for the longest pair; the memory is planned for micro-batches of such pairs.
        most_predictions: as ``predictions``, for the longest responses.
    """

    layout: Literal["shared_prefix", "two_sequences"]
    two_sequences: float
    shared: float
    rows: tuple[Rows, ...]
    predictions: float
    widest: tuple[Rows, ...]
    most_predictions: int

    @property
    def per_pair(self) -> float:
        """Tokens that the language model reads for a pair."""
        return sum(rows.tokens for rows in self.rows)


def plan_tokens(shape: ModelShape, train: TrainConfig, statistics: PairStatistics) -> Tokens:
    """Tokens of a pair in the layout that training will use."""
    limit = shape.longest_branched
    share = train.layout == "auto" and (limit is None or train.max_tokens <= limit)
    longest = statistics.longest_response
    rows = [Rows(count=1, width=statistics.shared) if share else Rows(count=2, width=statistics.sequence)]
    widest = [
        Rows(count=1, width=statistics.longest_shared) if share else Rows(count=2, width=statistics.longest_sequence)
    ]
    predictions = 2 * statistics.response_tokens - (statistics.common_prefix_tokens if share else 0)
    most = 2 * longest
    if train.objective.image_ablated:
        rows.append(Rows(count=1, width=statistics.sequence))
        widest.append(Rows(count=1, width=statistics.longest_sequence))
        predictions += statistics.response_tokens
        most += longest
    return Tokens(
        layout="shared_prefix" if share else "two_sequences",
        two_sequences=2 * statistics.sequence,
        shared=statistics.shared,
        rows=tuple(rows),
        predictions=predictions,
        widest=tuple(widest),
        most_predictions=most,
    )
