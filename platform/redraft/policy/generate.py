"""k samples from one prefill, with log-probabilities and entropies from the same pass.

The image and the prompt are read once; the key-value cache is then repeated k times. A row's random numbers come
from its own seed alone, so that a sample is the same whatever batch it is drawn in. Rows that have ended are dropped
from the batch now and then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from redraft.generation import Generation, GenerationSettings
from redraft.policy.attention import PADDING, TRUNK, attention_mask
from redraft.policy.cache import repeat_with_room
from redraft.policy.choosing import TokenChoice
from redraft.policy.columns import Columns, Listener, ToldColumns
from redraft.policy.embedding import HiddenMean, with_embeddings
from redraft.policy.load import Policy
from redraft.policy.logprobs import next_token_logits, position_ids
from redraft.policy.prompts import EncodedPrompt
from redraft.policy.stops import StopWatch
from redraft.policy.vision import as_model_input, image_features

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
    columns = Columns(len(prompts) * settings.k, policy, settings.stop)
    thought = _decode(policy, prompts, settings, seeds, columns)
    drawn = columns.generations()
    return drawn if thought is None else with_embeddings(drawn, thought.embeddings())


@torch.inference_mode()
def generate_stream(
    policy: Policy,
    prompts: Sequence[EncodedPrompt],
    settings: GenerationSettings,
    seeds: Sequence[int],
    listener: Listener,
) -> None:
    """As ``generate``, but told to a listener token by token, and rows that it gives up are dropped; embeds nothing."""
    columns = ToldColumns(len(prompts) * settings.k, policy, settings.stop, listener)
    _decode(policy, prompts, replace(settings, embed=False), seeds, columns)
    columns.tell_rest()


def _decode(
    policy: Policy,
    prompts: Sequence[EncodedPrompt],
    settings: GenerationSettings,
    seeds: Sequence[int],
    columns: Columns,
) -> HiddenMean | None:
    """Fill the columns until every row has ended."""
    state = _prefill(policy, prompts, settings)
    choice = TokenChoice(policy, prompts, settings, seeds)
    thought = HiddenMean(len(columns.ended), state.hidden) if settings.embed else None
    watch = StopWatch(policy, settings.stop, len(prompts) * settings.k)
    for step in range(settings.max_new_tokens):
        logits = next_token_logits(policy.model, state.hidden).float()
        if thought is not None:
            thought.add(state.rows[~columns.ended[state.rows]], state.hidden[~columns.ended[state.rows]])
        token = choice.choose(state.rows, step, logits)
        columns.append(state.rows, token, logits.log_softmax(-1), watch.stopped(state.rows, token))
        going = ~columns.ended[state.rows]
        if not bool(going.any()) or step + 1 == settings.max_new_tokens:
            break
        if float(going.float().mean()) < COMPACT_BELOW:
            token = token[going]
            state.keep(going)
        state.advance(policy, token)
    return thought


class _DecodeState:
    """The last hidden state, ``[rows, d]``, of the rows that are decoded, and what is needed to go one token on."""

    def __init__(self, hidden: torch.Tensor, cache: Any, mask: torch.Tensor, positions: torch.Tensor) -> None:
        self.hidden, self.cache, self.mask, self.positions = hidden, cache, mask, positions
        self.rows = torch.arange(len(hidden), device=hidden.device)

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
        self.hidden = out.last_hidden_state[:, -1]


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
        out.last_hidden_state[:, -1].repeat_interleave(k, 0),
        out.past_key_values,
        mask.repeat_interleave(k, 0),
        following.expand(len(positions), -1)[:, :, None].repeat_interleave(k, 1),
    )
