"""Teach a base the long form: its speech goes on with the same careless writer's texts, most of which have a recap."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

from redraft.errors import PolicyError
from redraft.records import Split
from redraft.world.forward import features_of
from redraft.world.painting import pixels_of
from redraft.world.scene import scene_at
from redraft.world.train_base import TRAINING_SEED, save_policy, timed
from redraft.world.train_speech import Texts, train_speech

_SCENES = 8000
_STEPS = 1200
_PEAK = 1.5e-3
_ALIGNMENT = 0.05
_DESCRIPTIONS, _QUESTIONS = 16, 8
_LONG_SHARE = 0.75


def train_long(
    out: Path,
    start: Path,
    seed: int,
    threads: int,
    log: Callable[[str], None],
    *,
    scenes: int = _SCENES,
    steps: int = _STEPS,
) -> None:
    """Write to ``out/base`` the policy in ``start``, gone on to long descriptions; its vision tower stays as it is.

    Results depend on the seed, the number of threads and the machine's arithmetic, the quality does not.

    Args:
        start: a checkpoint that ``train_base`` wrote.
        log: gets one line of progress at a time.

    Raises:
        PolicyError: ``start`` holds no checkpoint.
    """
    if not (start / "model.safetensors").is_file():
        raise PolicyError(f"{start} holds no model.safetensors to go on from: name a policy that train-base wrote")
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    rng = random.Random(seed)
    tell = timed(log)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(start)
    model = LlavaForConditionalGeneration.from_pretrained(start, dtype=torch.float32)
    tell(f"going on from {start}; drawing {scenes} pictures")
    drawn = [scene_at(TRAINING_SEED + seed, Split.POOL, index) for index in range(scenes)]
    features = features_of(model, np.stack([pixels_of(scene) for scene in drawn]))
    tell("features cached")
    texts = Texts(
        tokenizer,
        drawn,
        rng,
        careless=True,
        descriptions=_DESCRIPTIONS,
        questions=_QUESTIONS,
        long_share=_LONG_SHARE,
    )
    train_speech(model, texts, features, 0, steps, _PEAK, _ALIGNMENT, tell)
    save_policy(model, tokenizer, out / "base")
    tell(f"saved {out / 'base'}")
