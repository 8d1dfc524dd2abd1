"""How much memory drawing takes, how much there is, and whether an error says that it was not enough."""

from __future__ import annotations

import psutil
import torch

from redraft.generation import GenerationSettings
from redraft.policy.load import Policy

_WORDS = 40
"""Bytes for each word of a row's vocabulary: logits, log-softmax, probabilities in float32, their sum in float64."""


def cache_bytes(policy: Policy) -> int:
    """Bytes that one token of one row takes in the key-value cache, by the model's config: an upper bound.

    Layers with a sliding window or without keys and values take less.
    """
    text = policy.model.config.get_text_config()
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return int(2 * text.num_hidden_layers * heads * size * policy.model.dtype.itemsize)


def prompt_bytes(policy: Policy, length: int, settings: GenerationSettings) -> int:
    """Bytes to draw ``settings.k`` responses to a prompt of ``length`` tokens.

    The cache of the prompt and of k rows that are as long as they may become, and the distribution over the next token.
    """
    vocabulary = int(policy.model.config.get_text_config().vocab_size)
    cached = length + settings.k * (length + settings.max_new_tokens)
    return cached * cache_bytes(policy) + settings.k * vocabulary * _WORDS


def free_bytes(device: torch.device) -> int:
    """Memory that can still be had on the device, or of the host if that is the CPU."""
    if device.type != "cuda":
        return int(psutil.virtual_memory().available)
    free, _ = torch.cuda.mem_get_info(device)
    return int(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocation failed: CUDA's error, Python's, or the RuntimeError of torch's CPU allocator."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)


def release(device: torch.device) -> None:
    """Give cached blocks back, so that a smaller batch does not meet them in pieces."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
