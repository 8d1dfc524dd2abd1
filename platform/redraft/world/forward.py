"""The tiny policy's forward pass in parts: picture to features (cached once the tower is frozen), ids to embeddings."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

from redraft.world.architecture import IMAGE_TOKEN, IMAGE_TOKENS


def normalised(pictures: NDArray[np.uint8]) -> Tensor:
    """Pictures ``[B, H, W, 3]`` in bytes as the tower takes them: ``[B, 3, H, W]`` in [-1, 1]."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div(127.5).sub(1)


@torch.no_grad()
def features_of(model: LlavaForConditionalGeneration, pictures: NDArray[np.uint8], batch: int = 200) -> Tensor:
    """The tower's patch features ``[B, 36, D]``, before the projector."""
    tower = model.model.vision_tower
    parts = [
        tower(pixel_values=normalised(pictures[start : start + batch])).last_hidden_state[:, 1:]
        for start in range(0, len(pictures), batch)
    ]
    return torch.cat(parts)


def prompt_ids(tokenizer: PreTrainedTokenizerFast, prompt: str) -> list[int]:
    """Tokens of a prompt about one picture, the image placeholder repeated; equal to the processor's."""
    text = f"USER: {IMAGE_TOKEN}\n{prompt} ASSISTANT:".replace(IMAGE_TOKEN, IMAGE_TOKEN * IMAGE_TOKENS)
    return list(tokenizer(text)["input_ids"])


def response_ids(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    """Tokens of a response, end-of-sequence included."""
    return [*tokenizer(f" {text}")["input_ids"], tokenizer.eos_token_id]


def embed(model: LlavaForConditionalGeneration, ids: Tensor, projected: Tensor) -> Tensor:
    """Input embeddings ``[B, T, D]`` of token ids ``[B, T]`` with the picture's ``[B, 36, D]`` at its placeholders."""
    is_image = (ids == model.config.image_token_id).unsqueeze(-1)
    embedded: Tensor = model.model.language_model.embed_tokens(ids)
    return embedded.masked_scatter(is_image, projected.to(embedded.dtype))
