"""Pictures for a study, and what a policy says of them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from redraft.policy import EncodedPrompt, GenerationSettings, Policy, encode_prompts, generate
from redraft.records import Split, stable_id
from redraft.scaling.labels import Sampled
from redraft.world import PROMPTS, Form, origin, render, scene_of

SAMPLE_BATCH = 100
DESCRIBE_BATCH = 200
MAX_NEW_TOKENS: Mapping[Form, int] = {"short": 128, "long": 256}
"""Room for the longest careless text and a good deal more."""


class Gallery:
    """The picture world as a source of image bytes: the name of a picture is its origin."""

    def get(self, key: str) -> bytes:
        """The picture as PNG."""
        buffer = io.BytesIO()
        render(scene_of(key)).save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()


def origins(world_seed: int, split: Split, first: int, count: int) -> list[str]:
    """The names of ``count`` pictures of a split."""
    return [origin(world_seed, split, index) for index in range(first, first + count)]


def draw_samples(policy: Policy, names: Sequence[str], *, temperature: float, form: Form) -> list[Sampled]:
    """Two responses a picture; the same whatever pictures they are drawn together with."""
    settings = GenerationSettings(MAX_NEW_TOKENS[form], k=2, temperature=temperature)
    drawn = []
    for start in range(0, len(names), SAMPLE_BATCH):
        batch = names[start : start + SAMPLE_BATCH]
        seeds = [int(stable_id("study sample", name)[:12], 16) for name in batch]
        texts = [g.text for g in generate(policy, prompts_of(policy, batch, form), settings, seeds)]
        drawn += [
            Sampled(origin=name, first=first, second=second)
            for name, first, second in zip(batch, texts[::2], texts[1::2], strict=True)
        ]
    return drawn


def describe_all(policy: Policy, prompts: Sequence[EncodedPrompt], *, form: Form) -> list[str]:
    """Greedy descriptions of encoded prompts, in their order."""
    settings = GenerationSettings(MAX_NEW_TOKENS[form])
    texts = []
    for start in range(0, len(prompts), DESCRIBE_BATCH):
        batch = prompts[start : start + DESCRIBE_BATCH]
        texts += [g.text for g in generate(policy, batch, settings, [0] * len(batch))]
    return texts


def prompts_of(policy: Policy, names: Sequence[str], form: Form) -> list[EncodedPrompt]:
    """The request for a description of each picture, encoded."""
    return encode_prompts(policy, [render(scene_of(name)) for name in names], [PROMPTS[form]] * len(names))
