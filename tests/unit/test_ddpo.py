"""The objective against hand arithmetic, a slow double-precision version and its own gradient."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from redraft import ddpo

LOGP = st.floats(-20, 0, allow_nan=False, width=32)


def slow_score(logps: list[float], changed: list[bool], gamma: float, normalise: bool) -> float:
    total = count = 0.0
    for logp, is_changed in zip(logps, changed, strict=True):
        weight = gamma if is_changed else 1.0
        total += weight * logp
        count += weight
    return total / count if normalise else total


def slow_loss(pc: float, pr: float, rc: float, rr: float, beta: float) -> float:
    z = beta * ((pc - rc) - (pr - rr))
    return math.log1p(math.exp(-z)) if z > -30 else -z


def scalar(value: float) -> Tensor:
    return torch.tensor([value], dtype=torch.float64)


def test_weights_are_gamma_where_changed() -> None:
    weights = ddpo.token_weights(torch.tensor([[True, False], [False, True]]), 5.0)
    assert weights.dtype == torch.float32
    assert weights.tolist() == [[5.0, 1.0], [1.0, 5.0]]


def test_score_by_hand() -> None:
    logps = torch.tensor([[-1.0, -2.0, -3.0, -100.0]])
    weights = ddpo.token_weights(torch.tensor([[False, True, False, True]]), 5.0)
    mask = torch.tensor([[True, True, True, False]])
    # -1 - 5*2 - 3 = -14 over N = 1 + 5 + 1 = 7
    assert ddpo.score(logps, weights, mask, normalise=False).tolist() == [-14.0]
    assert ddpo.score(logps, weights, mask, normalise=True).tolist() == [-2.0]


def test_loss_by_hand() -> None:
    loss = ddpo.loss(scalar(-1.0), scalar(-4.0), scalar(-2.0), scalar(-3.0), beta=0.5)
    assert ddpo.margin(scalar(-1.0), scalar(-4.0), scalar(-2.0), scalar(-3.0)).item() == 2.0
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-1.0)), abs=1e-12)


@given(st.lists(st.tuples(LOGP, st.booleans()), min_size=1, max_size=12), st.floats(1, 10), st.booleans())
@settings(max_examples=60)
def test_score_agrees_with_the_slow_version_whatever_the_padding(
    tokens: list[tuple[float, bool]], gamma: float, normalise: bool
) -> None:
    logps, changed = [t[0] for t in tokens], [t[1] for t in tokens]
    expected = slow_score(logps, changed, gamma, normalise)
    for pad in (0, 3):
        row = torch.tensor([[*logps, *[float("nan")] * pad]], dtype=torch.float64)
        weights = ddpo.token_weights(torch.tensor([[*changed, *[True] * pad]]), gamma)
        mask = torch.tensor([[True] * len(logps) + [False] * pad])
        got = ddpo.score(row, weights, mask, normalise=normalise)
        assert got.item() == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(st.tuples(LOGP, LOGP, LOGP, LOGP), st.floats(0.01, 2))
def test_loss_agrees_with_the_slow_version(scores: tuple[float, float, float, float], beta: float) -> None:
    got = ddpo.loss(*(scalar(s) for s in scores), beta=beta)
    assert got.item() == pytest.approx(slow_loss(*scores, beta), rel=1e-9, abs=1e-12)


def test_loss_is_ln2_where_policy_and_reference_agree() -> None:
    chosen, rejected = torch.randn(7), torch.randn(7)
    loss = ddpo.loss(chosen, rejected, chosen, rejected, beta=0.5)
    assert loss.shape == (7,)
    torch.testing.assert_close(loss, torch.full((7,), math.log(2)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_large_margins_stay_finite_and_keep_their_gradient(dtype: torch.dtype) -> None:
    chosen = torch.tensor([-1e4, 1e4], dtype=dtype, requires_grad=True)
    zero = torch.zeros(2, dtype=dtype)
    loss = ddpo.loss(chosen, zero, zero, zero, beta=1.0)
    loss.sum().backward()
    assert loss.tolist() == [1e4, 0.0]
    assert chosen.grad is not None
    assert chosen.grad.tolist() == [-1.0, 0.0]


@pytest.mark.parametrize("normalise", [True, False])
def test_gradient_through_scores_and_loss(normalise: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    chosen = torch.randn(3, 5, dtype=torch.float64, generator=generator, requires_grad=True)
    rejected = torch.randn(3, 5, dtype=torch.float64, generator=generator, requires_grad=True)
    weights = ddpo.token_weights(torch.rand(3, 5, generator=generator) < 0.4, 5.0)
    mask = torch.ones(3, 5, dtype=torch.bool)
    mask[1, 3:] = False
    reference = torch.zeros(3, dtype=torch.float64)

    def objective(c: Tensor, r: Tensor) -> Tensor:
        scores = [ddpo.score(x, weights, mask, normalise=normalise) for x in (c, r)]
        return ddpo.loss(scores[0], scores[1], reference, reference, beta=0.5)

    assert torch.autograd.gradcheck(objective, (chosen, rejected))
    objective(chosen, rejected).sum().backward()
    assert chosen.grad is not None
    assert (chosen.grad[1, 3:] == 0).all()


def test_a_changed_token_pulls_gamma_times_as_hard() -> None:
    logps = torch.zeros(1, 3, requires_grad=True)
    weights = ddpo.token_weights(torch.tensor([[False, True, False]]), 5.0)
    score = ddpo.score(logps, weights, torch.ones(1, 3), normalise=True)
    score.backward()
    assert logps.grad is not None
    torch.testing.assert_close(logps.grad, torch.tensor([[1.0, 5.0, 1.0]]) / 7)


def test_half_precision_is_summed_in_single() -> None:
    logps = torch.full((1, 1000), -1.0, dtype=torch.bfloat16)
    score = ddpo.score(logps, torch.ones(1, 1000), torch.ones(1, 1000), normalise=False)
    assert score.dtype == torch.float32
    assert score.item() == -1000.0


def test_padding_gets_no_gradient_even_where_it_is_infinite() -> None:
    logps = torch.tensor([[-1.0, float("-inf")]], requires_grad=True)
    score = ddpo.score(logps, torch.ones(1, 2), torch.tensor([[1, 0]]), normalise=True)
    score.sum().backward()
    assert logps.grad is not None
    assert logps.grad.tolist() == [[1.0, 0.0]]
