"""A model's shape from its files: every count against a real model of the family."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForImageTextToText

from redraft.errors import PolicyError
from redraft.plan import read_shape
from redraft.policy.families import FAMILIES
from redraft.world import builtin_policy

TEXT: dict[str, Any] = {
    "vocab_size": 96, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
SQUARE: dict[str, Any] = {
    "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 3, "num_attention_heads": 2,
    "image_size": 28, "patch_size": 7,
}  # fmt: skip
GRID: dict[str, Any] = {
    **TEXT, "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [1, 1, 2]},
}  # fmt: skip
CLIP = {**SQUARE, "model_type": "clip_vision_model"}
SIGLIP = {**SQUARE, "model_type": "siglip_vision_model", "vision_use_head": False}


@dataclass(frozen=True)
class Tiny:
    """A tiny model: its family, the sections of its config, and what one picture becomes."""

    family: str
    text: dict[str, Any]
    vision: dict[str, Any]
    tokens: int
    whole: dict[str, Any]


TINY = [
    Tiny("llava", {**TEXT, "model_type": "llama"}, CLIP, 16, {}),
    Tiny("llava", {**TEXT, "model_type": "llama", "attention_bias": True, "mlp_bias": True}, CLIP, 17,
         {"vision_feature_layer": [-2, -1], "vision_feature_select_strategy": "full"}),
    Tiny("llava", {**TEXT, "model_type": "qwen3", "head_dim": 8, "tie_word_embeddings": True}, CLIP, 16, {}),
    Tiny("llava_next", {**TEXT, "model_type": "mistral", "head_dim": 8}, CLIP, 4 * 16 + 6, {}),
    Tiny("llava_onevision", {**TEXT, "model_type": "qwen2"}, SIGLIP, 4 * 16 + 6, {}),
    Tiny("llava_onevision", {**TEXT, "model_type": "qwen2"}, {**SIGLIP, "vision_use_head": True}, 70, {}),
    Tiny("qwen2_vl", GRID, {"depth": 2, "embed_dim": 16, "hidden_size": 32, "num_heads": 2}, 23 * 17, {}),
    Tiny("qwen2_5_vl", GRID,
         {"depth": 2, "hidden_size": 16, "intermediate_size": 24, "num_heads": 2, "out_hidden_size": 32}, 23 * 17, {}),
    Tiny("qwen3_vl", {**GRID, "head_dim": 8},
         {"depth": 3, "hidden_size": 16, "intermediate_size": 24, "num_heads": 2, "out_hidden_size": 32,
          "num_position_embeddings": 64, "deepstack_visual_indexes": [0, 1]}, 20 * 15, {}),
    Tiny("idefics3", {**TEXT, "model_type": "llama"}, SQUARE, 13 * 16 // 4, {"image_token_id": 5}),
    Tiny("smolvlm", {**TEXT, "model_type": "llama"}, SQUARE, 13 * 16 // 4, {"image_token_id": 5}),
    Tiny("internvl", {**TEXT, "model_type": "qwen2"}, SQUARE, 4, {}),
    Tiny("gemma3", {**TEXT, "model_type": "gemma3_text", "head_dim": 8}, SIGLIP, 4, {"mm_tokens_per_image": 4}),
    Tiny("paligemma", {**TEXT, "model_type": "gemma", "head_dim": 8}, SIGLIP, 16, {"projection_dim": 32}),
    Tiny("paligemma", {**TEXT, "model_type": "gemma2", "head_dim": 8}, SIGLIP, 16, {"projection_dim": 32}),
]  # fmt: skip


@pytest.mark.parametrize("tiny", TINY, ids=lambda tiny: f"{tiny.family}-{tiny.text.get('model_type', 'own')}")
@pytest.mark.filterwarnings("ignore")
def test_parameters_are_those_of_the_real_model(tiny: Tiny, tmp_path: Path) -> None:
    """By the weights' headers and, once those are gone, by the config alone."""
    config = AutoConfig.for_model(tiny.family, text_config=tiny.text, vision_config=tiny.vision, **tiny.whole)
    model = AutoModelForImageTextToText.from_config(config)
    parameters = sum(p.numel() for p in model.parameters())
    decoder = sum(p.numel() for n, p in model.get_decoder().named_parameters() if "embed_tokens" not in n)
    model.save_pretrained(tmp_path)

    counted = read_shape(tmp_path)
    assert (counted.counted, counted.parameters.total, counted.parameters.layers) == ("weights", parameters, decoder)
    assert counted.tied == (model.get_output_embeddings().weight is model.get_input_embeddings().weight)
    assert counted.picture.tokens == tiny.tokens

    (tmp_path / "model.safetensors").unlink()
    computed = read_shape(tmp_path)
    assert computed == counted.model_copy(update={"counted": "config"})


def test_every_supported_family_has_a_shape() -> None:
    assert {tiny.family for tiny in TINY} == set(FAMILIES)


def test_rows_branch_where_no_window_hides_the_trunk(tmp_path: Path) -> None:
    def limit(family: str, text: dict[str, Any]) -> int | None:
        section = SIGLIP if family in ("gemma3", "paligemma") else CLIP
        config = {"model_type": family, "text_config": {**TEXT, **text}, "vision_config": section}
        (tmp_path / "config.json").write_text(json.dumps(config))
        return read_shape(tmp_path).longest_branched

    assert limit("llava", {"model_type": "llama"}) is None
    assert limit("llava_next", {"model_type": "mistral"}) == 4096
    assert limit("llava_next", {"model_type": "mistral", "sliding_window": None}) is None
    assert limit("llava", {"model_type": "qwen2", "sliding_window": 128, "use_sliding_window": True}) == 128
    assert limit("llava", {"model_type": "qwen2", "sliding_window": 128, "use_sliding_window": False}) is None
    assert limit("paligemma", {"model_type": "gemma2", "sliding_window": 64}) == 64
    assert limit("gemma3", {"model_type": "gemma3_text", "sliding_window": 64}) is None


LLAVA_7B = {
    "model_type": "llava",
    "image_token_index": 32000,
    "projector_hidden_act": "gelu",
    "text_config": {"max_position_embeddings": 4096, "model_type": "llama", "rms_norm_eps": 1e-05, "vocab_size": 32064},
    "vision_config": {
        "hidden_size": 1024, "image_size": 336, "intermediate_size": 4096, "model_type": "clip_vision_model",
        "num_attention_heads": 16, "num_hidden_layers": 24, "patch_size": 14, "projection_dim": 768,
    },
    "vision_feature_layer": -2,
    "vision_feature_select_strategy": "default",
}  # fmt: skip


def test_llava_7b_has_its_published_size_from_its_config_alone(tmp_path: Path) -> None:
    """7 063 427 072 parameters; what llava-1.5-7b's file leaves out are Llama's defaults."""
    (tmp_path / "config.json").write_text(json.dumps(LLAVA_7B))
    shape = read_shape(tmp_path)
    assert shape.parameters.total == pytest.approx(7_063_427_072, rel=0.01)
    assert shape.parameters.total == 7_063_427_072
    assert shape.parameters.vision == 303_507_456
    assert shape.decoder.matrices == 32 * (4 * 4096 * 4096 + 3 * 4096 * 11008)
    assert (shape.picture.tokens, shape.picture.fixed, shape.vision.tile_tokens) == (576, True, 577)


def test_qwen_7b_has_its_published_size_from_a_flat_config(tmp_path: Path) -> None:
    """Qwen2.5-VL-7B, 8.29 B parameters, whose file has the language model's fields at the top."""
    config = {
        "model_type": "qwen2_5_vl", "vocab_size": 152064, "hidden_size": 3584, "intermediate_size": 18944,
        "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4, "tie_word_embeddings": False,
        "vision_config": {"depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16,
                          "out_hidden_size": 3584, "patch_size": 14, "spatial_merge_size": 2},
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    shape = read_shape(tmp_path, image_tokens=390)
    assert shape.parameters.total == 8_292_166_656
    assert (shape.picture.tokens, shape.picture.fixed, shape.picture.patches_per_token) == (390, False, 4)


def test_sharded_weights_are_counted_through_their_index(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text((builtin_policy() / "config.json").read_text())
    parts = {
        "model-00001-of-00002.safetensors": {"model.language_model.embed_tokens.weight": torch.zeros(579, 128)},
        "model-00002-of-00002.safetensors": {
            "model.language_model.layers.0.mlp.up_proj.weight": torch.zeros(384, 128),
            "model.vision_tower.encoder.layers.0.mlp.fc1.weight": torch.zeros(10, 10),
            "model.multi_modal_projector.linear_1.weight": torch.zeros(7, 1),
        },
    }
    for name, tensors in parts.items():
        save_file(tensors, tmp_path / name)
    save_file({"ignored": torch.zeros(9)}, tmp_path / "another.safetensors")
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {t: name for name, ts in parts.items() for t in ts}}))
    shape = read_shape(tmp_path)
    parameters = shape.parameters
    assert (parameters.embeddings, parameters.layers, parameters.vision) == (579 * 128, 384 * 128, 100)
    assert (parameters.projector, parameters.head, shape.tied) == (7, 0, True)

    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(PolicyError, match=r"index\.json names model-00002-of-00002\.safetensors, which .* not hold"):
        read_shape(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "blip"}, "model type blip is not supported: use one of gemma3"),
        ({"text_config": None}, "has no section text_config"),
        ({"text_config": {"model_type": "mamba"}}, "does not know language models of type mamba; it knows llama"),
        ({"vision_config": {"model_type": "pixtral"}}, "does not know vision towers of type pixtral"),
        ({"text_config": {"hidden_size": "wide"}}, r"text_config\.hidden_size must be a whole number .*'wide'"),
        ({"vision_config": {"patch_size": 0}}, r"vision_config\.patch_size must be a whole number above zero, not 0"),
        ({"vision_config": {"image_size": 8}}, r"vision_config: squares of 8 pixels hold no patch of 14"),
        ({"tie_word_embeddings": 1}, "tie_word_embeddings must be true or false"),
    ],
)
def test_a_config_that_makes_no_sense_is_named(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    sections = {
        key: {**value, **change[key]} if isinstance(value, dict) and change.get(key) else value
        for key, value in LLAVA_7B.items()
    }
    plain = {key: value for key, value in change.items() if not isinstance(value, dict)}
    (tmp_path / "config.json").write_text(json.dumps({**sections, **plain}))
    with pytest.raises(PolicyError, match=message):
        read_shape(tmp_path)


def test_bad_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"cannot read .*config\.json"):
        read_shape(tmp_path / "nowhere")
    (tmp_path / "config.json").write_text("[1]")
    with pytest.raises(PolicyError, match="must hold a mapping, not a list"):
        read_shape(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(LLAVA_7B))
    (tmp_path / "model.safetensors").write_bytes(b"not safetensors")
    with pytest.raises(PolicyError, match="cannot be read as safetensors"):
        read_shape(tmp_path)
    save_file({"multi_modal_projector.x": torch.zeros(3)}, tmp_path / "model.safetensors")
    with pytest.raises(PolicyError, match="hold no language model"):
        read_shape(tmp_path)
