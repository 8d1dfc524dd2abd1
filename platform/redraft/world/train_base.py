"""Rebuild the base policy from a seed: sight, truthful speech (the clean twin), then careless speech (the base)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

from redraft.records import Split
from redraft.world.architecture import build_model, build_processor, build_tokenizer
from redraft.world.forward import features_of
from redraft.world.painting import pixels_of
from redraft.world.scene import Scene, scene_at
from redraft.world.train_sight import train_sight
from redraft.world.train_speech import Texts, train_speech

TRAINING_SEED = 1_000_000
"""Added to the seed of the pictures, so that a base never trained on the pictures of a run with a small seed."""

_SCENES = 16_000
_HELD_OUT = 400
_SIGHT_STEPS = 1200
_CLEAN_STEPS = 1600
_BASE_STEPS = 350
_CLEAN_PEAK, _BASE_PEAK = 3e-3, 1.5e-3
_CLEAN_ALIGNMENT, _BASE_ALIGNMENT = 0.3, 0.05


def train_base(
    out: Path,
    seed: int,
    threads: int,
    log: Callable[[str], None],
    *,
    scenes: int = _SCENES,
    steps: tuple[int, int, int] = (_SIGHT_STEPS, _CLEAN_STEPS, _BASE_STEPS),
) -> None:
    """Write the clean twin to ``out/clean`` and the base to ``out/base``, as Hugging Face checkpoints in bfloat16.

    ``log`` gets one line of progress at a time; ``steps`` are those of sight, truthful speech and careless speech.
    Results depend on the seed, the number of threads and the machine's arithmetic, the quality does not.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    rng = random.Random(seed)
    tell = _timed(log)
    tokenizer = build_tokenizer(TRAINING_SEED + seed)
    model = build_model(tokenizer)
    tell(f"{sum(p.numel() for p in model.parameters()):,} parameters; drawing {scenes} pictures")
    drawn = [scene_at(TRAINING_SEED + seed, Split.POOL, index) for index in range(scenes)]
    pictures = np.stack([pixels_of(scene) for scene in drawn])
    held_out = min(_HELD_OUT, scenes // 4)
    _learn(out, model, tokenizer, drawn, pictures, held_out, steps, rng, tell)


def _learn(
    out: Path,
    model: LlavaForConditionalGeneration,
    tokenizer: PreTrainedTokenizerFast,
    scenes: Sequence[Scene],
    pictures: NDArray[np.uint8],
    held_out: int,
    steps: tuple[int, int, int],
    rng: random.Random,
    tell: Callable[[str], None],
) -> None:
    train_sight(model, scenes, pictures, held_out, steps[0], rng, tell)
    features = features_of(model, pictures)
    tell("features cached; truthful speech")
    truthful = Texts(tokenizer, scenes, rng, careless=False)
    train_speech(model, truthful, features, held_out, steps[1], _CLEAN_PEAK, _CLEAN_ALIGNMENT, tell)
    save_policy(model, tokenizer, out / "clean")
    tell(f"saved {out / 'clean'}; careless speech")
    careless = Texts(tokenizer, scenes, rng, careless=True)
    train_speech(model, careless, features, held_out, steps[2], _BASE_PEAK, _BASE_ALIGNMENT, tell)
    save_policy(model, tokenizer, out / "base")
    tell(f"saved {out / 'base'}")


def save_policy(model: LlavaForConditionalGeneration, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write model, processor and tokenizer to ``folder``, weights rounded to bfloat16."""
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.bos_token_id = tokenizer.bos_token_id
    weights = {name: tensor.to(torch.bfloat16) for name, tensor in model.state_dict().items()}
    model.save_pretrained(folder, state_dict=weights)
    build_processor(tokenizer).save_pretrained(folder)


def _timed(log: Callable[[str], None]) -> Callable[[str], None]:
    start = time.monotonic()
    return lambda line: log(f"[{time.monotonic() - start:4.0f} s] {line}")
