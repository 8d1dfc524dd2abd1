"""k samples from one prefill, with log-probabilities and entropies from the same pass.

The image and the prompt are read once; the key-value cache is then repeated k times. A row's random numbers come
from its own seed alone, so that a sample is the same whatever batch it is drawn in. Rows that have ended are dropped
from the batch now and then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from redraft.policy.attention import PADDING, TRUNK, attention_mask
from redraft.policy.cache import repeat_with_room
from redraft.policy.load import Policy
from redraft.policy.logprobs import next_token_logits, position_ids
from redraft.policy.prompts import EncodedPrompt, response_text, trace_offsets
from redraft.policy.vision import as_model_input, image_features
from redraft.records import TokenTrace

COMPACT_BELOW = 0.75
"""Ended rows are dropped once less than this share of the decoded ones goes on; dropping copies the cache."""


@dataclass(frozen=True)
class GenerationSettings:
    """How to draw; temperature 0 is greedy."""

    max_new_tokens: int
    k: int = 1
    temperature: float = 0.0
    top_p: float = 1.0


@dataclass(frozen=True)
class Generation:
    """One generated response; ``finished`` says whether the policy ended it itself."""

    text: str
    finished: bool
    trace: TokenTrace


@torch.inference_mode()
def generate(
    policy: Policy, prompts: Sequence[EncodedPrompt], settings: GenerationSettings, seeds: Sequence[int]
) -> list[Generation]:
    """Draw ``settings.k`` responses a prompt; prompt-major order. ``seeds`` has one entry a prompt.

    Log-probabilities and entropies are of the untempered distribution, in nats and float32.
    """
    state = _prefill(policy, prompts, settings)
    uniforms = _uniforms(seeds, settings).to(policy.device) if settings.temperature > 0 else None
    columns = _Columns(len(prompts) * settings.k, policy)
    for step in range(settings.max_new_tokens):
        logp = state.logits.float().log_softmax(-1)
        token = _choose(logp, None if uniforms is None else uniforms[state.rows, step], settings)
        columns.append(state.rows, token, logp)
        going = ~columns.ended[state.rows]
        if not bool(going.any()) or step + 1 == settings.max_new_tokens:
            break
        if float(going.float().mean()) < COMPACT_BELOW:
            token = token[going]
            state.keep(going)
        state.advance(policy, token)
    return columns.generations(policy)


class _Columns:
    """Chosen tokens with their log-probabilities and entropies, one column a step, for all rows."""

    def __init__(self, rows: int, policy: Policy) -> None:
        self.ended = torch.zeros(rows, dtype=torch.bool, device=policy.device)
        self.eos_id, self.pad_id = policy.eos_id, policy.pad_id
        self.columns: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []

    def append(self, rows: torch.Tensor, token: torch.Tensor, logp: torch.Tensor) -> None:
        """Write a step of the rows that are still decoded; those that ended before are padded."""
        chosen = torch.full_like(self.ended, self.pad_id, dtype=token.dtype)
        logprob = torch.zeros_like(self.ended, dtype=logp.dtype)
        entropy = torch.zeros_like(logprob)
        chosen[rows] = token
        logprob[rows] = logp.gather(1, token[:, None])[:, 0]
        entropy[rows] = torch.special.entr(logp.exp()).sum(-1)
        chosen[self.ended] = self.pad_id
        self.ended[rows] |= token == self.eos_id
        self.columns.append((chosen, logprob, entropy))

    def generations(self, policy: Policy) -> list[Generation]:
        """One a row."""
        ids, logprobs, entropies = (torch.stack(c, 1).tolist() for c in zip(*self.columns, strict=True))
        return [_generation(policy, *row) for row in zip(ids, logprobs, entropies, strict=True)]


class _DecodeState:
    """Logits of the next token for the rows that are decoded, and what is needed to go one token on."""

    def __init__(self, logits: torch.Tensor, cache: Any, mask: torch.Tensor, positions: torch.Tensor) -> None:
        self.logits, self.cache, self.mask, self.positions = logits, cache, mask, positions
        self.rows = torch.arange(len(logits), device=logits.device)

    def keep(self, going: torch.Tensor) -> None:
        """Drop the rows that are not ``going``."""
        self.rows, self.mask, self.positions = self.rows[going], self.mask[going], self.positions[:, going]
        self.cache.batch_select_indices(going.nonzero()[:, 0])

    def advance(self, policy: Policy, token: torch.Tensor) -> None:
        """Feed one token a row."""
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(token), 1)], 1)
        out = policy.model.model(
            input_ids=token[:, None],
            attention_mask=self.mask,
            position_ids=position_ids(self.positions),
            past_key_values=self.cache,
            use_cache=True,
        )
        self.positions = self.positions + 1
        self.logits = next_token_logits(policy.model, out.last_hidden_state[:, -1])


def _prefill(policy: Policy, prompts: Sequence[EncodedPrompt], settings: GenerationSettings) -> _DecodeState:
    width = max(len(p.input_ids) for p in prompts)
    ids = torch.full((len(prompts), width), policy.pad_id)
    mask = torch.zeros_like(ids)
    positions = torch.zeros((prompts[0].positions.shape[0], *ids.shape), dtype=torch.long)
    for row, prompt in enumerate(prompts):
        start = width - len(prompt.input_ids)
        ids[row, start:] = torch.tensor(prompt.input_ids)
        mask[row, start:] = 1
        positions[:, row, start:] = prompt.positions
    ids, mask, positions = ids.to(policy.device), mask.to(policy.device), positions.to(policy.device)
    seen = mask.bool()
    out = policy.model.model(
        input_ids=ids,
        attention_mask=attention_mask(
            policy.model, policy.family, ids, positions, torch.where(seen, TRUNK, PADDING), seen
        ),
        position_ids=position_ids(positions),
        mm_encoder_outputs=as_model_input(
            policy.family, image_features(policy.model, policy.family, prompts), policy.device
        ),
        use_cache=True,
    )
    k = settings.k
    repeat_with_room(out.past_key_values, k, room=settings.max_new_tokens)
    following = positions.amax((0, 2)) + 1
    return _DecodeState(
        next_token_logits(policy.model, out.last_hidden_state[:, -1]).repeat_interleave(k, 0),
        out.past_key_values,
        mask.repeat_interleave(k, 0),
        following.expand(len(positions), -1)[:, :, None].repeat_interleave(k, 1),
    )


def _uniforms(seeds: Sequence[int], settings: GenerationSettings) -> torch.Tensor:
    rows = []
    for seed in seeds:
        for sample in range(settings.k):
            generator = torch.Generator().manual_seed((seed * 1_000_003 + sample) % (1 << 63))
            rows.append(torch.rand(settings.max_new_tokens, generator=generator, dtype=torch.float64))
    return torch.stack(rows)


def _choose(logp: torch.Tensor, uniform: torch.Tensor | None, settings: GenerationSettings) -> torch.Tensor:
    """Greedy, or the inverse of the (nucleus-filtered, tempered) cumulative distribution at ``uniform``."""
    if uniform is None:
        return logp.argmax(-1)
    p = (logp / settings.temperature).double().softmax(-1)
    if settings.top_p < 1:
        ordered, order = p.sort(-1, descending=True)
        keep = (ordered.cumsum(-1) - ordered) < settings.top_p
        p = torch.zeros_like(p).scatter(-1, order, ordered * keep)
    cumulative = p.cumsum(-1)
    threshold = uniform[:, None] * cumulative[:, -1:]
    return (cumulative <= threshold).sum(-1).clamp(max=p.shape[-1] - 1)


def _generation(policy: Policy, ids: list[int], logprobs: list[float], entropies: list[float]) -> Generation:
    length = ids.index(policy.eos_id) + 1 if policy.eos_id in ids else len(ids)
    ids = ids[:length]
    text = response_text(policy, ids)
    spans = trace_offsets(policy, text, ids)
    trace = TokenTrace(
        token_ids=tuple(ids),
        starts=spans.starts,
        ends=spans.ends,
        logprobs=tuple(logprobs[:length]),
        entropies=tuple(entropies[:length]),
    )
    return Generation(text=text, finished=ids[-1] == policy.eos_id, trace=trace)
