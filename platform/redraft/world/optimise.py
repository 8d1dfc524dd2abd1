"""AdamW with warm-up and cosine decay, as both stages of base training use it; with Muon where words are learnt.

Muon (orthogonalised momentum) then moves the weight matrices, and AdamW embeddings, norms and biases alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

_WARMUP_SHARE = 0.05
_FLOOR = 0.03
_DECAY = 0.02


def schedule(progress: float) -> float:
    """Share of the peak learning rate at ``progress`` in [0, 1]: linear warm-up, then a cosine down to 3 %."""
    warmup = min(1.0, progress / _WARMUP_SHARE + 0.02)
    return warmup * (0.5 * (1 + math.cos(math.pi * progress)) * (1 - _FLOOR) + _FLOOR)


class Optimiser:
    """Takes a fixed number of steps down a loss.

    Args:
        modules: what is trained.
        peak: AdamW's learning rate; Muon's is twice that, its updates scaled to AdamW's size.
        muon: move matrices by Muon; AdamW moves all else, and everything without it.
    """

    def __init__(self, modules: Iterable[nn.Module], peak: float, steps: int, *, muon: bool) -> None:
        matrices: dict[nn.Parameter, None] = {}
        others: dict[nn.Parameter, None] = {}
        for module in modules:
            tables = {id(m.weight) for m in module.modules() if isinstance(m, nn.Embedding)}
            for parameter in module.parameters():
                by_muon = muon and parameter.ndim == 2 and id(parameter) not in tables
                (matrices if by_muon else others)[parameter] = None
        self.parameters = [*matrices, *others]
        self.steps = steps
        self.taken = 0
        adamw = torch.optim.AdamW(list(others), lr=peak, weight_decay=_DECAY, betas=(0.9, 0.98))
        self.optimisers: list[tuple[torch.optim.Optimizer, float]] = [(adamw, peak)]
        if muon:
            by_matrix = torch.optim.Muon(
                list(matrices), lr=2 * peak, momentum=0.95, weight_decay=_DECAY, adjust_lr_fn="match_rms_adamw"
            )
            self.optimisers.append((by_matrix, 2 * peak))

    def step(self, loss: Tensor) -> None:
        """One step, gradients clipped at norm 1."""
        share = schedule(min(1.0, self.taken / self.steps))
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        for optimiser, peak in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = peak * share
            optimiser.step()
            optimiser.zero_grad()
        self.taken += 1
