"""What can be added to DDPO, by hand arithmetic, and what each switch of the config does to a step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from redraft import ddpo
from redraft.blobs import Blobs
from redraft.config import ObjectiveConfig
from redraft.images import decode_image
from redraft.policy import ModelInput, Policy, TokenLogProbs, encode_prompts
from redraft.train.batches import PairBatch, SeenImage, collate_pairs
from redraft.train.encode import TrainingExample, blank_image, reference_logprobs
from redraft.train.step import StepResult, pair_step, supervised_step


def scalar(value: float) -> torch.Tensor:
    return torch.tensor([value], dtype=torch.float64)


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def test_label_smoothing_is_the_expected_loss() -> None:
    """Margin 2, beta 0.5: z = 1; a tenth of the preferences are the wrong way."""
    loss = ddpo.loss(scalar(-1.0), scalar(-4.0), scalar(-2.0), scalar(-3.0), beta=0.5, label_smoothing=0.1)
    assert loss.item() == pytest.approx(0.9 * softplus(-1.0) + 0.1 * softplus(1.0), abs=1e-12)


def test_supervised_term_by_hand() -> None:
    logps = torch.tensor([[-1.0, -2.0, -9.0]])
    mask = torch.tensor([[True, True, False]])
    plain = ddpo.negative_log_likelihood(logps, torch.ones(1, 3), mask)
    dense = ddpo.negative_log_likelihood(logps, torch.tensor([[1.0, 5.0, 5.0]]), mask)
    assert plain.tolist() == [1.5]
    assert dense.tolist() == [pytest.approx((1 + 5 * 2) / 6)]


def test_anchor_by_hand() -> None:
    """Chosen fell by 2 nats; beta 0.5 makes that a reward of -1, a tenth under the margin asked for."""
    term = ddpo.anchor(scalar(-3.0), scalar(-1.0), beta=0.5, margin=0.1)
    assert term.item() == pytest.approx(softplus(1.1), abs=1e-12)


@pytest.mark.parametrize(
    ("changed", "prefix", "kept"),
    [
        ([0, 0, 1, 1, 0, 1, 0], 2, [1, 1, 1, 1, 0, 0, 0]),
        ([1, 0, 0, 0, 0, 0, 0], 0, [1, 0, 0, 0, 0, 0, 0]),
        ([0, 0, 0, 0, 0, 0, 1], 6, [1, 1, 1, 1, 1, 1, 1]),
        ([0, 0, 0, 0, 0, 0, 0], 3, [1, 1, 1, 1, 0, 0, 0]),
    ],
    ids=["two segments", "first token", "last token", "other side of a deletion"],
)
def test_nothing_behind_the_first_segment_counts(changed: list[int], prefix: int, kept: list[int]) -> None:
    mask = ddpo.until_first_segment(torch.tensor([changed]).bool(), torch.tensor([prefix]))
    assert mask.int().tolist() == [kept]


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(0, 12))
def test_first_segment_agrees_with_a_slow_version(changed: list[bool], prefix: int) -> None:
    if any(changed):
        first = changed.index(True)
        end = next((i for i in range(first, len(changed)) if not changed[i]), len(changed))
    else:
        end = prefix + 1
    fast = ddpo.until_first_segment(torch.tensor([changed]), torch.tensor([prefix]))[0].tolist()
    assert fast == [i < end for i in range(len(changed))]


@pytest.fixture(scope="module")
def examples(dataset_table: Sequence[TrainingExample]) -> list[TrainingExample]:
    """Four pairs whose reference is not the policy."""
    return [
        replace(
            e,
            chosen_reference=tuple(x - 0.1 * (i % 3) for i, x in enumerate(e.chosen_reference)),
            rejected_reference=tuple(x + 0.1 * (i % 2) for i, x in enumerate(e.rejected_reference)),
        )
        for e in dataset_table[:4]
    ]


def batch_of(policy: Policy, examples: Sequence[TrainingExample], blobs: Blobs, *, blank: bool = False) -> PairBatch:
    images = [decode_image(blobs.get(e.blob), 10**6) for e in examples]
    prompts = [e.prompt for e in examples]
    seen = [SeenImage(p) for p in encode_prompts(policy, images, prompts)]
    grey = [blank_image(image) for image in images]
    if not blank:
        return collate_pairs(examples, seen, policy.pad_id)
    references = reference_logprobs(policy, grey, prompts, [(e.chosen.ids,) for e in examples])
    examples = [replace(e, blank_reference=r) for e, (r,) in zip(examples, references, strict=True)]
    unseen = [SeenImage(p) for p in encode_prompts(policy, grey, prompts)]
    return collate_pairs(examples, seen, policy.pad_id, blank=unseen)


@torch.no_grad()
def step(policy: Policy, batch: PairBatch, **switches: object) -> StepResult:
    model = TokenLogProbs(policy.model, policy.family)

    def log_probs(inputs: ModelInput) -> torch.Tensor:
        logps: torch.Tensor = model(inputs)
        return logps

    return pair_step(log_probs, batch, ObjectiveConfig.model_validate({"preset": "paper", **switches}))


def test_each_switch_adds_its_own_term(policy: Policy, examples: list[TrainingExample], blobs: Blobs) -> None:
    """One switch at a time, against the base loss and the term computed from the log-probabilities."""
    batch = batch_of(policy, examples, blobs, blank=True)
    base = float(step(policy, batch).loss)
    with torch.no_grad():
        model = TokenLogProbs(policy.model, policy.family)
        logps, blank = model(batch.inputs), model(batch.blank)
    weights = ddpo.token_weights(batch.changed, 5.0)
    mask = batch.inputs.tokens.mask
    chosen = ddpo.score(logps, weights, mask, normalise=True)[:4]
    reference = ddpo.score(batch.reference, weights, mask, normalise=True)[:4]
    told = ddpo.negative_log_likelihood(logps[:4], torch.ones_like(logps[:4]), mask[:4]).mean()
    dense = ddpo.negative_log_likelihood(logps[:4], weights[:4], mask[:4]).mean()
    anchor = ddpo.anchor(chosen, reference, beta=0.5, margin=0.2).mean()
    width = blank.shape[1]
    blind = ddpo.score(blank, weights[:4, :width], mask[:4, :width], normalise=True)
    ablated = ddpo.loss(chosen, blind, reference, blind, beta=0.5).mean()
    for term, switches in (
        (0.3 * told, {"supervised": 0.3}),
        (0.3 * dense, {"supervised": 0.3, "supervised_dense": True}),
        (2.0 * anchor, {"anchor": 2.0, "anchor_margin": 0.2}),
        (1.0 * ablated, {"image_ablated": 1.0}),
    ):
        assert float(step(policy, batch, **switches).loss) == pytest.approx(base + float(term), abs=1e-5), switches
    assert float(dense) != pytest.approx(float(told), abs=1e-3)


def test_first_segment_alone_is_scored(policy: Policy, examples: list[TrainingExample], blobs: Blobs) -> None:
    whole = batch_of(policy, examples, blobs)
    seen = [SeenImage(prompt) for prompt in whole.inputs.prompts]
    cut = collate_pairs(examples, seen, policy.pad_id, first_segment_only=True)
    for row, side in enumerate([e.chosen for e in examples] + [e.rejected for e in examples]):
        last = max(i for i, kept in enumerate(cut.kept[row].tolist()) if kept)
        assert side.changed[last], "it ends in the changed segment"
        assert not any(side.changed[last + 1 : last + 2])
    assert cut.kept.sum() < whole.kept.sum()


def test_the_warm_up_is_supervised_on_both_sides(policy: Policy, examples: list[TrainingExample], blobs: Blobs) -> None:
    batch = batch_of(policy, examples, blobs)
    model = TokenLogProbs(policy.model, policy.family)
    with torch.no_grad():
        loss = float(supervised_step(model, batch).loss)
        logps = model(batch.inputs)
    mask = batch.inputs.tokens.mask
    rows = [float(-row[kept].mean()) for row, kept in zip(logps, mask, strict=True)]
    assert loss == pytest.approx(sum(rows) / len(rows), abs=1e-5)


def test_a_ranking_has_no_changed_tokens(policy: Policy, blobs: Blobs, pairs: list[object]) -> None:
    from redraft.records import PreferencePair
    from redraft.train.encode import encode_pair

    pair = pairs[0]
    assert isinstance(pair, PreferencePair)
    prompt = encode_prompts(policy, [decode_image(blobs.get(pair.blob), 10**6)], [pair.prompt])[0]
    sides = encode_pair(policy, pair.model_copy(update={"kind": "ranking"}), prompt, diff="edits", max_tokens=2048)
    assert not any(any(side.changed) for side in sides)
