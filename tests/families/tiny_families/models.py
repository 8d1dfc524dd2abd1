"""An untrained model of each family, a few layers small, whose log-probabilities nevertheless move.

Weights are drawn here and not by transformers: with its small deviations a tiny model hears neither the picture nor
the prompt, and every token is about as likely as any other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForImageTextToText, PreTrainedTokenizerFast

from .templates import Speech

WIDTH = 64
VISION_WIDTH = 32
TIED = frozenset({"qwen2_vl", "internvl", "gemma3", "paligemma"})
"""The families whose published checkpoints (of some size) share the input embedding with the head."""

_HEAD_DEVIATION = 0.5
_TIED_DEVIATION, _TIED_GAIN = 0.02, 16.0
_QUERY_GAIN = 3.0
"""Makes attention choose; an average over all tokens hardly changes from one to the next."""

_TEXT = {
    "hidden_size": WIDTH,
    "intermediate_size": 2 * WIDTH,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
}
_VISION = {
    "hidden_size": VISION_WIDTH,
    "intermediate_size": 2 * VISION_WIDTH,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
Named = dict[str, int]
Settings = dict[str, Any]


def build_model(family: str, speech: Speech, tokenizer: PreTrainedTokenizerFast, seed: int) -> Any:
    """The family's class with seeded weights; torch's own random state is left alone."""
    config = build_config(family, speech, tokenizer)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: Any = AutoModelForImageTextToText.from_config(config)
        _draw_weights(model)
    model.generation_config.eos_token_id = [_id(tokenizer, end) for end in (speech.eos, *speech.also_ends)]
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.bos_token_id = tokenizer.bos_token_id
    return model.eval()


def build_config(family: str, speech: Speech, tokenizer: PreTrainedTokenizerFast) -> Any:
    """The family's config around this tokenizer."""
    ids = {name: _id(tokenizer, token) for name, token in speech.named.items()}
    text = {
        **_TEXT,
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "tie_word_embeddings": family in TIED,
    }
    settings = _CONFIGS[family](text, ids)
    return AutoConfig.for_model(family, **settings, tie_word_embeddings=family in TIED)


def _id(tokenizer: PreTrainedTokenizerFast, token: str) -> int:
    return tokenizer.get_vocab()[token]


@torch.no_grad()
def _draw_weights(model: Any) -> None:
    for name, parameter in model.named_parameters():
        if parameter.ndim >= 2:
            sharpness = _QUERY_GAIN if name.endswith("q_proj.weight") else 1
            parameter.normal_(0, sharpness * parameter[0].numel() ** -0.5)
    head = model.get_output_embeddings().weight
    if model.get_input_embeddings().weight is head:
        head.normal_(0, _TIED_DEVIATION)  # small, or every token would be followed by itself
        model.model.language_model.norm.weight.add_(_TIED_GAIN - 1)
    else:
        head.normal_(0, _HEAD_DEVIATION)
    head[model.config.image_token_id] = 0  # a trained model never writes an image token


def _clip(patch: int) -> Settings:
    return {"model_type": "clip_vision_model", "image_size": 28, "patch_size": patch, "projection_dim": 32, **_VISION}


def _siglip(side: int, patch: int) -> Settings:
    named = {"model_type": "siglip_vision_model", "vision_use_head": False}
    return {**named, "image_size": side, "patch_size": patch, **_VISION}


def _llava(text: Settings, ids: Named) -> Settings:
    whole = {**text, "num_key_value_heads": text["num_attention_heads"]}
    return {
        "vision_config": _clip(7),
        "text_config": {"model_type": "llama", **whole},
        "image_token_index": ids["image_token"],
        "image_seq_length": 16,
    }


def _llava_next(text: Settings, ids: Named) -> Settings:
    return {
        "vision_config": _clip(14),
        "text_config": {"model_type": "mistral", "sliding_window": None, "head_dim": 16, **text},
        "image_token_index": ids["image_token"],
        "image_grid_pinpoints": [[28, 56], [56, 28], [56, 56]],
        "image_seq_length": 4,
    }


def _llava_onevision(text: Settings, ids: Named) -> Settings:
    return {
        "vision_config": _siglip(28, 14),
        "text_config": {"model_type": "qwen2", **text},
        "image_token_index": ids["image_token"],
        "video_token_index": ids["video_token"],
        "image_grid_pinpoints": [[28, 28], [28, 56], [56, 28], [56, 56]],
    }


def _qwen(text: Settings, vision: Settings, ids: Named, **text_more: Any) -> Settings:
    rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 3, 3], **text_more.pop("rope", {})}
    return {
        "text_config": {**text, "rope_parameters": rope, **text_more},
        "vision_config": {"depth": 2, "num_heads": 2, "spatial_merge_size": 2, "temporal_patch_size": 2, **vision},
        **{f"{name}_id": number for name, number in ids.items()},
    }


def _qwen2_vl(text: Settings, ids: Named) -> Settings:
    return _qwen(text, {"embed_dim": VISION_WIDTH, "hidden_size": WIDTH, "mlp_ratio": 2, "patch_size": 7}, ids)


def _qwen2_5_vl(text: Settings, ids: Named) -> Settings:
    sizes = {"hidden_size": VISION_WIDTH, "intermediate_size": 2 * VISION_WIDTH, "out_hidden_size": WIDTH}
    return _qwen(text, {**sizes, "patch_size": 7, "window_size": 28, "fullatt_block_indexes": [1]}, ids)


def _qwen3_vl(text: Settings, ids: Named) -> Settings:
    sizes = {"hidden_size": VISION_WIDTH, "intermediate_size": 2 * VISION_WIDTH, "out_hidden_size": WIDTH}
    deep = {"patch_size": 8, "num_position_embeddings": 16, "deepstack_visual_indexes": [0, 1]}
    return _qwen(text, {**sizes, **deep}, ids, head_dim=16, rope={"mrope_interleaved": True})


def _idefics(text: Settings, ids: Named) -> Settings:
    return {
        "vision_config": {"image_size": 32, "patch_size": 8, **_VISION},
        "text_config": {"model_type": "llama", **text},
        "image_token_id": ids["image_token"],
        "scale_factor": 2,
    }


def _internvl(text: Settings, ids: Named) -> Settings:
    return {
        "vision_config": {"image_size": 32, "patch_size": 8, **_VISION},
        "text_config": {"model_type": "qwen2", **text},
        "image_token_id": ids["context_image_token"],
        "image_seq_length": 4,
    }


def _gemma3(text: Settings, ids: Named) -> Settings:
    layers = {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 32}
    return {
        "vision_config": _siglip(32, 8),
        "text_config": {**text, **layers, "head_dim": 16, "query_pre_attn_scalar": 2},
        "mm_tokens_per_image": 4,
        "boi_token_index": ids["boi_token"],
        "eoi_token_index": ids["eoi_token"],
        "image_token_index": ids["image_token"],
    }


def _paligemma(text: Settings, ids: Named) -> Settings:
    return {
        "vision_config": _siglip(32, 8),
        "text_config": {"model_type": "gemma", **text, "num_key_value_heads": 1, "head_dim": 16},
        "image_token_index": ids["image_token"],
        "projection_dim": WIDTH,
        "hidden_size": WIDTH,
    }


_CONFIGS: dict[str, Callable[[Settings, Named], Settings]] = {
    "llava": _llava,
    "llava_next": _llava_next,
    "llava_onevision": _llava_onevision,
    "qwen2_vl": _qwen2_vl,
    "qwen2_5_vl": _qwen2_5_vl,
    "qwen3_vl": _qwen3_vl,
    "idefics3": _idefics,
    "smolvlm": _idefics,
    "internvl": _internvl,
    "gemma3": _gemma3,
    "paligemma": _paligemma,
}
