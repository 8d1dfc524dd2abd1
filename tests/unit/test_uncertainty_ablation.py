"""What the policy would have said without looking."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from redraft.generation import GenerationSettings
from redraft.policy import Policy, encode_prompts, generate
from redraft.policy.ablation import with_blank_logprobs
from redraft.records import Split
from redraft.world import render, scene_at

from .uncertain_answers import response

PROMPT = "Describe this image in detail."


def test_a_grey_picture_is_its_own_ablation_and_another_is_not(policy: Policy) -> None:
    picture = render(scene_at(0, Split.POOL, 0))
    images = [Image.new("RGB", picture.size, (128, 128, 128)), picture]
    prompts = encode_prompts(policy, images, [PROMPT] * 2)
    drawn = generate(policy, prompts, GenerationSettings(40, 1, 0.9, 1.0), [1, 2])
    responses = [
        response(id=str(i)).model_copy(update={"prompt": PROMPT, "text": one.text, "trace": one.trace})
        for i, one in enumerate(drawn)
    ]
    grey, seen = with_blank_logprobs(policy, [_png(image) for image in images], responses, 10**6)
    assert grey.trace.blank_logprobs == pytest.approx(grey.trace.logprobs, abs=1e-3)
    assert seen.trace.blank_logprobs is not None
    assert sum(seen.trace.blank_logprobs) < sum(seen.trace.logprobs) - 5


def test_nothing_asked_is_nothing_done(policy: Policy) -> None:
    assert with_blank_logprobs(policy, [], [], 10**6) == []


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
