"""Plan before spending: what training will take in memory, disk, operations and time, before anything is started.

config.json + weights' headers ─► read_shape ─┐
token ids of the pairs ─► PairStatistics ─────┼─► plan_training ─► as_text, require_fit, model_dump_json
the config, a table of GPUs ──────────────────┘

What a plan assumes:

- Memory is that of the busiest moment of a step whose micro-batch holds the longest pairs alone. Gradients and all
  activations count together, as they meet from the second micro-batch of a step on; a step of one needs less.
- Numbers: float32 throughout, with AdamW's two moments 8 bytes a trained parameter; or ``policy.dtype`` bfloat16. Under
  DDP that means float32 weights and gradients, frozen weights as well, and autocast's bfloat16 copies of what is
  multiplied; under DeepSpeed bfloat16 weights and gradients, and float32 weights beside AdamW's moments, 12 bytes a
  trained parameter. ZeRO-2 keeps such a copy of float32 weights, too.
- DDP copies gradients into buckets. ZeRO-2 splits gradients and optimiser state evenly over the workers, ZeRO-3 the
  weights, too; DeepSpeed's buckets have its default sizes (5e8 gradients to reduce, at most 1e9 gathered weights).
  Offloading moves a worker's part to its machine's main memory, with gradients in float32.
- A frozen vision tower, and the projector with it, has no gradients and no optimiser state. Low-rank adapters lie in
  the language model's layers alone; all else is frozen then. Activations are taken as those of full training.
- Attention is sdpa's memory-efficient kind, with a mask; the head works on response tokens alone, 512 at a time.
- A GPU worker needs 1.2 GiB for CUDA, NCCL and work space, and 3 GiB of main memory, where it also loads the whole
  model first; a CPU worker's process takes 0.65 GiB. Fragmentation takes 5 %. Workers on CPUs share a machine evenly.
- While the tower is frozen, main memory keeps the pixels and features of ``train.cached_images`` images a worker.
- A worker computes on one GPU, or on its share of one.
- Operations count matrix products alone, without padding and without the reference's one pass over the data; attention
  counts in full what a causal kernel may skip. A frozen vision tower runs once for every image and worker that is
  cached, and for every pair seen that is not; a trained one for every pair, and backward.
- Time is operations / (workers x peak x MFU): an assumption that an argument changes, not a measurement. It leaves out
  start-up, checkpoints, communication and offloading. No time is predicted for CPUs. Cost is left out.
- A checkpoint to resume from holds float32 weights and moments of what is trained, and DeepSpeed's the model as well.

No weight is loaded, and torch is not imported.
"""

from redraft.plan.estimate import Suggestion, TrainingPlan
from redraft.plan.hardware import GPUS, Gpu, gpu_named
from redraft.plan.plan import MFU, plan_training, require_fit
from redraft.plan.shape import ModelShape, read_shape
from redraft.plan.statistics import PairStatistics
from redraft.plan.text import as_text, plan_rows

__all__ = [
    "GPUS",
    "MFU",
    "Gpu",
    "ModelShape",
    "PairStatistics",
    "Suggestion",
    "TrainingPlan",
    "as_text",
    "gpu_named",
    "plan_rows",
    "plan_training",
    "read_shape",
    "require_fit",
]
