"""What is left of a distribution to draw from, against slow versions, transformers' own, and invariants."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from transformers import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TopPLogitsWarper,
)

from redraft.generation import GenerationSettings
from redraft.policy.filters import draw, keep_min_p, keep_top_p, penalise_repetition, probabilities

logits = arrays(np.float32, (3, 11), elements=st.floats(-8, 8, width=32)).map(torch.from_numpy)


def slow_top_p(row: list[float], top_p: float) -> list[float]:
    kept, mass = [0.0] * len(row), 0.0
    for token in sorted(range(len(row)), key=lambda i: (-row[i], i)):
        if mass >= top_p * math.fsum(row):
            break
        kept[token] = row[token]
        mass += row[token]
    return kept


def test_by_hand() -> None:
    p = torch.tensor([[0.5, 0.2, 0.2, 0.1]])
    assert keep_top_p(p, 0.6)[0].tolist() == pytest.approx([0.5, 0.2, 0, 0]), "of equals the first is kept"
    assert keep_top_p(p, 0.49)[0].tolist() == pytest.approx([0.5, 0, 0, 0])
    assert keep_min_p(p, 0.4)[0].tolist() == pytest.approx([0.5, 0.2, 0.2, 0])
    scores, seen = torch.tensor([[2.0, -1.0, 3.0]]), torch.tensor([[True, True, False]])
    assert penalise_repetition(scores, seen, 2.0).tolist() == [[1.0, -2.0, 3.0]]
    assert draw(p.repeat(5, 1), torch.tensor([0.0, 0.4999, 0.5, 0.75, 0.9999]).double()).tolist() == [0, 0, 1, 2, 3]


@settings(deadline=None, max_examples=50)
@given(logits, st.floats(0.01, 0.99))
def test_top_p_is_the_slow_version(scores: torch.Tensor, top_p: float) -> None:
    p = scores.double().softmax(-1)
    for row, kept in zip(p.tolist(), keep_top_p(p, top_p).tolist(), strict=True):
        assert kept == pytest.approx(slow_top_p(row, top_p), abs=1e-12) or _on_the_edge(row, top_p)


def _on_the_edge(row: list[float], top_p: float) -> bool:
    """Whether rounding decides about one token more or less."""
    masses = np.cumsum(sorted(row, reverse=True))
    return bool(np.min(np.abs(masses - top_p)) < 1e-9)


def test_each_filter_is_that_of_transformers() -> None:
    torch.manual_seed(0)
    scores, ids = torch.randn(64, 50) * 3, torch.randint(0, 50, (64, 9))
    p = scores.softmax(-1)
    theirs = TopPLogitsWarper(0.8)(ids, scores).softmax(-1)
    ours = keep_top_p(p, 0.8)
    torch.testing.assert_close(ours / ours.sum(-1, keepdim=True), theirs)
    theirs = MinPLogitsWarper(0.1)(ids, scores).softmax(-1)
    ours = keep_min_p(p, 0.1)
    torch.testing.assert_close(ours / ours.sum(-1, keepdim=True), theirs)
    seen = torch.zeros_like(scores, dtype=torch.bool).scatter(1, ids, True)
    theirs = RepetitionPenaltyLogitsProcessor(1.3)(ids, scores.clone())
    torch.testing.assert_close(penalise_repetition(scores, seen, 1.3), theirs)


@settings(deadline=None, max_examples=50)
@given(logits, st.floats(0.05, 1), st.floats(0, 0.9), st.floats(0.2, 2), st.floats(0, 1, exclude_max=True))
def test_whatever_is_drawn_was_left_and_the_likeliest_always_is(
    scores: torch.Tensor, top_p: float, min_p: float, temperature: float, uniform: float
) -> None:
    settings = GenerationSettings(1, temperature=temperature, top_p=top_p, min_p=min_p)
    p = probabilities(scores, None, settings)
    assert torch.equal(p.amax(-1), (scores / temperature).softmax(-1).amax(-1))
    token = draw(p, torch.full((3,), uniform, dtype=torch.float64))
    assert bool((p.gather(1, token[:, None]) > 0).all())


def test_drawing_follows_the_weights() -> None:
    p = torch.tensor([[0.1, 0.0, 0.3, 0.2]])
    grid = (torch.arange(6000, dtype=torch.float64) + 0.5) / 6000
    counts = torch.bincount(draw(p.expand(6000, -1), grid), minlength=4)
    assert counts.tolist() == pytest.approx([1000, 0, 3000, 2000], abs=1)


def test_a_penalty_shifts_what_was_seen_and_nothing_else() -> None:
    scores = torch.tensor([[1.0, 1.0, -1.0, -1.0]])
    seen = torch.tensor([[True, False, True, False]])
    settings = GenerationSettings(1, temperature=1.0, repetition_penalty=2.0)
    p = probabilities(scores, seen, settings)[0]
    assert p.tolist() == pytest.approx(torch.tensor([0.5, 1.0, -2.0, -1.0]).softmax(-1).tolist())
