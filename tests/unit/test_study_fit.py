"""Power laws: known ones are found again, and what cannot be known is said to be unknown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redraft.scaling.fit import EXPONENTS, fit_law, power_law
from redraft.scaling.lines import Line

SIZES = (50, 100, 200, 400, 800, 1400)
LINE = Line(arm="dense", condition="full", schedule="steps")


def rates(floor: float, scale: float, exponent: float, sizes: tuple[int, ...] = SIZES) -> np.ndarray:
    return floor + scale * np.array(sizes, dtype=float) ** -exponent


@pytest.mark.parametrize(("floor", "scale", "exponent"), [(0.1, 2.0, 0.5), (0.0, 1.5, 0.3), (0.05, 20.0, 1.2)])
def test_a_known_law_is_found(floor: float, scale: float, exponent: float) -> None:
    law = fit_law(SIZES, rates(floor, scale, exponent)[None])
    assert law.floor[0] == pytest.approx(floor, abs=2e-3)
    assert law.exponent[0] == pytest.approx(exponent, rel=0.02)
    assert law.rate(np.array([300.0]))[0, 0] == pytest.approx(floor + scale * 300**-exponent, abs=1e-3)


def test_every_draw_has_its_own_fit() -> None:
    law = fit_law(SIZES, np.stack([rates(0.1, 2, 0.5), rates(0.2, 1, 0.7)]))
    assert law.floor == pytest.approx([0.1, 0.2], abs=2e-3)


def test_floor_and_scale_stay_at_or_above_zero() -> None:
    straight = fit_law(SIZES, np.linspace(0.5, 0.0, 6)[None])
    assert straight.floor[0] == 0.0
    rising = fit_law(SIZES, np.linspace(0.1, 0.3, 6)[None])
    assert rising.scale[0] == 0.0
    assert rising.floor[0] == pytest.approx(0.2)


@given(st.lists(st.floats(0.0, 1.0), min_size=6, max_size=6), st.floats(0.1, 3.5), st.floats(0, 1), st.floats(0, 5))
@settings(max_examples=60, deadline=None)
def test_no_other_law_is_clearly_nearer(found: list[float], exponent: float, floor: float, scale: float) -> None:
    measured = np.array(found)
    law = fit_law(SIZES, measured[None])
    other = ((measured - rates(floor, scale, exponent)) ** 2).sum()
    assert law.error[0] <= other + 1e-3 * (1 + other)


def noisy(law: np.ndarray, error: float, draws: int = 400) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.concatenate([law[None], law + rng.normal(0, error, (draws, len(law)))])


def test_intervals_hold_the_truth() -> None:
    law = power_law(LINE, SIZES, noisy(rates(0.1, 2.0, 0.5), 0.004))
    assert law is not None and law.identified
    assert law.exponent.low < 0.5 < law.exponent.high
    assert law.floor.low < 0.1 < law.floor.high
    assert law.worst < 0.002


def test_noise_alone_identifies_nothing() -> None:
    law = power_law(LINE, SIZES, noisy(np.full(6, 0.2), 0.02))
    assert law is not None and not law.identified
    assert law.exponent.low == pytest.approx(EXPONENTS[0], rel=0.06)


def test_no_more_sizes_than_parameters() -> None:
    draws = noisy(rates(0.1, 2.0, 0.5)[:3], 0.001)
    law = power_law(LINE, SIZES[:3], draws)
    assert law is not None and not law.identified
    assert power_law(LINE, SIZES[:2], draws[:, :2]) is None
