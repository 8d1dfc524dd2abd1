"""What of a model is trained: everything, the language model alone, or low-rank adapters in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from redraft.config import LoraConfig, TrainConfig
from redraft.errors import ConfigError, PolicyError
from redraft.policy import Policy

_ADAPTER = ".lora_"
_WRAPPED = ".base_layer."


def prepare_model(policy: Policy, config: TrainConfig) -> dict[str, nn.Parameter]:
    """Set the model up as ``config`` wants it trained; the parameters that get gradients, by name.

    Raises:
        ConfigError: if ``train.lora`` names no layer of the language model, or the head.
        PolicyError: if adapters are asked for and peft is not installed.
    """
    model = policy.model
    if config.gradient_checkpointing:
        model.activation_checkpointing_enable({"use_reentrant": False})
    if config.lora is not None:
        _add_adapters(model, config.lora)
    else:
        for parameter in model.parameters():
            parameter.requires_grad_(not config.freeze_vision)
        for module in (model.get_decoder(), model.get_output_embeddings()):
            module.requires_grad_(True)
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def exported_state(policy: Policy, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """``state`` under the checkpoint's own names: adapters merged into the weights that they adapt."""
    if not any(_ADAPTER in name for name in state):
        return dict(state)
    merged = {}
    for name, tensor in state.items():
        if _ADAPTER in name:
            continue
        plain = name.replace(_WRAPPED, ".")
        up = state.get(f"{plain.removesuffix('.weight')}.lora_B.default.weight")
        down = state.get(f"{plain.removesuffix('.weight')}.lora_A.default.weight")
        if plain.endswith(".weight") and up is not None and down is not None:
            scaling = policy.model.get_submodule(plain.removesuffix(".weight")).scaling["default"]
            tensor = (tensor.float() + scaling * (up.float() @ down.float())).to(tensor.dtype)
        merged[plain] = tensor
    return merged


def _add_adapters(model: Any, config: LoraConfig) -> None:
    try:
        from peft import LoraConfig as PeftConfig
        from peft import inject_adapter_in_model
    except ImportError as e:
        raise PolicyError("train.lora needs peft: install it with `pip install 'redraft[lora]'`") from e
    decoder = model.get_decoder()
    linear = {name.rpartition(".")[2] for name, module in decoder.named_modules() if isinstance(module, nn.Linear)}
    for target in config.targets:
        if target in ("lm_head", "embed_tokens"):
            raise ConfigError(f"train.lora.targets: {target} may not have an adapter; it is tied to, or is, the head")
        if target not in linear:
            raise ConfigError(
                f"train.lora.targets: the language model has no {target}; it has {', '.join(sorted(linear))}"
            )
    model.requires_grad_(False)
    inject_adapter_in_model(
        PeftConfig(
            r=config.rank,
            lora_alpha=config.alpha,
            lora_dropout=config.dropout,
            target_modules=list(config.targets),
        ),
        decoder,
    )
