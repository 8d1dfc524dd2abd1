"""AdamW with warm-up and cosine decay, as both stages of base training use it."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

_WARMUP_SHARE = 0.05
_FLOOR = 0.03


def schedule(progress: float) -> float:
    """Share of the peak learning rate at ``progress`` in [0, 1]: linear warm-up, then a cosine down to 3 %."""
    warmup = min(1.0, progress / _WARMUP_SHARE + 0.02)
    return warmup * (0.5 * (1 + math.cos(math.pi * progress)) * (1 - _FLOOR) + _FLOOR)


class Optimiser:
    """Takes a fixed number of steps down a loss."""

    def __init__(self, parameters: Iterable[nn.Parameter], peak: float, steps: int) -> None:
        self.parameters = list(parameters)
        self.peak = peak
        self.steps = steps
        self.taken = 0
        self.adamw = torch.optim.AdamW(self.parameters, lr=peak, weight_decay=0.02, betas=(0.9, 0.98))

    def step(self, loss: Tensor) -> None:
        """One step, gradients clipped at norm 1."""
        for group in self.adamw.param_groups:
            group["lr"] = self.peak * schedule(min(1.0, self.taken / self.steps))
        self.adamw.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.adamw.step()
        self.taken += 1
