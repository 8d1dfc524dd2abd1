"""k samples from one prefill, with log-probabilities and entropies from the same pass.

The image and the prompt are read once; the key-value cache is then repeated k times. A row's random numbers come
from its own seed alone, so that a sample is the same whatever batch it is drawn in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from redraft.policy.load import Policy
from redraft.policy.prompts import EncodedPrompt, response_text, trace_offsets
from redraft.records import TokenTrace


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
    k = settings.k
    state = _prefill(policy, prompts, k)
    uniforms = _uniforms(seeds, k, settings) if settings.temperature > 0 else None
    tokens: list[torch.Tensor] = []
    logprobs: list[torch.Tensor] = []
    entropies: list[torch.Tensor] = []
    done = torch.zeros(len(prompts) * k, dtype=torch.bool, device=policy.device)
    for step in range(settings.max_new_tokens):
        logp = state.logits.float().log_softmax(-1)
        u = None if uniforms is None else uniforms[:, step].to(policy.device)
        token = _choose(logp, u, settings)
        token = torch.where(done, policy.pad_id, token)
        tokens.append(token)
        logprobs.append(logp.gather(1, token[:, None])[:, 0])
        entropies.append(torch.special.entr(logp.exp()).sum(-1))
        done = done | (token == policy.eos_id)
        if bool(done.all()) or step + 1 == settings.max_new_tokens:
            break
        state.advance(policy, token)
    columns = torch.stack(tokens, 1).cpu(), torch.stack(logprobs, 1).cpu(), torch.stack(entropies, 1).cpu()
    return [_generation(policy, *(column[row].tolist() for column in columns)) for row in range(len(prompts) * k)]


class _DecodeState:
    """Logits of the next token for every row, and what is needed to go one token on."""

    def __init__(self, logits: torch.Tensor, cache: object, mask: torch.Tensor, positions: torch.Tensor) -> None:
        self.logits, self.cache, self.mask, self.positions = logits, cache, mask, positions

    def advance(self, policy: Policy, token: torch.Tensor) -> None:
        """Feed one token a row."""
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(token), 1)], 1)
        out = policy.model(
            input_ids=token[:, None],
            attention_mask=self.mask,
            position_ids=self.positions,
            past_key_values=self.cache,
            use_cache=True,
        )
        self.positions = self.positions + 1
        self.logits = out.logits[:, -1]


def _prefill(policy: Policy, prompts: Sequence[EncodedPrompt], k: int) -> _DecodeState:
    width = max(len(p.input_ids) for p in prompts)
    ids = torch.full((len(prompts), width), policy.pad_id)
    mask = torch.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        ids[row, width - len(prompt.input_ids) :] = torch.tensor(prompt.input_ids)
        mask[row, width - len(prompt.input_ids) :] = 1
    ids, mask = ids.to(policy.device), mask.to(policy.device)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    pixels = torch.stack([p.pixel_values for p in prompts]).to(policy.device, policy.model.dtype)
    out = policy.model(
        input_ids=ids,
        attention_mask=mask,
        position_ids=positions,
        pixel_values=pixels,
        use_cache=True,
        logits_to_keep=1,
    )
    cache = out.past_key_values
    if k > 1:
        cache.batch_repeat_interleave(k)
    return _DecodeState(
        out.logits[:, -1].repeat_interleave(k, 0),
        cache,
        mask.repeat_interleave(k, 0),
        (positions[:, -1:] + 1).repeat_interleave(k, 0),
    )


def _uniforms(seeds: Sequence[int], k: int, settings: GenerationSettings) -> torch.Tensor:
    rows = []
    for seed in seeds:
        for sample in range(k):
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
