"""DeepSpeed ZeRO-2 and ZeRO-3 behind the loop's engine protocol."""

from __future__ import annotations

import os
import shutil
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from redraft.config import TrainConfig
from redraft.policy import ModelInput, Policy, TokenLogProbs
from redraft.records import stable_id
from redraft.train.engine import optimizer
from redraft.train.trainable import exported_state, prepare_model

_TAG = "deepspeed"
_PREFIX = "model."


class DeepSpeedEngine:
    """One DeepSpeed engine; on a CPU it runs with gloo and torch's AdamW, which need no compiled optimiser."""

    def __init__(self, policy: Policy, config: TrainConfig) -> None:
        if policy.device.type == "cpu":
            os.environ["DS_ACCELERATOR"] = "cpu"
        import deepspeed

        self.rank, self.world_size = dist.get_rank(), dist.get_world_size()
        self.stage = config.zero_stage
        trainable = prepare_model(policy, config)
        self._policy = policy
        self._micro_batches = micro_batches_per_step(config, self.world_size)
        self._engine, *_ = deepspeed.initialize(
            model=TokenLogProbs(policy.model, policy.family),
            optimizer=optimizer(list(trainable.values()), config),
            config=deepspeed_config(config, self.world_size, policy.model.dtype),
            dist_init_required=False,
        )

    def log_probs(self, inputs: ModelInput) -> torch.Tensor:
        """Token log-probabilities with gradients, [S, R]."""
        result: torch.Tensor = self._engine(inputs)
        return result

    @contextmanager
    def accumulate(self, *, last: bool) -> Iterator[None]:
        """DeepSpeed counts micro-batches by calls of its ``step``, which acts at the last one alone."""
        yield
        if not last:
            self._engine.step()

    def backward(self, loss: torch.Tensor) -> None:
        """Add gradients; DeepSpeed divides the loss by the number of micro-batches, ours is a share already."""
        self._engine.backward(loss * self._micro_batches)

    def step(self, lr: float) -> float:
        """Reduce, clip, step."""
        for group in self._engine.optimizer.param_groups:
            group["lr"] = lr
        self._engine.step()
        return float(self._engine.get_global_grad_norm() or 0.0)

    def mean_over_ranks(self, values: torch.Tensor) -> torch.Tensor:
        """The mean over all ranks."""
        values = values.clone()
        dist.all_reduce(values)
        return values / self.world_size

    def save(self, folder: Path) -> None:
        """Every rank writes its shard."""
        self._engine.save_checkpoint(str(folder), tag=_TAG)

    def load(self, folder: Path) -> None:
        """Restore what ``save`` wrote, with whatever number of workers that was."""
        saved = len(list((folder / _TAG).glob("*zero_pp_rank_*_optim_states.pt")))
        if saved == self.world_size:
            self._engine.load_checkpoint(str(folder), tag=_TAG)
            return
        self._engine._config.load_universal_checkpoint = True
        self._engine.load_checkpoint(str(universal_checkpoint(folder)), tag=_TAG)
        self._engine._config.load_universal_checkpoint = False

    def model_state(self) -> dict[str, torch.Tensor]:
        """The whole model's state; ZeRO-3 gathers it on rank 0."""
        if self.stage == 3:
            state: dict[str, Any] = self._engine._zero3_consolidated_16bit_state_dict() or {}
        else:
            state = self._engine.module.state_dict()
        named = {name.removeprefix(_PREFIX): tensor for name, tensor in state.items()}
        return exported_state(self._policy, named)


def universal_checkpoint(folder: Path) -> Path:
    """A checkpoint's shards joined parameter by parameter, which any number of workers can load.

    One worker of a machine converts, the others wait for it.
    """
    from deepspeed.checkpoint import ds_to_universal

    joined = Path(tempfile.gettempdir()) / f"redraft-universal-{stable_id(str(folder.resolve()))}"
    if int(os.environ.get("LOCAL_RANK", "0")) == 0:
        shutil.rmtree(joined, ignore_errors=True)
        joined.mkdir(parents=True)
        ds_to_universal.main(
            Namespace(
                input_folder=str(folder / _TAG),
                output_folder=str(joined / _TAG),
                num_extract_workers=1,
                num_merge_workers=1,
                keep_temp_folder=False,
                strict=True,
                inject_missing_state=True,
            )
        )
    dist.barrier()
    return joined


def micro_batches_per_step(config: TrainConfig, world_size: int) -> int:
    """How many forward passes a worker makes for one optimiser step."""
    return -(-(config.batch_size // world_size) // config.micro_batch)


def deepspeed_config(config: TrainConfig, world_size: int, dtype: torch.dtype) -> dict[str, Any]:
    """DeepSpeed's own configuration, derived; no knob of it is set elsewhere."""
    zero: dict[str, Any] = {"stage": config.zero_stage, "overlap_comm": False}
    if config.offload_optimizer:
        zero["offload_optimizer"] = {"device": "cpu"}
    if config.zero_stage == 3:
        zero["stage3_gather_16bit_weights_on_model_save"] = True
        if config.offload_parameters:
            zero["offload_param"] = {"device": "cpu"}
    return {
        "train_micro_batch_size_per_gpu": min(config.micro_batch, config.batch_size // world_size),
        "gradient_accumulation_steps": micro_batches_per_step(config, world_size),
        "gradient_clipping": config.max_grad_norm,
        "zero_optimization": zero,
        "zero_allow_untested_optimizer": True,
        "zero_force_ds_cpu_optimizer": False,
        "bf16": {"enabled": dtype == torch.bfloat16},
        "steps_per_print": 10**9,
    }
