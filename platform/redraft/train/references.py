"""The reference after an on-policy warm-up: the warmed policy's own log-probabilities of every pair."""

from __future__ import annotations

import torch
import torch.distributed as dist

from redraft.train.engine import Engine
from redraft.train.feed import BatchMaker
from redraft.train.state import References


@torch.no_grad()
def score_references(engine: Engine, batches: BatchMaker, examples: int) -> References:
    """Score all ``examples`` pairs, shared out over the ranks; every rank gets all of them.

    OPA-DPO (arXiv 2501.09695) takes the policy that supervised steps have brought close to the corrections as the
    reference of the preference steps that follow.
    """
    per_rank = -(-examples // engine.world_size)
    mine: References = {}
    for turn in range(per_rank):
        index = (turn * engine.world_size + engine.rank) % examples
        batch = batches.one(index)
        logps = engine.log_probs(batch.inputs).float().cpu()
        mask = batch.inputs.tokens.mask.cpu()
        chosen, rejected = (tuple(row[kept].tolist()) for row, kept in zip(logps, mask, strict=True))
        mine[index] = (chosen, rejected)
    if engine.world_size == 1:
        return mine
    parts: list[References] = [{} for _ in range(engine.world_size)]
    dist.all_gather_object(parts, mine)
    return {index: scores for part in parts for index, scores in part.items()}
