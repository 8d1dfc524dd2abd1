"""Each signal against arithmetic by hand."""

from __future__ import annotations

import math
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from redraft.responses import RESPONSE_SCHEMA, responses_from_table, scored_table
from redraft.uncertainty.signals import SIGNALS, available_signals, feature_names, features

from .uncertain_answers import TEXT, response, sampled

WORDS = {"two": -0.5, "red": -0.25, "cups": -2.0, "The": -4.0}


def by_word(name: str, blank: dict[str, float] | None = None) -> dict[str, float]:
    one = sampled(response(TEXT, WORDS, {"two": 1.0, "cups": 0.5}, blank), "The top left shows two red cups.", "No.")
    values = SIGNALS[name].claims(one)
    return {TEXT[c.span.start : c.span.end]: float(v) for c, v in zip(one.claims, values, strict=True)}


@pytest.mark.parametrize(
    ("name", "expected", "whole"),
    [
        ("nll", (0.5, 0.25, 2.0), 6.75 / 9),  # 8 tokens and end-of-sequence
        ("phrase_nll", (2.75, 2.75, 2.75), 2.75),
        ("entropy", (1.0, 0.0, 0.5), 1.0),
        ("disagreement", (0.5, 0.5, 0.5), 0.5),
        ("length", (4.0, 5.0, 6.0), 9.0),
    ],
)
def test_by_hand(name: str, expected: tuple[float, ...], whole: float) -> None:
    assert by_word(name) == pytest.approx(dict(zip(("two", "red", "cups"), expected, strict=True)))
    one = sampled(response(TEXT, WORDS, {"two": 1.0, "cups": 0.5}), TEXT, "No.")
    assert SIGNALS[name].response(one) == pytest.approx(whole)


def test_a_word_that_the_picture_did_nothing_for_is_doubtful() -> None:
    blank = {"two": -3.0, "red": -0.25, "cups": -1.0}
    assert by_word("ablation", blank) == pytest.approx({"two": -2.5, "red": 0.0, "cups": 1.0})


def test_ablation_takes_part_only_where_every_response_was_scored_without_its_picture() -> None:
    with_blank, without = sampled(response(blank={})), sampled(response())
    assert "ablation" in available_signals([with_blank])
    assert "ablation" not in available_signals([with_blank, without])
    assert "mixture" not in feature_names([with_blank])


def test_phrases_end_with_the_word_that_is_their_head() -> None:
    text = "Two red cups, a small cups holder."
    one = sampled(response(text, {"Two": -1.0, "red": -1.0, "cups": -1.0, "small": -2.0, "holder": -4.0}))
    values = SIGNALS["phrase_nll"].claims(one)
    assert values.tolist() == pytest.approx([3.0, 3.0, 3.0, 7.0, 7.0, 7.0])


@pytest.mark.parametrize("name", list(SIGNALS))
def test_squeezing_keeps_the_order(name: str) -> None:
    signal = SIGNALS[name]
    one = sampled(response(TEXT, WORDS, {"two": 1.0, "cups": 0.5}, {"two": -3.0, "cups": -1.0}), "No.")
    values = signal.claims(one)
    unit = signal.unit(values)
    assert ((unit >= 0) & (unit <= 1)).all()
    assert (values.argsort(kind="stable") == unit.argsort(kind="stable")).all()


def test_a_response_without_claims_has_signals_too() -> None:
    one = sampled(response("", blank={}))
    assert features(one, feature_names([one])).shape == (0, 6)
    assert all(math.isfinite(signal.response(one)) for signal in SIGNALS.values())


def test_blank_log_probabilities_survive_parquet_and_older_files_have_none(tmp_path: Path) -> None:
    both = [response(blank={"two": -1.5}), response(id="plain")]
    table = scored_table([(one, None) for one in both])
    pq.write_table(table, tmp_path / "new.parquet")
    assert table.schema == RESPONSE_SCHEMA
    assert responses_from_table(pq.read_table(tmp_path / "new.parquet")) == both
    older = table.drop_columns(["blank_logprobs"])
    assert [one.trace.blank_logprobs for one in responses_from_table(older)] == [None, None]
