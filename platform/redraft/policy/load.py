"""Load and save a vision-language model with its processor, by transformers' own Auto classes."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from redraft.checkpoints import resolve_policy_path
from redraft.errors import PolicyError
from redraft.policy.families import Family, family_of
from redraft.policy.processors import load_processor, render_chat

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@dataclass
class Policy:
    """A model and everything needed to talk to it.

    ``lead`` and ``tail`` are what the chat template puts before and after an assistant's text; a response is encoded
    as ``lead + text + tail``, ending in ``eos_id``.
    """

    model: Any
    family: Family
    processor: Any
    tokenizer: Any
    device: torch.device
    lead: str
    tail: str
    eos_id: int
    pad_id: int


def load_policy(path: str | Path, device: str = "auto", dtype: str = "float32", *, weights: bool = True) -> Policy:
    """Load a checkpoint folder for inference; call ``policy.model.train()`` to train it.

    Args:
        weights: without them the policy encodes and decodes, and can do nothing else; it then takes no memory to speak
            of, whatever its size.

    Raises:
        PolicyError: naming the folder and what is wrong with it.
    """
    from transformers import AutoConfig, AutoModelForImageTextToText
    from transformers.utils.logging import disable_progress_bar

    logging.getLogger("transformers").setLevel(logging.ERROR)
    disable_progress_bar()
    folder = resolve_policy_path(str(path))
    where = torch.device(_device(device)) if weights else torch.device("meta")
    try:
        processor = load_processor(folder)
        model: Any
        if weights:
            model = AutoModelForImageTextToText.from_pretrained(
                folder, dtype=getattr(torch, dtype), local_files_only=True
            )
        else:
            with torch.device("meta"):
                model = AutoModelForImageTextToText.from_config(
                    AutoConfig.from_pretrained(folder, local_files_only=True)
                )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as e:
        raise PolicyError(f"cannot load the policy in {folder}: {' '.join(str(e).split())[:300]}") from e
    tokenizer = getattr(processor, "tokenizer", None)
    if tokenizer is None or not tokenizer.is_fast:
        raise PolicyError(f"the policy in {folder} has no fast tokenizer, which character offsets need")
    if tokenizer.eos_token_id is None:
        raise PolicyError(f"the tokenizer in {folder} names no end-of-sequence token")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "left"
    lead, tail = _response_frame(processor, folder)
    return Policy(
        model=model.to(where).eval(),
        family=family_of(model),
        processor=processor,
        tokenizer=tokenizer,
        device=where,
        lead=lead,
        tail=tail,
        eos_id=_end_of_response(tokenizer, tail),
        pad_id=int(tokenizer.pad_token_id),
    )


def save_policy(policy: Policy, folder: Path, state_dict: dict[str, torch.Tensor] | None = None) -> None:
    """Write a Hugging Face checkpoint (safetensors) with its processor; ``state_dict`` replaces the model's own."""
    folder.mkdir(parents=True, exist_ok=True)
    policy.model.save_pretrained(folder, state_dict=state_dict)
    policy.processor.save_pretrained(folder)


def _device(name: str) -> str:
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise PolicyError("policy.device is cuda, but torch sees no GPU here; set policy.device=auto")
    return name


def _end_of_response(tokenizer: Any, tail: str) -> int:
    """The special token that the template ends an assistant's turn with, or else the end-of-sequence token."""
    ids = tokenizer(tail, add_special_tokens=False)["input_ids"]
    last = tokenizer.added_tokens_decoder.get(ids[-1]) if ids else None
    return int(ids[-1] if last is not None and last.special else tokenizer.eos_token_id)


def _response_frame(processor: Any, folder: Path) -> tuple[str, str]:
    """What the chat template writes around an assistant's text, found by rendering a probe."""
    if not getattr(processor, "chat_template", None):
        raise PolicyError(f"the processor in {folder} has no chat template; save one with the checkpoint")
    probe = "\u00abprobe\u00bb"
    user = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "?"}]}
    assistant = {"role": "assistant", "content": [{"type": "text", "text": probe}]}
    prompt = render_chat(processor, [user], answer_follows=True)
    whole = render_chat(processor, [user, assistant])
    if not whole.startswith(prompt.rstrip()) or probe not in whole:
        raise PolicyError(f"the chat template in {folder} does not begin an answered conversation with its prompt")
    lead, _, tail = whole[len(prompt.rstrip()) :].partition(probe)
    # A prompt that ends in white space is followed by the text itself, whatever the template puts there in retrospect.
    return "" if prompt != prompt.rstrip() else lead, tail.rstrip()
