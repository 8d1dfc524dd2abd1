"""GPUs by name: how much memory torch sees on them and how fast they multiply."""

from __future__ import annotations

import difflib

from redraft.errors import ConfigError
from redraft.records import Record

GIB = 2**30


class Gpu(Record):
    """One kind of GPU.

    ``memory_gib`` is what torch reports as its total memory, a little under the name's figure. ``bfloat16_tflops`` and
    ``float32_tflops`` are the maker's peak rates of dense matrix products, in 10^12 operations a second; float32 is
    without TF32, which torch leaves off.
    """

    name: str
    memory_gib: float
    bfloat16_tflops: float
    float32_tflops: float

    @property
    def memory(self) -> int:
        """Bytes."""
        return int(self.memory_gib * GIB)

    def tflops(self, dtype: str) -> float:
        """Peak of dense matrix products in ``float32`` or ``bfloat16``, in 10^12 operations a second."""
        return self.bfloat16_tflops if dtype == "bfloat16" else self.float32_tflops


GPUS: dict[str, Gpu] = {
    gpu.name: gpu
    for gpu in (
        Gpu(name="A100-40GB", memory_gib=39.4, bfloat16_tflops=312.0, float32_tflops=19.5),
        Gpu(name="A100-80GB", memory_gib=79.2, bfloat16_tflops=312.0, float32_tflops=19.5),
        Gpu(name="H100-80GB", memory_gib=79.1, bfloat16_tflops=989.0, float32_tflops=67.0),
        Gpu(name="H200-141GB", memory_gib=139.7, bfloat16_tflops=989.0, float32_tflops=67.0),
        Gpu(name="L4-24GB", memory_gib=22.0, bfloat16_tflops=121.0, float32_tflops=30.3),
        Gpu(name="A10G-24GB", memory_gib=22.0, bfloat16_tflops=70.0, float32_tflops=35.0),
        # A V100 has no bfloat16 units: such products run at the speed of float32.
        Gpu(name="V100-32GB", memory_gib=31.7, bfloat16_tflops=15.7, float32_tflops=15.7),
        Gpu(name="RTX4090-24GB", memory_gib=23.6, bfloat16_tflops=165.2, float32_tflops=82.6),
    )
}


def gpu_named(name: str) -> Gpu:
    """The kind of GPU that ``train.gpu`` names.

    Raises:
        ConfigError: naming the nearest known kind and listing all.
    """
    if name in GPUS:
        return GPUS[name]
    by_lower = {known.lower(): known for known in GPUS}
    near = difflib.get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.0)[0]
    raise ConfigError(f"train.gpu {name} is not known; did you mean {by_lower[near]}? Known are {', '.join(GPUS)}")


class Device(Record):
    """What one worker computes on.

    ``memory`` is the part of it, in bytes, that the worker may use; None where that is not known. ``tflops`` is the
    peak rate of that part, None where no peak is assumed.
    """

    kind: str
    gpu: bool
    memory: int | None
    tflops: float | None
