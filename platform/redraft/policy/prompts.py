"""Texts and pictures to tokens and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from redraft.policy.load import Policy
from redraft.policy.processors import render_chat


@dataclass(frozen=True)
class EncodedPrompt:
    """One prompt with its image.

    ``input_ids`` has every image token spelled out, ``image_tokens`` of them; ``images`` are the processor's tensors of
    this image alone (first dimension 1, or the image's patches); ``positions`` ``[A, T]`` are those of the tokens.
    """

    text: str
    input_ids: tuple[int, ...]
    images: Mapping[str, torch.Tensor]
    image_tokens: int
    positions: torch.Tensor


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
    if policy.family.stacks:
        return _encode_together(policy, images, prompts)
    return [_encode_together(policy, [image], [prompt])[0] for image, prompt in zip(images, prompts, strict=True)]


def _encode_together(policy: Policy, images: Sequence[Image.Image], prompts: Sequence[str]) -> list[EncodedPrompt]:
    """As ``encode_prompts``, in one call of the processor; more than one prompt only where images stack."""
    texts = [_chat(policy, prompt) for prompt in prompts]
    bos = policy.tokenizer.bos_token
    encoded = policy.processor(
        images=[[image] for image in images],
        text=texts,
        # Some templates write the token that begins a sequence, and their tokenizers would write it again.
        add_special_tokens=not (bos and texts[0].startswith(bos)),
    )
    tensors = {key: _tensor(encoded[key]) for key in policy.family.images if key in encoded}
    if policy.family.stacks:
        rows = [{key: value[row : row + 1] for key, value in tensors.items()} for row in range(len(prompts))]
    else:
        rows = [tensors]
    return [
        _encoded_prompt(policy, prompt, ids, own)
        for prompt, ids, own in zip(prompts, encoded["input_ids"], rows, strict=True)
    ]


def _chat(policy: Policy, prompt: str) -> str:
    message = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": prompt}]}
    return render_chat(policy.processor, [message], answer_follows=True)


def _encoded_prompt(policy: Policy, text: str, ids: Sequence[int], images: Mapping[str, torch.Tensor]) -> EncodedPrompt:
    row = torch.as_tensor(ids, dtype=torch.long)
    return EncodedPrompt(
        text=text,
        input_ids=tuple(row.tolist()),
        images=images,
        image_tokens=int((row == policy.model.config.image_token_id).sum()),
        positions=policy.family.locate(policy.model, row, images),
    )


def _tensor(value: Any) -> torch.Tensor:
    if isinstance(value, torch.Tensor):
        return value
    return torch.stack([torch.as_tensor(item) for item in value])


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
