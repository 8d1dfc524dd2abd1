"""Log-probabilities of given responses: one forward pass, the head on response positions alone, float32 softmax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from redraft.policy.prompts import EncodedPrompt


@dataclass(frozen=True)
class SequenceBatch:
    """Prompts with responses, right-padded.

    ``input_ids``, ``attention_mask`` [B, T]; ``pixel_values`` [B, ...]; ``positions`` [B, R] index the hidden state
    that predicts each response token; ``targets`` [B, R] are those tokens; ``mask`` [B, R] is False on padding.
    """

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    pixel_values: torch.Tensor
    positions: torch.Tensor
    targets: torch.Tensor
    mask: torch.Tensor

    def to(self, device: torch.device) -> SequenceBatch:
        """The batch on ``device``."""
        return SequenceBatch(**{name: tensor.to(device) for name, tensor in vars(self).items()})


def collate_sequences(
    prompts: Sequence[EncodedPrompt], responses: Sequence[Sequence[int]], pad_id: int
) -> SequenceBatch:
    """Lay prompt and response end to end, one row each."""
    width = max(len(p.input_ids) + len(r) for p, r in zip(prompts, responses, strict=True))
    longest = max(len(r) for r in responses)
    rows = len(prompts)
    ids = torch.full((rows, width), pad_id)
    attention = torch.zeros((rows, width), dtype=torch.long)
    positions = torch.zeros((rows, longest), dtype=torch.long)
    targets = torch.full((rows, longest), pad_id)
    mask = torch.zeros((rows, longest), dtype=torch.bool)
    for row, (prompt, response) in enumerate(zip(prompts, responses, strict=True)):
        p, r = len(prompt.input_ids), len(response)
        ids[row, : p + r] = torch.tensor([*prompt.input_ids, *response])
        attention[row, : p + r] = 1
        positions[row, :r] = torch.arange(p - 1, p + r - 1)
        targets[row, :r] = torch.tensor(list(response))
        mask[row, :r] = True
    pixels = torch.stack([p.pixel_values for p in prompts])
    return SequenceBatch(ids, attention, pixels, positions, targets, mask)


class TokenLogProbs(nn.Module):
    """Wraps a vision-language model so that its forward returns log-probabilities; DDP and DeepSpeed wrap this."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: SequenceBatch) -> torch.Tensor:
        """Log-probability of every response token, [B, R] float32 (float64 models stay float64); 0 on padding."""
        out = self.model.model(
            input_ids=batch.input_ids,
            attention_mask=batch.attention_mask,
            pixel_values=batch.pixel_values.to(self.model.dtype),
            use_cache=False,
        )
        hidden = out.last_hidden_state
        index = batch.positions[..., None].expand(-1, -1, hidden.shape[-1])
        selected = hidden.gather(1, index)[batch.mask]
        logits = self.model.get_output_embeddings()(selected)
        logits = logits if logits.dtype == torch.float64 else logits.float()
        flat = torch.nn.functional.cross_entropy(logits, batch.targets[batch.mask], reduction="none").neg()
        result = flat.new_zeros(batch.mask.shape)
        return result.masked_scatter(batch.mask, flat)
