"""Log-probabilities of given responses: one forward pass, the head only where a token is predicted, float32 softmax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint

from redraft.policy.attention import attention_mask
from redraft.policy.families import Family
from redraft.policy.layout import TokenBatch
from redraft.policy.prompts import EncodedPrompt
from redraft.policy.vision import as_model_input, image_features

HEAD_CHUNK = 512
"""Predictions whose logits, ``[HEAD_CHUNK, vocabulary]`` in float32, are in memory at a time."""


@dataclass(frozen=True)
class ModelInput:
    """Rows of tokens, the prompts that they were laid out from, and the prompts' image features where at hand."""

    tokens: TokenBatch
    prompts: tuple[EncodedPrompt, ...]
    features: tuple[torch.Tensor, ...] | None = None

    def to(self, device: torch.device) -> ModelInput:
        """The tokens on ``device``; images and features follow when they are used."""
        return ModelInput(self.tokens.to(device), self.prompts, self.features)


class TokenLogProbs(nn.Module):
    """Wraps a vision-language model so that its forward returns log-probabilities; DDP and DeepSpeed wrap this."""

    def __init__(self, model: Any, family: Family) -> None:
        super().__init__()
        self.model = model
        self.family = family

    def forward(self, inputs: ModelInput) -> torch.Tensor:
        """Log-probability of every response token, ``[S, R]``; 0 on padding.

        Float32, or float64 for a float64 model. Features that are not given are computed, with gradients where the
        vision tower has any.
        """
        features = inputs.features or image_features(self.model, self.family, inputs.prompts)
        batch = inputs.tokens
        hidden = self._hidden(batch, [features[p] for p in batch.image_rows])
        predicting = hidden.flatten(0, 1).index_select(0, batch.sources)
        logps = self._predicted(predicting, batch.targets)
        return logps.index_select(0, batch.index.flatten()).view_as(batch.index).masked_fill(~batch.mask, 0.0)

    def _hidden(self, batch: TokenBatch, features: Sequence[torch.Tensor]) -> torch.Tensor:
        ids, positions = batch.input_ids, batch.positions
        mask = attention_mask(self.model, self.family, ids, positions, batch.branch, batch.prompt)
        out = self.model.model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=position_ids(positions),
            mm_encoder_outputs=as_model_input(self.family, features, ids.device),
            use_cache=False,
        )
        hidden: torch.Tensor = out.last_hidden_state
        return hidden

    def _predicted(self, hidden: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        if len(targets) <= HEAD_CHUNK:
            return self._head(hidden, targets)
        pieces = zip(torch.split(hidden, HEAD_CHUNK), torch.split(targets, HEAD_CHUNK), strict=True)
        return torch.cat([checkpoint(self._head, h, t, use_reentrant=False) for h, t in pieces])

    def _head(self, hidden: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        logits = next_token_logits(self.model, hidden)
        logits = logits if logits.dtype == torch.float64 else logits.float()
        return cross_entropy(logits, targets, reduction="none").neg()


def next_token_logits(model: Any, hidden: torch.Tensor) -> torch.Tensor:
    """Logits ``[..., V]`` of hidden states ``[..., D]``, capped where the model caps them."""
    logits: torch.Tensor = model.get_output_embeddings()(hidden)
    cap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)
    return logits if cap is None else torch.tanh(logits / cap) * cap


def position_ids(positions: torch.Tensor) -> torch.Tensor:
    """``[A, B, T]`` as models take it: without the first dimension where there is only one."""
    return positions if len(positions) > 1 else positions[0]
