"""A worker's pairs of one step, laid out in micro-batches on its device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from redraft.blobs import BlobReader
from redraft.config import TrainConfig
from redraft.policy import Policy, may_share_prefix
from redraft.train.batches import PairBatch, collate_pairs, micro_batches
from redraft.train.encode import TrainingExample
from redraft.train.images import ImageSource
from redraft.train.state import References


class BatchMaker:
    """Makes batches of a dataset's examples.

    Attributes:
        references: where set, they replace those of the dataset.
        tokens: how many tokens the language model reads in the batches made last.
        shares_prefix: whether the responses of a pair branch from one row.
    """

    def __init__(
        self,
        policy: Policy,
        examples: Sequence[TrainingExample],
        blobs: BlobReader,
        config: TrainConfig,
        max_pixels: int,
        images: ImageSource | None = None,
    ) -> None:
        """``images`` brings features from an earlier job with the same, frozen, vision tower."""
        self.policy, self.examples, self.config = policy, examples, config
        frozen = config.freeze_vision or config.lora is not None
        self.images = images or ImageSource(policy, blobs, max_pixels, keep=config.cached_images if frozen else 0)
        self.shares_prefix = config.layout == "auto" and may_share_prefix(
            policy.model, policy.family, 2 * config.max_tokens
        )
        self.references: References | None = None
        self.tokens = 0

    def of(self, indices: Sequence[int]) -> list[PairBatch]:
        """The pairs ``indices``, in batches of at most ``train.micro_batch``."""
        groups = micro_batches([self._example(i) for i in indices], self.config.micro_batch)
        batches = [self.collate(group) for group in groups]
        self.tokens = sum(int((batch.inputs.tokens.branch >= 0).sum()) for batch in batches)
        return [batch.to(self.policy.device) for batch in batches]

    def one(self, index: int) -> PairBatch:
        """One pair, as the dataset has it."""
        return self.collate([self.examples[index]]).to(self.policy.device)

    def _example(self, index: int) -> TrainingExample:
        example = self.examples[index]
        if self.references is None:
            return example
        chosen, rejected = self.references[index]
        return replace(example, chosen_reference=chosen, rejected_reference=rejected)

    def collate(self, examples: Sequence[TrainingExample]) -> PairBatch:
        """These examples as one batch, on the host."""
        objective = self.config.objective
        return collate_pairs(
            examples,
            self.images.seen(examples),
            self.policy.pad_id,
            share=self.shares_prefix,
            first_segment_only=objective.first_segment_only,
            blank=self.images.seen(examples, blank=True) if objective.image_ablated else None,
        )
