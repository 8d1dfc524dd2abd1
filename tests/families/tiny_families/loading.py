"""Checkpoint folders back to processor and model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText

from redraft.policy.processors import load_processor

_NOT_IMAGES = frozenset({"input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids", "labels"})


@dataclass(frozen=True)
class Checkpoint:
    """A loaded checkpoint folder."""

    family: str
    folder: Path
    processor: Any
    model: Any

    def chat(self, question: str, answer: str | None = None) -> str:
        """The templated text of a question about one picture, up to the answer or with it."""
        messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}]
        if answer is not None:
            messages.append({"role": "assistant", "content": [{"type": "text", "text": answer}]})
        text: str = self.processor.tokenizer.apply_chat_template(
            messages,
            chat_template=self.processor.chat_template,
            add_generation_prompt=answer is None,
            tokenize=False,
        )
        return text

    def encode(self, picture: Image.Image, question: str) -> dict[str, torch.Tensor]:
        """The processor's tensors of one prompt; ``<bos>`` is not added where the template has written it."""
        text, bos = self.chat(question), self.processor.tokenizer.bos_token
        lists = self.processor(images=[[picture]], text=[text], add_special_tokens=not text.startswith(bos))
        encoded = lists.convert_to_tensors("pt")  # asked for tensors, PaliGemma's processor makes numpy complain
        return {key: value for key, value in encoded.items() if key != "labels"}

    def image_features(self, encoded: dict[str, torch.Tensor]) -> torch.Tensor:
        """What the vision side makes of the picture: ``[image tokens, width]``."""
        images = {key: value for key, value in encoded.items() if key not in _NOT_IMAGES}
        pooled = self.model.model.get_image_features(**images, return_dict=True).pooler_output
        joined = pooled if isinstance(pooled, torch.Tensor) else torch.cat(list(pooled))
        return joined.reshape(-1, joined.shape[-1])


def load_family(folder: Path) -> Checkpoint:
    """The checkpoint in ``folder``, ready for inference."""
    model: Any = AutoModelForImageTextToText.from_pretrained(folder, local_files_only=True)
    return Checkpoint(model.config.model_type, folder, load_processor(folder), model.eval())
