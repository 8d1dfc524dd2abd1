"""Where the bytes go: on the device of one worker, on its machine, and on disk."""

from __future__ import annotations

from pydantic import Field, computed_field

from redraft.plan.activations import activation_bytes
from redraft.plan.hardware import GIB
from redraft.plan.job import Job
from redraft.records import Record

REDUCE_BUCKET = 500_000_000
"""Gradients that DeepSpeed gathers before it reduces them: its ``reduce_bucket_size``."""
LIVE_PARAMETERS = 1_000_000_000
"""Weights that ZeRO-3 keeps gathered at most: its ``stage3_max_live_parameters``, and its ``sub_group_size``, too."""
GPU_CONTEXT = int(1.2 * GIB)
"""CUDA's and NCCL's own memory and the products' work space, per worker."""
GPU_PROCESS, CPU_PROCESS = 3 * GIB, int(0.65 * GIB)
"""Host memory of a worker's process: Python, torch, transformers, Ray, and CUDA's libraries."""
FRAGMENTATION = 0.05
"""Memory that the allocator holds and cannot use, as a share of what is used."""


class Memory(Record):
    """Bytes of one worker's device at the busiest moment of a step."""

    weights: int = Field(
        description="parameters in the precision that layers compute in, or this worker's part of them"
    )
    gradients: int
    optimizer: int = Field(
        description="AdamW's two moments, and the float32 weights they move where those are separate"
    )
    activations: int = Field(description="what forward keeps for backward, the attention mask and one chunk of logits")
    communication: int = Field(description="DDP's and ZeRO's buckets, and the weights that ZeRO-3 has gathered")
    update: int = Field(description="optimiser's scratch space beyond the activations, which are gone by then")
    features: int = Field(description="cached images and their features; beside a GPU they are in main memory")
    overhead: int = Field(description="CUDA context or process, and fragmentation")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def total(self) -> int:
        """All of it."""
        states = self.weights + self.gradients + self.optimizer
        return states + self.activations + self.communication + self.update + self.features + self.overhead


class HostMemory(Record):
    """Bytes of main memory that one worker with a GPU takes."""

    process: int
    features: int = Field(description="cached images and their features")
    offloaded: int = Field(description="optimiser state, gradients and weights that ZeRO keeps there")
    loading: int = Field(description="the whole model, before it goes to the GPU, beyond what is offloaded later")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def total(self) -> int:
        """All of it."""
        return self.process + self.features + self.offloaded + self.loading


class Disk(Record):
    """Bytes that a job's checkpoints take."""

    resumable: int = Field(description="one checkpoint to resume from: weights and optimiser state")
    policy: int = Field(description="the exported policy")
    peak: int = Field(description="all checkpoints kept, one being written, and the policy")


def plan_memory(job: Job) -> Memory:
    """Memory of the device that one worker computes on."""
    shard = job.train.workers if job.sharded else 1
    weights = 0 if job.weights_on_host else _weights(job) // (job.train.workers if job.zero_3 else 1)
    gradients = 0 if job.optimizer_on_host else _gradient_bytes(job) * job.trained // shard
    optimizer = 0 if job.optimizer_on_host else _optimizer_bytes(job) * job.trained // shard
    activations = activation_bytes(job)
    communication = _communication(job)
    update = max(0, _update(job) - activations)
    features = 0 if job.device.gpu else _features(job)
    used = weights + gradients + optimizer + activations + communication + update + features
    return Memory(
        weights=weights,
        gradients=gradients,
        optimizer=optimizer,
        activations=activations,
        communication=communication,
        update=update,
        features=features,
        overhead=(GPU_CONTEXT if job.device.gpu else CPU_PROCESS) + int(FRAGMENTATION * used),
    )


def plan_host(job: Job) -> HostMemory | None:
    """Main memory of a worker with a GPU; None on a CPU, where it is the device's."""
    if not job.device.gpu:
        return None
    offloaded = 0
    if job.optimizer_on_host:
        # AdamW on a CPU keeps its gradients in float32.
        offloaded += (_optimizer_bytes(job) + 4) * job.trained // job.train.workers
    if job.weights_on_host:
        offloaded += _weights(job) // job.train.workers
    loading = job.shape.parameters.total * job.width
    return HostMemory(
        process=GPU_PROCESS, features=_features(job), offloaded=offloaded, loading=max(0, loading - offloaded)
    )


def plan_disk(job: Job) -> Disk:
    """Checkpoints of the whole job."""
    master_and_moments = 12 * job.trained
    module = job.width * (job.shape.parameters.total + job.adapters) if job.sharded else 0
    resumable, policy = master_and_moments + module, job.width * job.shape.parameters.total
    return Disk(resumable=resumable, policy=policy, peak=resumable * (job.train.keep_checkpoints + 1) + policy)


def _weights(job: Job) -> int:
    """Parameters, adapters, and under autocast the bfloat16 copies that products are made with."""
    total = job.shape.parameters.total + job.adapters
    if job.precision == "autocast":
        return 4 * total + 2 * _copied(job)
    return job.width * total


def _copied(job: Job) -> int:
    """Weights that autocast copies and that are kept until backward; embeddings are looked up, never multiplied.

    It keeps copies of what is trained. A frozen layer's copy is kept by the graph, which gradient checkpointing cuts.
    """
    decoder, parameters = job.shape.decoder, job.shape.parameters
    if not job.train.lora:
        return job.trained - (0 if job.shape.tied else parameters.embeddings)
    layers = 1 if job.train.gradient_checkpointing else decoder.layers
    return job.adapters + decoder.matrices // decoder.layers * layers + decoder.vocabulary * decoder.hidden


def _gradient_bytes(job: Job) -> int:
    return 2 if job.precision == "bfloat16" else 4


def _optimizer_bytes(job: Job) -> int:
    """Two float32 moments a parameter, and a float32 weight where the model's own is not that.

    ZeRO-2 keeps a copy of float32 weights all the same; ZeRO-3 only where the optimiser lies elsewhere.
    """
    if not job.sharded:
        return 8
    return 8 if job.zero_3 and job.precision == "float32" and not job.optimizer_on_host else 12


def _communication(job: Job) -> int:
    if not job.sharded:
        return 4 * job.trained if job.train.workers > 1 else 0
    gathered = min(LIVE_PARAMETERS, job.shape.parameters.total) if job.zero_3 else 0
    return job.width * (min(REDUCE_BUCKET, job.trained) + gathered)


def _update(job: Job) -> int:
    """The optimiser's scratch space: float32 gradients if those are bfloat16, and AdamW's square roots."""
    if job.optimizer_on_host:
        return 0
    moved = job.trained // job.train.workers if job.sharded else job.trained
    if job.zero_3:
        moved = min(moved, LIVE_PARAMETERS)
    if not job.sharded and not job.device.gpu:
        moved = min(moved, job.shape.decoder.vocabulary * job.shape.decoder.hidden)  # one parameter at a time
    roots = 4 if job.device.gpu else 8
    return moved * (roots + (4 if job.precision == "bfloat16" else 0))


def _features(job: Job) -> int:
    """Cached images: features as the language model reads them, and the pixels, in float32, that they came from."""
    if job.trained_vision:
        return 0
    seen = min(job.statistics.pairs, job.pairs_seen // job.train.workers) * job.images_per_pair
    picture, tokens = job.shape.picture, job.statistics.image_tokens
    features = tokens * job.shape.decoder.hidden * picture.feature_layers * job.width
    pixels = tokens * picture.patches_per_token * job.shape.vision.numbers_per_patch * 4
    return int(min(job.train.cached_images, seen) * (features + pixels))
