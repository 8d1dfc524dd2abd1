"""Texts and pictures to tokens and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from redraft.policy.load import Policy


@dataclass(frozen=True)
class EncodedPrompt:
    """One prompt with its image: token ids (image tokens expanded) and the processor's image tensors."""

    input_ids: tuple[int, ...]
    pixel_values: torch.Tensor


@dataclass(frozen=True)
class EncodedResponse:
    """One response's tokens, end-of-sequence included, with each token's characters in the text.

    Tokens of the template around the text, and the end-of-sequence token, have empty ranges.
    """

    token_ids: tuple[int, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]


def encode_prompts(policy: Policy, images: Sequence[Image.Image], prompts: Sequence[str]) -> list[EncodedPrompt]:
    """Apply the chat template and the image processor; one entry a prompt."""
    texts = [
        policy.processor.apply_chat_template(
            [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": prompt}]}],
            add_generation_prompt=True,
        )
        for prompt in prompts
    ]
    encoded = policy.processor(images=list(images), text=texts)
    pixels = torch.stack([torch.as_tensor(p) for p in encoded["pixel_values"]])
    return [EncodedPrompt(tuple(ids), px) for ids, px in zip(encoded["input_ids"], pixels, strict=True)]


def encode_response(policy: Policy, text: str) -> EncodedResponse:
    """Tokens of ``lead + text + tail`` and the end-of-sequence token."""
    ids, offsets = _tokenise(policy, text)
    return _with_offsets(policy, text, (*ids, policy.eos_id) if ids[-1:] != [policy.eos_id] else tuple(ids), offsets)


def response_text(policy: Policy, token_ids: Sequence[int]) -> str:
    """The text of generated tokens without the template around it; NUL, which databases refuse, becomes U+FFFD."""
    text = str(policy.tokenizer.decode(list(token_ids), skip_special_tokens=True)).replace("\0", "\ufffd")
    return text.removeprefix(policy.lead).strip()


def trace_offsets(policy: Policy, text: str, token_ids: Sequence[int]) -> EncodedResponse:
    """Characters of ``text`` that each *generated* token covers.

    A policy may write a text with other tokens than the tokenizer would: then prefixes are decoded one by one.
    """
    ids, offsets = _tokenise(policy, text)
    body = list(token_ids[:-1]) if token_ids and token_ids[-1] == policy.eos_id else list(token_ids)
    if ids[: len(body)] == body and len(ids) - len(body) <= 1:
        return _with_offsets(policy, text, tuple(token_ids), offsets)
    ends = [min(len(response_text(policy, token_ids[: i + 1])), len(text)) for i in range(len(token_ids))]
    ends = [max(ends[: i + 1]) for i in range(len(ends))]
    return EncodedResponse(tuple(token_ids), tuple([0, *ends[:-1]]), tuple(ends))


def _tokenise(policy: Policy, text: str) -> tuple[list[int], list[tuple[int, int]]]:
    encoded: Any = policy.tokenizer(
        policy.lead + text + policy.tail, add_special_tokens=False, return_offsets_mapping=True
    )
    return list(encoded["input_ids"]), [(int(a), int(b)) for a, b in encoded["offset_mapping"]]


def _with_offsets(
    policy: Policy, text: str, token_ids: tuple[int, ...], offsets: Sequence[tuple[int, int]]
) -> EncodedResponse:
    shift, size = len(policy.lead), len(text)

    def clamp(position: int) -> int:
        return min(max(position - shift, 0), size)

    ranges = [(clamp(a), clamp(b)) for a, b in offsets[: len(token_ids)]]
    ranges += [(size, size)] * (len(token_ids) - len(ranges))
    return EncodedResponse(token_ids, tuple(a for a, _ in ranges), tuple(b for _, b in ranges))
