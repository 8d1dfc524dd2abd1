"""Which pairs go into which step, and how they are laid out for the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from redraft.policy import EncodedPrompt, SequenceBatch, collate_sequences
from redraft.train.encode import TrainingExample


@dataclass(frozen=True)
class PairBatch:
    """B pairs as 2B sequences, the chosen ones first.

    ``changed`` and ``reference`` are [2B, R], aligned with ``sequences.targets``.
    """

    sequences: SequenceBatch
    changed: torch.Tensor
    reference: torch.Tensor

    def to(self, device: torch.device) -> PairBatch:
        """The batch on ``device``."""
        return PairBatch(self.sequences.to(device), self.changed.to(device), self.reference.to(device))


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


def collate_pairs(examples: Sequence[TrainingExample], prompts: Sequence[EncodedPrompt], pad_id: int) -> PairBatch:
    """Lay out B pairs; ``prompts[i]`` belongs to ``examples[i]``."""
    sides = [e.chosen for e in examples] + [e.rejected for e in examples]
    references = [e.chosen_reference for e in examples] + [e.rejected_reference for e in examples]
    sequences = collate_sequences([*prompts, *prompts], [s.ids for s in sides], pad_id)
    changed = torch.zeros(sequences.mask.shape, dtype=torch.bool)
    reference = torch.zeros(sequences.mask.shape, dtype=torch.float32)
    for row, (side, logps) in enumerate(zip(sides, references, strict=True)):
        changed[row, : len(side.changed)] = torch.tensor(side.changed)
        reference[row, : len(logps)] = torch.tensor(logps)
    return PairBatch(sequences, changed, reference)
