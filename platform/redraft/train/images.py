"""Images for training: decoded and encoded once, their features kept while the vision tower is frozen."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from redraft.blobs import BlobReader
from redraft.images import decode_image
from redraft.policy import EncodedPrompt, Policy, encode_prompts, image_features
from redraft.train.batches import SeenImage
from redraft.train.encode import TrainingExample, blank_image


class ImageSource:
    """Prompts with their images, by example.

    Args:
        keep: of so many images the features are kept in host memory, the first that are asked for: with more images
            than that, the oldest would otherwise be gone by the time an epoch comes back to them. 0 leaves features
            to the model's forward pass, which a tower that is trained needs.
    """

    def __init__(self, policy: Policy, blobs: BlobReader, max_pixels: int, *, keep: int) -> None:
        self.policy, self.blobs, self.max_pixels, self.keep = policy, blobs, max_pixels, keep
        self._prompts: dict[tuple[str, str, bool], EncodedPrompt] = {}
        self._features: dict[tuple[str, bool], torch.Tensor] = {}

    def seen(self, examples: Sequence[TrainingExample], *, blank: bool = False) -> list[SeenImage]:
        """One entry an example; ``blank`` puts a grey image in place of each."""
        prompts = [self._prompt(example, blank) for example in examples]
        if not self.keep:
            return [SeenImage(prompt) for prompt in prompts]
        keys = [(example.blob, blank) for example in examples]
        fresh = {key: prompt for key, prompt in zip(keys, prompts, strict=True) if key not in self._features}
        computed = dict(zip(fresh, self._compute(list(fresh.values())), strict=True))
        for key, features in computed.items():
            if len(self._features) < self.keep:
                self._features[key] = features
        return [
            SeenImage(prompt, computed[key] if key in computed else self._features[key])
            for key, prompt in zip(keys, prompts, strict=True)
        ]

    def _prompt(self, example: TrainingExample, blank: bool) -> EncodedPrompt:
        key = (example.blob, example.prompt, blank)
        if key in self._prompts:
            return self._prompts[key]
        image = decode_image(self.blobs.get(example.blob), self.max_pixels)
        prompt = encode_prompts(self.policy, [blank_image(image) if blank else image], [example.prompt])[0]
        if len(self._prompts) < self.keep:
            self._prompts[key] = prompt
        return prompt

    @torch.no_grad()
    def _compute(self, prompts: Sequence[EncodedPrompt]) -> list[torch.Tensor]:
        """Features on the host, one image at a time: together, the last bits would depend on the company."""
        model, family = self.policy.model, self.policy.family
        return [image_features(model, family, [prompt])[0].cpu() for prompt in prompts]
