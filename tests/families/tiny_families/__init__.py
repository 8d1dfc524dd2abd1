"""Tiny, seeded checkpoints of eleven vision-language model families, made on the spot.

build_family(name, folder) ─► tokenizers ─► processors ─► models ─► a Hugging Face checkpoint folder
load_family(folder)        ─► Checkpoint: processor and model
"""

from __future__ import annotations

from pathlib import Path

from .loading import Checkpoint, load_family
from .models import TIED, build_model
from .pictures import picture
from .processors import PROCESSING, save_processor
from .templates import SPEECH
from .tokenizers import build_tokenizer

FAMILIES = tuple(SPEECH)
"""Config ``model_type`` of every family there is a builder for."""

NEEDS_NUM2WORDS = frozenset({"smolvlm"})
"""Families whose processor refuses to be made without the package num2words, though it is for videos alone."""

__all__ = [
    "FAMILIES",
    "NEEDS_NUM2WORDS",
    "TIED",
    "Checkpoint",
    "build_family",
    "load_family",
    "picture",
]


def build_family(name: str, folder: Path, seed: int = 0) -> Path:
    """Write a checkpoint of the family ``name`` (one of ``FAMILIES``) into ``folder``; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    speech = SPEECH[name]
    tokenizer = build_tokenizer(speech)
    save_processor(folder, PROCESSING[name], tokenizer, speech.template)
    build_model(name, speech, tokenizer, seed).save_pretrained(folder)
    return folder
