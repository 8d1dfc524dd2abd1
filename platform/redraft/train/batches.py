"""Which pairs go into which step, and how they are laid out for the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from redraft import ddpo
from redraft.policy import EncodedPrompt, ModelInput, lay_out
from redraft.policy.layout import common_prefix
from redraft.train.encode import TrainingExample


@dataclass(frozen=True)
class PairBatch:
    """B pairs for one forward pass, their 2B responses chosen first.

    Attributes:
        inputs: what the model reads.
        changed: bool ``[2B, R]``, aligned with the log-probabilities of ``inputs``.
        kept: bool ``[2B, R]``, the tokens that count.
        reference: ``[2B, R]``, the reference's log-probabilities.
        blank: the chosen responses after a blank image, with ``blank_reference`` ``[B, R']``, where the objective asks.
        smoothing: ``[B]``, the chance of each preference to be the wrong way round; None where it is 0 for all.
    """

    inputs: ModelInput
    changed: torch.Tensor
    kept: torch.Tensor
    reference: torch.Tensor
    blank: ModelInput | None = None
    blank_reference: torch.Tensor | None = None
    smoothing: torch.Tensor | None = None

    def to(self, device: torch.device) -> PairBatch:
        """The batch on ``device``."""
        return PairBatch(
            self.inputs.to(device),
            self.changed.to(device),
            self.kept.to(device),
            self.reference.to(device),
            None if self.blank is None else self.blank.to(device),
            None if self.blank_reference is None else self.blank_reference.to(device),
            None if self.smoothing is None else self.smoothing.to(device),
        )


@dataclass(frozen=True)
class SeenImage:
    """A prompt with its image, encoded, and the image's features where they are kept."""

    prompt: EncodedPrompt
    features: torch.Tensor | None = None


def step_indices(pairs: int, batch_size: int, steps: int, seed: int) -> list[list[int]]:
    """Indices of the pairs of every step: seeded permutations end to end, so every pair is seen before any twice.

    The order depends on the arguments alone, not on the number of workers; a set smaller than a batch is cycled.
    """
    generator = torch.Generator().manual_seed(seed)
    queue: list[int] = []
    plan = []
    for _ in range(steps):
        while len(queue) < batch_size:
            queue += torch.randperm(pairs, generator=generator).tolist()
        plan.append(queue[:batch_size])
        queue = queue[batch_size:]
    return plan


def rank_slice(indices: Sequence[int], rank: int, world_size: int) -> list[int]:
    """The equal part of a step's pairs that one worker takes."""
    return list(indices[rank::world_size])


def micro_batches(examples: Sequence[TrainingExample], size: int) -> list[list[TrainingExample]]:
    """A worker's pairs of one step in groups of at most ``size``, alike in length so that little is padded.

    The pairs of a step stay the pairs of that step: bucketing changes no gradient.
    """
    ordered = sorted(examples, key=lambda e: (len(e.chosen.ids) + len(e.rejected.ids), e.pair_id))
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]


def collate_pairs(
    examples: Sequence[TrainingExample],
    seen: Sequence[SeenImage],
    pad_id: int,
    *,
    share: bool = True,
    first_segment_only: bool = False,
    blank: Sequence[SeenImage] | None = None,
) -> PairBatch:
    """Lay out B pairs; ``seen[i]`` (and ``blank[i]``, the same prompt after a blank image) belong to ``examples[i]``.

    Args:
        share: whether the two responses of a pair branch from one row.
        first_segment_only: leave out the tokens behind the first changed segment.
    """
    inputs = _model_input(seen, [(e.chosen.ids, e.rejected.ids) for e in examples], pad_id, share)
    mask = inputs.tokens.mask
    changed = _padded([e.chosen.changed for e in examples] + [e.rejected.changed for e in examples], mask, torch.bool)
    references = [e.chosen_reference for e in examples] + [e.rejected_reference for e in examples]
    kept = mask
    if first_segment_only:
        prefix = torch.tensor([common_prefix((e.chosen.ids, e.rejected.ids)) for e in examples])
        kept = mask & ddpo.until_first_segment(changed, prefix.repeat(2))
    after_blank, blank_reference = None, None
    if blank is not None:
        after_blank = _model_input(blank, [(e.chosen.ids,) for e in examples], pad_id, share=False)
        blank_reference = _padded([e.blank_reference for e in examples], after_blank.tokens.mask, torch.float32)
    reference = _padded(references, mask, torch.float32)
    smoothing = torch.tensor([e.smoothing for e in examples]) if any(e.smoothing for e in examples) else None
    return PairBatch(inputs, changed, kept, reference, after_blank, blank_reference, smoothing)


def _model_input(
    seen: Sequence[SeenImage], responses: Sequence[Sequence[Sequence[int]]], pad_id: int, share: bool
) -> ModelInput:
    prompts = tuple(s.prompt for s in seen)
    features = tuple(s.features for s in seen if s.features is not None)
    tokens = lay_out(prompts, responses, pad_id, share=share)
    return ModelInput(tokens, prompts, features if len(features) == len(prompts) else None)


def _padded(rows: Sequence[Sequence[float]], mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Rows of unequal length as the front of a tensor shaped like ``mask``."""
    padded = torch.zeros(mask.shape, dtype=dtype)
    for row, values in enumerate(rows):
        padded[row, : len(values)] = torch.tensor(values, dtype=dtype)
    return padded
