"""What the loop needs of a training back end, and the plain one: torch alone or torch with DDP."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Protocol

import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from redraft.config import TrainConfig
from redraft.policy import ModelInput, Policy, TokenLogProbs
from redraft.train.trainable import exported_state, prepare_model


class Engine(Protocol):
    """Forward, backward, step, save. Every rank calls every method; they may communicate."""

    rank: int
    world_size: int

    def log_probs(self, inputs: ModelInput) -> torch.Tensor:
        """Token log-probabilities with gradients, [S, R]."""
        ...

    def accumulate(self, *, last: bool) -> AbstractContextManager[None]:
        """Around forward and backward of one micro-batch; ``last`` of its step, ranks average their gradients."""
        ...

    def backward(self, loss: torch.Tensor) -> None:
        """Add the gradients of ``loss``."""
        ...

    def step(self, lr: float) -> float:
        """Clip, step at ``lr``, forget the gradients; their norm before clipping."""
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
    """Plain torch, wrapped in DDP when a process group is up.

    A bfloat16 policy is trained with float32 parameters and a bfloat16 forward pass (autocast).
    """

    def __init__(self, policy: Policy, config: TrainConfig) -> None:
        distributed = dist.is_available() and dist.is_initialized()
        self.rank = dist.get_rank() if distributed else 0
        self.world_size = dist.get_world_size() if distributed else 1
        self.model = policy.model
        self.trainable = prepare_model(policy, config)
        self._policy, self._device = policy, policy.device
        self._autocast = policy.model.dtype == torch.bfloat16
        if self._autocast:
            policy.model.float()
        module: nn.Module = TokenLogProbs(policy.model, policy.family)
        # A model trained whole has parts that no image feature passes through: the tower's last layers.
        self._ddp = (
            DistributedDataParallel(module, find_unused_parameters=not config.freeze_vision)
            if self.world_size > 1
            else None
        )
        self._forward: Any = self._ddp or module
        self._optimizer = optimizer(list(self.trainable.values()), config)
        self._max_grad_norm = config.max_grad_norm

    def log_probs(self, inputs: ModelInput) -> torch.Tensor:
        """Token log-probabilities with gradients, [S, R]."""
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._autocast):
            result: torch.Tensor = self._forward(inputs)
        return result

    def accumulate(self, *, last: bool) -> AbstractContextManager[None]:
        """DDP exchanges gradients in the last micro-batch alone."""
        return nullcontext() if last or self._ddp is None else self._ddp.no_sync()

    def backward(self, loss: torch.Tensor) -> None:
        """Add gradients."""
        loss.backward()  # type: ignore[no-untyped-call]

    def step(self, lr: float) -> float:
        """Clip, step."""
        norm = nn.utils.clip_grad_norm_(self.trainable.values(), self._max_grad_norm)
        for group in self._optimizer.param_groups:
            group["lr"] = lr
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
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
        """The whole model's state, in the policy's own precision and with adapters merged."""
        dtype = torch.bfloat16 if self._autocast else self.model.dtype
        return exported_state(self._policy, {name: t.to(dtype) for name, t in self.model.state_dict().items()})


def optimizer(parameters: list[nn.Parameter], config: TrainConfig) -> torch.optim.AdamW:
    """AdamW as every strategy uses it."""
    return torch.optim.AdamW(parameters, lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=config.weight_decay)
