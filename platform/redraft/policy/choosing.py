"""The next token of every row: greedy, or drawn with random numbers that belong to the row alone."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from redraft.generation import GenerationSettings
from redraft.policy.filters import draw, penalise_repetition, probabilities
from redraft.policy.load import Policy
from redraft.policy.prompts import EncodedPrompt


class TokenChoice:
    """Chooses tokens for ``k`` rows a prompt, prompt-major.

    Row i of a seed takes its n-th token with the n-th number of a generator of its own, so a sample depends neither on
    k, nor on how long it may become, nor on the other rows.
    """

    def __init__(
        self, policy: Policy, prompts: Sequence[EncodedPrompt], settings: GenerationSettings, seeds: Sequence[int]
    ) -> None:
        self._settings = settings
        self._uniforms = uniforms(seeds, settings).to(policy.device) if settings.temperature > 0 else None
        self._prompts = [torch.tensor(prompt.input_ids) for prompt in prompts]
        self._seen: torch.Tensor | None = None

    def choose(self, rows: torch.Tensor, step: int, logits: torch.Tensor) -> torch.Tensor:
        """One token for each of ``rows``, whose ``logits`` are ``[len(rows), V]``."""
        seen = self._seen_by(rows, logits)
        if self._uniforms is None:
            scores = logits if seen is None else penalise_repetition(logits, seen, self._settings.repetition_penalty)
            token = scores.argmax(-1)
        else:
            token = draw(probabilities(logits, seen, self._settings), self._uniforms[rows, step])
        if self._seen is not None:
            self._seen[rows, token] = True
        return token

    def _seen_by(self, rows: torch.Tensor, logits: torch.Tensor) -> torch.Tensor | None:
        """Which tokens the rows hold already, prompts included; None where nobody asks."""
        if self._settings.repetition_penalty == 1.0:
            return None
        if self._seen is None:
            mask = torch.zeros(len(self._prompts), logits.shape[-1], dtype=torch.bool, device=logits.device)
            for row, ids in enumerate(self._prompts):
                mask[row, ids[ids < logits.shape[-1]].to(logits.device)] = True
            self._seen = mask.repeat_interleave(self._settings.k, 0)
        return self._seen[rows]


def uniforms(seeds: Sequence[int], settings: GenerationSettings) -> torch.Tensor:
    """Numbers in [0, 1), ``[len(seeds) * k, max_new_tokens]``; a row's depend on its seed and its place alone."""
    rows = []
    for seed in seeds:
        for sample in range(settings.k):
            generator = torch.Generator().manual_seed((seed * 1_000_003 + sample) % (1 << 63))
            rows.append(torch.rand(settings.max_new_tokens, generator=generator, dtype=torch.float64))
    return torch.stack(rows)
