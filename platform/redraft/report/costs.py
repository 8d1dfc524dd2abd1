"""What each round cost: GPU time, people's time, and with prices in the config, money."""

from __future__ import annotations

from collections.abc import Sequence

from redraft.cost import RoundCost, round_costs
from redraft.records import Phase
from redraft.report.history import History
from redraft.store.watch import RoundEffort


def cost_rows(history: History, efforts: Sequence[RoundEffort]) -> list[RoundCost]:
    """A row for every round that did anything; round 0 measured the base."""
    return round_costs(history.config, history.events, efforts, rates_in_force(history))


def rates_in_force(history: History) -> dict[int, float]:
    """Response-level rate on the test split of what each finished round left in force; 0 is the base."""
    rates: dict[int, float] = {}
    base = history.measured(history.base.id) if history.base else None
    if base is not None:
        rates[0] = base.response_rate.value
    for row in history.rounds:
        if row.phase is not Phase.DONE:
            continue
        measured = history.measured(row.candidate if row.promoted else row.incumbent)
        if measured is not None:
            rates[row.number] = measured.response_rate.value
    return rates
