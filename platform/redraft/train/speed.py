"""How fast a step was, and how much of the hardware it used."""

from __future__ import annotations

import re
import time
from typing import Any

import psutil
import torch

from redraft.plan.hardware import GPUS
from redraft.records import StepSpeed


class Stopwatch:
    """Runs from its making."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.began = time.perf_counter()

    def speed(self, *, pairs: int, tokens: int, model: Any) -> StepSpeed:
        """What a step of so many pairs and language-model tokens, over all workers, took.

        The model FLOPs utilisation counts 6 FLOPs a token and parameter of the language model (PaLM, arXiv 2204.02311,
        appendix B; attention and vision left out), against the GPU's dense bfloat16 peak; None without a known GPU.
        """
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        seconds = time.perf_counter() - self.began
        return StepSpeed(
            ended_at=time.time(),
            seconds=seconds,
            pairs_per_second=pairs / seconds,
            tokens_per_second=tokens / seconds,
            memory_gib=self._memory(),
            mfu=self._utilisation(tokens / seconds, model),
        )

    def _memory(self) -> float:
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device) / 2**30
        return float(psutil.Process().memory_info().rss) / 2**30

    def _utilisation(self, tokens_per_second: float, model: Any) -> float | None:
        if self.device.type != "cuda":
            return None
        peak = peak_flops(torch.cuda.get_device_name(self.device))
        if peak is None:
            return None
        parameters = int(sum(p.numel() for p in model.get_decoder().parameters()))
        workers = torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1
        return 6.0 * parameters * tokens_per_second / (workers * peak)


def peak_flops(device_name: str) -> float | None:
    """Dense bfloat16 peak, FLOP/s, of a GPU by the name that torch gives it; None for one that is not in the table."""
    words = re.split(r"[\s-]+", device_name)
    for gpu in GPUS.values():
        if gpu.name.partition("-")[0] in words:
            return gpu.bfloat16_tflops * 1e12
    return None
