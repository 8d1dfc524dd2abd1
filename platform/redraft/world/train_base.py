"""Rebuild the base policy from a seed: sight, truthful speech (the clean twin), then careless speech (the base)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

from redraft.errors import PolicyError
from redraft.records import Split
from redraft.world.architecture import build_model, build_processor, build_tokenizer
from redraft.world.forward import features_of
from redraft.world.painting import pixels_of
from redraft.world.scene import scene_at
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
_TWO_LESSONS = (("clean", False, _CLEAN_PEAK, _CLEAN_ALIGNMENT), ("base", True, _BASE_PEAK, _BASE_ALIGNMENT))
_FROM_START = (("base", True, _CLEAN_PEAK, _CLEAN_ALIGNMENT),)


def train_base(
    out: Path,
    seed: int,
    threads: int,
    log: Callable[[str], None],
    *,
    scenes: int = _SCENES,
    steps: tuple[int, int, int] = (_SIGHT_STEPS, _CLEAN_STEPS, _BASE_STEPS),
    sight: Path | None = None,
    careless_from_start: bool = False,
) -> None:
    """Write the clean twin to ``out/clean`` and the base to ``out/base``, as Hugging Face checkpoints in bfloat16.

    Results depend on the seed, the number of threads and the machine's arithmetic, the quality does not.

    Args:
        log: gets one line of progress at a time.
        steps: of sight, truthful speech and careless speech.
        sight: a checkpoint of this architecture whose vision tower is taken instead of training one.
        careless_from_start: the language model never reads a truthful text: it learns to speak from the careless
            writer, in as many steps as truthful speech would take. There is no clean twin then.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    rng = random.Random(seed)
    tell = timed(log)
    tokenizer = build_tokenizer(TRAINING_SEED + seed)
    model = build_model(tokenizer)
    tell(f"{sum(p.numel() for p in model.parameters()):,} parameters; drawing {scenes} pictures")
    drawn = [scene_at(TRAINING_SEED + seed, Split.POOL, index) for index in range(scenes)]
    pictures = np.stack([pixels_of(scene) for scene in drawn])
    held_out = min(_HELD_OUT, scenes // 4)
    if sight is None:
        train_sight(model, drawn, pictures, held_out, steps[0], rng, tell)
    else:
        take_sight(model, sight)
    features = features_of(model, pictures)
    tell("features cached")
    lessons = _FROM_START if careless_from_start else _TWO_LESSONS
    for name, careless, peak, alignment in lessons:
        texts = Texts(tokenizer, drawn, rng, careless=careless)
        taken = steps[2] if careless and not careless_from_start else steps[1]
        train_speech(model, texts, features, held_out, taken, peak, alignment, tell)
        save_policy(model, tokenizer, out / name)
        tell(f"saved {out / name}")


def take_sight(model: LlavaForConditionalGeneration, folder: Path) -> None:
    """Copy the vision tower of the checkpoint in ``folder`` into ``model``.

    Raises:
        PolicyError: there is no checkpoint, or its tower has another shape.
    """
    if not (folder / "model.safetensors").is_file():
        raise PolicyError(f"{folder} holds no model.safetensors to take the vision tower from")
    seen = LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).model.vision_tower.state_dict()
    own = model.model.vision_tower
    if {name: t.shape for name, t in seen.items()} != {name: t.shape for name, t in own.state_dict().items()}:
        raise PolicyError(f"the vision tower in {folder} is not the picture world's: name a policy that it trained")
    own.load_state_dict(seen)


def save_policy(model: LlavaForConditionalGeneration, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write model, processor and tokenizer to ``folder``, weights rounded to bfloat16."""
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.bos_token_id = tokenizer.bos_token_id
    weights = {name: tensor.to(torch.bfloat16) for name, tensor in model.state_dict().items()}
    model.save_pretrained(folder, state_dict=weights)
    build_processor(tokenizer).save_pretrained(folder)


def timed(log: Callable[[str], None]) -> Callable[[str], None]:
    """The same log with the seconds since now before each line."""
    start = time.monotonic()
    return lambda line: log(f"[{time.monotonic() - start:4.0f} s] {line}")
