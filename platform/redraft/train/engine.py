"""What the loop needs of a training back end, and the plain one: torch alone or torch with DDP."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from redraft.config import TrainConfig
from redraft.policy import Policy, SequenceBatch, TokenLogProbs


class Engine(Protocol):
    """Forward, backward, update, save. Every rank calls every method; they may communicate."""

    rank: int
    world_size: int

    def log_probs(self, batch: SequenceBatch) -> torch.Tensor:
        """Token log-probabilities with gradients, [B, R]."""
        ...

    def update(self, loss: torch.Tensor, lr: float) -> float:
        """Backward, average gradients over ranks, clip, step at ``lr``; the gradient norm before clipping."""
        ...

    def mean_over_ranks(self, values: torch.Tensor) -> torch.Tensor:
        """The mean of ``values`` over all ranks."""
        ...

    def save(self, folder: Path) -> None:
        """Write the parameters and the optimiser into ``folder``, which other ranks write too."""
        ...

    def load(self, folder: Path) -> None:
        """Take up what ``save`` wrote."""
        ...

    def model_state(self) -> dict[str, torch.Tensor]:
        """All parameters of the Hugging Face model by its own names; complete on rank 0, maybe empty elsewhere."""
        ...


class TorchEngine:
    """Plain torch, wrapped in DDP when a process group is up."""

    def __init__(self, policy: Policy, config: TrainConfig) -> None:
        distributed = dist.is_available() and dist.is_initialized()
        self.rank = dist.get_rank() if distributed else 0
        self.world_size = dist.get_world_size() if distributed else 1
        self.model = policy.model
        self.trainable = freeze(policy.model, config)
        module: nn.Module = TokenLogProbs(policy.model)
        self._forward: Any = DistributedDataParallel(module) if self.world_size > 1 else module
        self._optimizer = optimizer(list(self.trainable.values()), config)
        self._max_grad_norm = config.max_grad_norm

    def log_probs(self, batch: SequenceBatch) -> torch.Tensor:
        """Token log-probabilities with gradients, [B, R]."""
        result: torch.Tensor = self._forward(batch)
        return result

    def update(self, loss: torch.Tensor, lr: float) -> float:
        """Backward, clip, step."""
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.trainable.values(), self._max_grad_norm)
        for group in self._optimizer.param_groups:
            group["lr"] = lr
        self._optimizer.step()
        return float(norm)

    def mean_over_ranks(self, values: torch.Tensor) -> torch.Tensor:
        """The mean over all ranks."""
        if self.world_size > 1:
            values = values.clone()
            dist.all_reduce(values)
            values /= self.world_size
        return values

    def save(self, folder: Path) -> None:
        """Rank 0 writes parameters and AdamW moments as safetensors."""
        if self.rank == 0:
            tensors = {f"param.{name}": p.detach().cpu().contiguous() for name, p in self.trainable.items()}
            for name, p in self.trainable.items():
                for key, value in self._optimizer.state[p].items():
                    tensors[f"{key}.{name}"] = torch.as_tensor(value).cpu().contiguous()
            save_file(tensors, folder / "engine.safetensors")

    def load(self, folder: Path) -> None:
        """Restore what ``save`` wrote."""
        tensors = load_file(folder / "engine.safetensors")
        with torch.no_grad():
            for name, p in self.trainable.items():
                p.copy_(tensors[f"param.{name}"])
                keys = ("step", "exp_avg", "exp_avg_sq")
                self._optimizer.state[p] = {
                    key: tensors[f"{key}.{name}"].to(p.device if key != "step" else "cpu")
                    for key in keys
                    if f"{key}.{name}" in tensors
                }

    def model_state(self) -> dict[str, torch.Tensor]:
        """The whole model's state."""
        state: dict[str, torch.Tensor] = self.model.state_dict()
        return state


def freeze(model: nn.Module, config: TrainConfig) -> dict[str, nn.Parameter]:
    """Leave only what ``config`` trains with gradients; those parameters by name."""
    for name, parameter in model.named_parameters():
        language = "language_model" in name or "lm_head" in name
        parameter.requires_grad_(language or not config.freeze_vision)
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def optimizer(parameters: list[nn.Parameter], config: TrainConfig) -> torch.optim.AdamW:
    """AdamW as every strategy uses it."""
    return torch.optim.AdamW(parameters, lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=config.weight_decay)
