"""k samples from one prefill, with log-probabilities and entropies from the same pass.

The image and the prompt are read once; the key-value cache is then repeated k times. A row's random numbers come
from its own seed alone, so that a sample is the same whatever batch it is drawn in. Rows that have ended are dropped
from the batch now and then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from redraft.generation import Generation, GenerationSettings
from redraft.policy.attention import PADDING, TRUNK, attention_mask
from redraft.policy.cache import repeat_with_room
from redraft.policy.choosing import TokenChoice
from redraft.policy.load import Policy
from redraft.policy.logprobs import next_token_logits, position_ids
from redraft.policy.prompts import EncodedPrompt, response_text, trace_offsets
from redraft.policy.stops import StopWatch, ended_before, first_stop, spoken
from redraft.policy.vision import as_model_input, image_features
from redraft.records import TokenTrace

COMPACT_BELOW = 0.75
"""Ended rows are dropped once less than this share of the decoded ones goes on; dropping copies the cache."""


@torch.inference_mode()
def generate(
    policy: Policy, prompts: Sequence[EncodedPrompt], settings: GenerationSettings, seeds: Sequence[int]
) -> list[Generation]:
    """Draw ``settings.k`` responses a prompt; prompt-major order. ``seeds`` has one entry a prompt.

    Log-probabilities and entropies are of the distribution before penalty, temperature and filters, in nats and
    float32.
    """
    state = _prefill(policy, prompts, settings)
    choice = TokenChoice(policy, prompts, settings, seeds)
    columns = _Columns(len(prompts) * settings.k, policy)
    watch = StopWatch(policy, settings.stop, len(prompts) * settings.k)
    for step in range(settings.max_new_tokens):
        logits = state.logits.float()
        token = choice.choose(state.rows, step, logits)
        columns.append(state.rows, token, logits.log_softmax(-1), watch.stopped(state.rows, token))
        going = ~columns.ended[state.rows]
        if not bool(going.any()) or step + 1 == settings.max_new_tokens:
            break
        if float(going.float().mean()) < COMPACT_BELOW:
            token = token[going]
            state.keep(going)
        state.advance(policy, token)
    return columns.generations(policy, settings.stop)


class _Columns:
    """Chosen tokens with their log-probabilities and entropies, one column a step, for all rows."""

    def __init__(self, rows: int, policy: Policy) -> None:
        self.ended = torch.zeros(rows, dtype=torch.bool, device=policy.device)
        self.lengths = torch.zeros(rows, dtype=torch.long, device=policy.device)
        self.eos_id, self.pad_id = policy.eos_id, policy.pad_id
        self.columns: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []

    def append(self, rows: torch.Tensor, token: torch.Tensor, logp: torch.Tensor, stopped: torch.Tensor) -> None:
        """Write a step of the rows that are still decoded; those that ended before are padded."""
        self.lengths[rows] += ~self.ended[rows]
        chosen = torch.full_like(self.ended, self.pad_id, dtype=token.dtype)
        logprob = torch.zeros_like(self.ended, dtype=logp.dtype)
        entropy = torch.zeros_like(logprob)
        chosen[rows] = token
        logprob[rows] = logp.gather(1, token[:, None])[:, 0]
        # A forbidden token has log-probability minus infinity, and adds nothing.
        entropy[rows] = -(logp.exp() * logp.clamp(min=-1e4)).sum(-1)
        chosen[self.ended] = self.pad_id
        self.ended[rows] |= (token == self.eos_id) | stopped
        self.columns.append((chosen, logprob, entropy))

    def generations(self, policy: Policy, stops: Sequence[str]) -> list[Generation]:
        """One a row."""
        ids, logprobs, entropies = (torch.stack(c, 1).tolist() for c in zip(*self.columns, strict=True))
        rows = zip(ids, logprobs, entropies, self.lengths.tolist(), strict=True)
        return [_generation(policy, i[:n], lp[:n], h[:n], stops) for i, lp, h, n in rows]


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


def _generation(
    policy: Policy, ids: list[int], logprobs: list[float], entropies: list[float], stops: Sequence[str]
) -> Generation:
    text = response_text(policy, ids)
    spans = trace_offsets(policy, text, ids)
    finished = ids[-1] == policy.eos_id
    stop = first_stop(spoken(policy, ids), stops) if stops else None
    if stop is not None:
        text, spans = ended_before(text, spans, stop)
        finished = True
    length = len(spans.token_ids)
    trace = TokenTrace(
        token_ids=spans.token_ids,
        starts=spans.starts,
        ends=spans.ends,
        logprobs=tuple(logprobs[:length]),
        entropies=tuple(entropies[:length]),
    )
    return Generation(text=text, finished=finished, trace=trace)
