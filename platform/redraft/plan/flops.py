"""Floating-point operations of training on a pair; a multiplication with its addition counts as two.

Forward costs 2 a matrix entry and token, backward 2 for the gradient of the input and 2 for that of the matrix if it is
trained, gradient checkpointing 2 for computing a layer again, but for its last product, which backward does not need.
Attention costs 4 T^2 a in a layer forward, for rows of T tokens and queries a wide, and twice that backward; kernels
that skip what a causal mask hides save up to half of it.
"""

from __future__ import annotations

from pydantic import computed_field

from redraft.plan.job import Job
from redraft.plan.tokens import HEAD_CHUNK
from redraft.records import Record


class Flops(Record):
    """Operations per pair, on average over a run."""

    language: float
    attention: float
    head: float
    vision: float

    @computed_field  # type: ignore[prop-decorator]
    @property
    def total(self) -> float:
        """All of them."""
        return self.language + self.attention + self.head + self.vision


def plan_flops(job: Job) -> Flops:
    """Operations per pair; the reference's pass over the data, made when a dataset version is built, is not in it."""
    decoder, train = job.shape.decoder, job.train
    again = 1 if train.gradient_checkpointing else 0
    last = sum(linear.weights for linear in decoder.linears if linear.name == "down_proj")
    matrices = (2 if train.lora else 3) * decoder.matrices + again * (decoder.matrices - last)
    square = sum(rows.count * rows.width**2 for rows in job.tokens.rows)
    chunked = job.micro_batch * job.tokens.predictions > HEAD_CHUNK
    head = (2 if train.lora else 3) + (1 if chunked else 0)
    adapters = 2 * (3 + again) * job.adapters * job.tokens.per_pair
    return Flops(
        language=2 * matrices * job.tokens.per_pair + adapters,
        attention=(3 + again) * 4 * decoder.attention * decoder.layers * square,
        head=2 * head * decoder.hidden * decoder.vocabulary * job.tokens.predictions,
        vision=_vision(job),
    )


def _vision(job: Job) -> float:
    """Tower and projector: for every pair and backward if trained; else only where features are not cached."""
    shape, picture = job.shape.vision, job.shape.picture
    tokens = job.statistics.image_tokens
    patches = tokens * picture.patches_per_token
    sequence = min(shape.tile_tokens or patches, patches)
    forward = 2 * shape.matrices * patches + 4 * patches * sequence * shape.hidden * shape.layers
    forward += 2 * job.shape.parameters.projector * tokens
    if job.trained_vision:
        passes = 3 + (1 if job.train.gradient_checkpointing else 0)
        return forward * passes * job.images_per_pair
    return forward * job.images_per_pair * _encoded_share(job)


def _encoded_share(job: Job) -> float:
    """Share of the images met that a worker encodes; it keeps the features of the first ones, as many as it may.

    With n images in all, of which k are kept, and s met, each met s / n times, k (s / n - 1) come from the cache.
    """
    images = job.statistics.pairs * job.images_per_pair
    met = job.pairs_seen * job.images_per_pair / job.train.workers
    kept = min(job.train.cached_images, images)
    return 1 - kept * max(0.0, met / images - 1) / met
