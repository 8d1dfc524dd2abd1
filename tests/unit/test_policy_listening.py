"""Whoever listens to a batch hears, token by token, what it would have given in the end."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from redraft.policy import Generation, GenerationSettings, Policy, encode_prompts, generate, generate_stream
from redraft.records import Split
from redraft.world import render, scene_at

SEEDS = (1, 2, 3)


class Notes:
    """What was heard; ``leave`` names a row that is given up at its n-th token."""

    def __init__(self, leave: dict[int, int]) -> None:
        self.leave = leave
        self.tokens: dict[int, list[tuple[int, float]]] = {}
        self.whole: dict[int, Generation] = {}

    def wrote(self, rows: torch.Tensor, token: torch.Tensor, logp: torch.Tensor) -> Sequence[int]:
        chosen = logp.gather(1, token[:, None])[:, 0].tolist()
        for row, id, logprob in zip(rows.tolist(), token.tolist(), chosen, strict=True):
            if row not in self.whole:
                self.tokens.setdefault(row, []).append((id, logprob))
        return [row for row, count in self.leave.items() if len(self.tokens.get(row, ())) == count]

    def ended(self, row: int, generation: Generation) -> None:
        assert row not in self.whole
        self.whole[row] = generation


@pytest.mark.parametrize(
    "settings",
    [
        GenerationSettings(40),
        GenerationSettings(200, k=2, temperature=0.9, top_p=0.95),
        GenerationSettings(60, k=2, temperature=1.2, stop=(".", " the ")),
    ],
    ids=["greedy", "to the end", "stops"],
)
def test_what_is_heard_is_what_is_generated(policy: Policy, settings: GenerationSettings) -> None:
    pictures = [render(scene_at(0, Split.POOL, index)) for index in range(len(SEEDS))]
    prompts = encode_prompts(policy, pictures, ["Describe this image in detail."] * len(SEEDS))
    expected = generate(policy, prompts, settings, SEEDS)
    notes = Notes({})
    generate_stream(policy, prompts, settings, SEEDS, notes)
    assert [notes.whole[row] for row in range(len(expected))] == expected
    for row, generation in enumerate(expected):
        ids, logprobs = zip(*notes.tokens[row], strict=True)
        length = len(generation.trace.token_ids)
        assert ids[:length] == generation.trace.token_ids
        assert logprobs[:length] == generation.trace.logprobs
    gone = {1: 5, 2: 1}
    left = Notes(gone)
    generate_stream(policy, prompts, settings, SEEDS, left)
    assert {row: left.whole[row].text for row in left.whole} == {
        row: generation.text for row, generation in enumerate(expected) if row not in gone
    }
    alone = Notes({row: 2 for row in range(len(expected))})
    generate_stream(policy, prompts, settings, SEEDS, alone)
    assert not alone.whole
    assert max(len(tokens) for tokens in alone.tokens.values()) == 2, "nobody waits, so nothing more is written"
