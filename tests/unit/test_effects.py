"""What corrections did, by hand."""

from __future__ import annotations

import pytest

from redraft.evaluate.effects import SegmentLogps, effect, mean_of


def logps(id: str, chosen: float | None, rejected: float | None, unchanged: float | None = -0.1) -> SegmentLogps:
    return SegmentLogps(id, f"picture-{id}", chosen, rejected, unchanged)


def test_the_lean_is_what_corrected_words_gained_less_what_replaced_ones_did() -> None:
    before = {"a": logps("a", -3.0, -1.0), "b": logps("b", -2.0, None, -0.3)}
    after = {"a": logps("a", -1.0, -2.0, -0.2), "b": logps("b", -1.5, None, -0.3)}
    found = effect("d", "p", before, after, trained=True, bootstrap=200, seed=0)
    # a: (-1 + 2) - (-3 + 1) = 3;  b, an insertion: -1.5 + 2 = 0.5
    assert found.lean.value == pytest.approx((3.0 + 0.5) / 2)
    assert found.lean.low == pytest.approx(0.5) and found.lean.high == pytest.approx(3.0)
    assert found.chosen == pytest.approx((2.0 + 0.5) / 2)
    assert found.rejected == pytest.approx(-1.0)
    assert found.unchanged == pytest.approx(-0.05)
    assert found.corrections == 2


def test_the_mean_of_no_token_is_none() -> None:
    assert mean_of((-1.0, -3.0), (True, False)) == -1.0
    assert mean_of((-1.0, -3.0), (False, False)) is None
