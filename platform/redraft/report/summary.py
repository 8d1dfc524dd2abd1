"""The run in figures: ``summary.json`` for machines and a table for the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from rich.table import Table

from redraft.evaluate import paired_difference
from redraft.records import Evaluation, Phase, Record, RoundRow
from redraft.report.history import History, read_history
from redraft.runs import RunFolder

Standing = Literal["base", "promoted", "rejected", "undecided", "not trained"]


class RoundSummary(Record):
    """A round's policy on the test split; round 0 is the base.

    A rejected candidate has its own figures here. ``corrections`` counts the responses corrected so far. ``verdict`` is
    ``not trained`` where a round had too few corrections, with the figures of the policy that stayed in force.
    """

    round: int
    corrections: int
    policy: str
    response_rate: float
    response_rate_ci: tuple[float, float]
    mention_rate: float
    recall: float
    mean_words: float
    verdict: Standing


class PairedDifference(Record):
    """Response-level rate of the policy in force minus the base's, on the same test images, with a 95 % interval."""

    mean: float
    ci: tuple[float, float]


class Summary(Record):
    """What ``summary.json`` holds; ``paired_difference`` is null until a promotion has replaced the base."""

    rounds: tuple[RoundSummary, ...]
    paired_difference: PairedDifference | None
    wall_seconds: float
    peak_rss_gib: float | None
    seed: int
    code_version: str


def write_summary(folder: RunFolder) -> Path:
    """Write ``summary.json`` whole or not at all."""
    with folder.store() as store:
        summary = summarise(read_history(folder, store))
    partial = folder.summary.with_suffix(".json.partial")
    partial.write_text(summary.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return partial.replace(folder.summary)


def summarise(history: History) -> Summary:
    """The figures of a run so far; rounds without an evaluation on the test split are left out."""
    return Summary(
        rounds=tuple(_rounds(history)),
        paired_difference=_final_minus_base(history),
        wall_seconds=history.wall_seconds(),
        peak_rss_gib=history.peak_rss_gib(),
        seed=history.info.seed,
        code_version=history.info.code_version,
    )


def summary_table(summary: Summary) -> Table:
    """The rounds as a table for the terminal."""
    table = Table(title="Hallucination rate on the test split by corrections so far", title_justify="left")
    for heading in ("round", "corrections", "rate (95 % interval)", "recall"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    for row in summary.rounds:
        low, high = row.response_rate_ci
        rate = f"{100 * row.response_rate:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
        table.add_row(str(row.round), str(row.corrections), rate, f"{row.recall:.3f}", row.verdict)
    return table


def _rounds(history: History) -> list[RoundSummary]:
    rows = []
    base = history.measured(history.base.id) if history.base else None
    if base:
        rows.append(_row(0, 0, base, "base"))
    for row in history.rounds:
        measured = history.measured(row.candidate or row.incumbent)
        standing = _standing(row)
        if measured and standing:
            rows.append(_row(row.number, history.corrected_by(row.number), measured, standing))
    return rows


def _standing(row: RoundRow) -> Standing | None:
    if row.candidate is None:
        return "not trained" if row.phase is Phase.DONE else None
    if row.promoted is None:
        return "undecided"
    return "promoted" if row.promoted else "rejected"


def _row(number: int, corrections: int, measured: Evaluation, standing: Standing) -> RoundSummary:
    return RoundSummary(
        round=number,
        corrections=corrections,
        policy=measured.policy,
        response_rate=measured.response_rate.value,
        response_rate_ci=(measured.response_rate.low, measured.response_rate.high),
        mention_rate=measured.mention_rate.value,
        recall=measured.recall.value,
        mean_words=measured.mean_words.value,
        verdict=standing,
    )


def _final_minus_base(history: History) -> PairedDifference | None:
    pair = history.final_pair()
    if pair is None:
        return None
    before, after = (history.outcomes(evaluation) for evaluation in pair)
    found = paired_difference(after, before, bootstrap=history.config.evaluate.bootstrap, seed=history.info.seed)
    return PairedDifference(mean=found.value, ci=(found.low, found.high))
