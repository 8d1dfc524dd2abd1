"""Stop texts, filters and seeds in whole generations of the shipped policy."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from redraft.policy import EncodedPrompt, GenerationSettings, Policy, encode_prompts, generate
from redraft.policy.choosing import uniforms
from redraft.policy.stops import first_stop
from redraft.records import Split
from redraft.world import render, scene_at

DESCRIBE = "Describe this image in detail."
QUESTION = "How many cups are there?"


@pytest.fixture(scope="module")
def prompts(policy: Policy) -> list[EncodedPrompt]:
    images = [render(scene_at(0, Split.POOL, i)) for i in range(3)]
    return encode_prompts(policy, images, [DESCRIBE, QUESTION, DESCRIBE])


def test_random_numbers_depend_on_seed_and_place_alone() -> None:
    few, many = GenerationSettings(20, k=2), GenerationSettings(200, k=5)
    short, long = uniforms([7], few), uniforms([3, 7], many)
    assert torch.equal(short, long[5:7, :20]), "neither on k, nor on the longest response, nor on other seeds"
    assert len({row[0] for row in long.tolist()}) == 10
    assert float(long.min()) >= 0 and float(long.max()) < 1


@pytest.mark.parametrize(
    "settings",
    [
        GenerationSettings(96, k=4, temperature=1.0, stop=(".", "cup")),
        GenerationSettings(96, k=4, temperature=1.2, min_p=0.05, top_p=0.95, repetition_penalty=1.2),
    ],
    ids=["stop texts", "filters"],
)
def test_a_sample_is_the_same_in_any_company(
    policy: Policy, prompts: list[EncodedPrompt], settings: GenerationSettings
) -> None:
    together = generate(policy, prompts, settings, [5, 6, 7])
    order = [2, 0]
    turned = generate(policy, [prompts[i] for i in order], replace(settings, k=2), [7, 5])
    for place, index in enumerate(order):
        mine, theirs = together[4 * index : 4 * index + 2], turned[2 * place : 2 * place + 2]
        assert [g.text for g in mine] == [g.text for g in theirs]
        assert [g.trace.token_ids for g in mine] == [g.trace.token_ids for g in theirs]


def test_a_stop_text_ends_a_response_before_it(policy: Policy, prompts: list[EncodedPrompt]) -> None:
    whole = generate(policy, prompts, GenerationSettings(128, k=2, temperature=0.9), [1, 2, 3])
    stops = (". ", "cups")
    cut = generate(policy, prompts, GenerationSettings(128, k=2, temperature=0.9, stop=stops), [1, 2, 3])
    stopped = 0
    for full, ended in zip(whole, cut, strict=True):
        at = first_stop(full.text, stops)
        assert ended.text == (full.text if at is None else full.text[:at].rstrip())
        assert ended.finished
        if at is not None:
            stopped += 1
            n = len(ended.trace.token_ids)
            assert ended.trace.token_ids == full.trace.token_ids[:n]
            assert policy.eos_id not in ended.trace.token_ids
            assert max(ended.trace.ends, default=0) == len(ended.text)
            torch.testing.assert_close(
                torch.tensor(ended.trace.logprobs), torch.tensor(full.trace.logprobs[:n]), atol=2e-5, rtol=0
            )
    assert stopped >= 4


def test_a_response_that_begins_with_a_stop_text_is_empty(policy: Policy, prompts: list[EncodedPrompt]) -> None:
    (whole,) = generate(policy, prompts[:1], GenerationSettings(64), [0])
    (ended,) = generate(policy, prompts[:1], GenerationSettings(64, stop=(whole.text[:3],)), [0])
    assert (ended.text, ended.trace.token_ids, ended.finished) == ("", (), True)


def test_filters_leave_the_recorded_distribution_alone(policy: Policy, prompts: list[EncodedPrompt]) -> None:
    plain = generate(policy, prompts, GenerationSettings(1, temperature=1.0), [1, 2, 3])
    narrow = GenerationSettings(1, temperature=0.3, min_p=0.5, top_p=0.5, repetition_penalty=3.0)
    filtered = generate(policy, prompts, narrow, [1, 2, 3])
    for a, b in zip(plain, filtered, strict=True):
        assert a.trace.entropies == pytest.approx(b.trace.entropies, abs=1e-5)
        if a.trace.token_ids == b.trace.token_ids:
            assert a.trace.logprobs == pytest.approx(b.trace.logprobs, abs=1e-5)


def test_greedy_with_a_penalty_is_what_transformers_generates(policy: Policy, prompts: list[EncodedPrompt]) -> None:
    ours = generate(policy, prompts[:1], GenerationSettings(48, repetition_penalty=1.3), [0])[0]
    ids = torch.tensor([prompts[0].input_ids])
    theirs = policy.model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        pixel_values=prompts[0].images["pixel_values"],
        max_new_tokens=48,
        do_sample=False,
        repetition_penalty=1.3,
    )
    assert theirs[0, ids.shape[1] :].tolist() == list(ours.trace.token_ids)
    free = generate(policy, prompts[:1], GenerationSettings(48), [0])[0]
    assert free.trace.token_ids != ours.trace.token_ids
