"""A training job's fixed figures, which memory and operations are both computed from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from redraft.config import Config, TrainConfig
from redraft.errors import ConfigError
from redraft.plan.hardware import Device, gpu_named
from redraft.plan.shape import ModelShape
from redraft.plan.statistics import PairStatistics
from redraft.plan.tokens import Tokens, plan_tokens

Precision = Literal["float32", "bfloat16", "autocast"]


@dataclass(frozen=True)
class Job:
    """What is trained, on what, and how.

    ``precision`` says how numbers are kept: float32 throughout; bfloat16 weights with a float32 copy in the optimiser
    (DeepSpeed); or float32 weights, frozen ones as well, that autocast copies to bfloat16 (DDP). ``trained`` counts the
    parameters that the optimiser moves, ``adapters`` those of them that low-rank adapters add, ``trained_vision`` those
    of tower and projector.
    """

    shape: ModelShape
    train: TrainConfig
    statistics: PairStatistics
    tokens: Tokens
    device: Device
    precision: Precision
    trained: int
    trained_vision: int
    adapters: int

    @property
    def width(self) -> int:
        """Bytes of a number that layers compute with."""
        return 4 if self.precision == "float32" else 2

    @property
    def sharded(self) -> bool:
        """Whether DeepSpeed splits the optimiser over the workers."""
        return self.train.strategy == "deepspeed"

    @property
    def zero_3(self) -> bool:
        """Whether it splits the weights, too."""
        return self.sharded and self.train.zero_stage == 3

    @property
    def optimizer_on_host(self) -> bool:
        """Whether optimiser state and gradients leave the GPU."""
        return self.sharded and self.train.offload_optimizer and self.device.gpu

    @property
    def weights_on_host(self) -> bool:
        """Whether the split weights leave the GPU."""
        return self.zero_3 and self.train.offload_parameters and self.device.gpu

    @property
    def pairs_seen(self) -> int:
        """Pairs in all steps, repetitions included."""
        return self.train.steps * self.train.batch_size

    @property
    def images_per_pair(self) -> int:
        """One, and a blank one if the objective compares with it."""
        return len(self.tokens.rows)

    @property
    def micro_batch(self) -> int:
        """Pairs in one forward pass of a worker."""
        return min(self.train.micro_batch, self.train.batch_size // self.train.workers)


def plan_job(shape: ModelShape, config: Config, statistics: PairStatistics, cpu_memory: int | None) -> Job:
    """Resolve a config for a model.

    Args:
        cpu_memory: what a worker that computes on CPUs may use, in bytes; None where that is not known.

    Raises:
        ConfigError: if ``train.gpu`` or one of ``train.lora.targets`` is not known.
    """
    train, parts = config.train, shape.parameters
    adapters = _adapters(shape, train)
    trained_vision = 0 if train.freeze_vision or train.lora else parts.vision + parts.projector
    bfloat16: Precision = "bfloat16" if train.strategy == "deepspeed" else "autocast"
    return Job(
        shape=shape,
        train=train,
        statistics=statistics,
        tokens=plan_tokens(shape, train, statistics),
        device=_device(config, cpu_memory),
        precision="float32" if config.policy.dtype == "float32" else bfloat16,
        trained=adapters if train.lora else parts.language + trained_vision,
        trained_vision=trained_vision,
        adapters=adapters,
    )


def _device(config: Config, cpu_memory: int | None) -> Device:
    train = config.train
    if train.gpu is None and not train.gpus_per_worker:
        return Device(kind="CPU", gpu=False, memory=cpu_memory, tflops=None)
    if train.gpu is None:
        return Device(kind="GPU of unknown kind", gpu=True, memory=None, tflops=None)
    gpu = gpu_named(train.gpu)
    share = min(1.0, train.gpus_per_worker or 1.0)
    return Device(
        kind=gpu.name, gpu=True, memory=int(gpu.memory * share), tflops=gpu.tflops(config.policy.dtype) * share
    )


def _adapters(shape: ModelShape, train: TrainConfig) -> int:
    if train.lora is None:
        return 0
    linears = {linear.name: linear for linear in shape.decoder.linears}
    unknown = [target for target in train.lora.targets if target not in linears]
    if unknown:
        raise ConfigError(
            f"train.lora.targets: the language model has no linear layers named {unknown[0]}; "
            f"it has {', '.join(linears)}"
        )
    chosen = [linears[target] for target in train.lora.targets]
    return sum(train.lora.rank * (linear.inputs + linear.outputs) * linear.layers for linear in chosen)
