"""What forward and backward keep in memory besides weights and gradients, on one device, for the longest pairs.

The figures per token come from what autograd saves in transformers' Llama, layer by layer, and are checked against it.
With hidden size d, queries a wide, feed-forward f, rows of T tokens and numbers of b bytes, a layer keeps per token

    norms          12 d (float32); 8 d (bfloat16, which norms in float32); 13 d (autocast, which casts for each product)
    attention      4 a b      queries, keys, values (repeated for grouped queries) and output
    mask           T b        sdpa turns the boolean mask into an additive one and keeps it in every layer
    feed-forward   4 f b

for each of two norms. Backward needs (3 f + 2 d) b more a token for a moment. With gradient checkpointing, a layer
keeps its input alone, and one layer at a time is computed again.
"""

from __future__ import annotations

from redraft.plan.job import Job
from redraft.plan.tokens import HEAD_CHUNK, Rows

_NORM_BYTES = {"float32": 12, "bfloat16": 8, "autocast": 13}
_OTHER_NORM_BYTES = 8
_ENDS_BYTES = 20
"""Per token and hidden unit: embeddings with image features put in, last norm, last hidden state."""


def activation_bytes(job: Job) -> int:
    """Peak bytes of one worker's micro-batch of the longest pairs: layers, mask, head and, if trained, vision tower."""
    rows = [Rows(count=r.count * job.micro_batch, width=r.width) for r in job.tokens.widest]
    kept = sum(_language(job, r) for r in rows) + _vision(job)
    passing = max(_logits(job), *(r.tokens * _backward_bytes(job, r.width) for r in rows))
    return int(kept + passing)


def layer_bytes(job: Job, width: float) -> float:
    """Bytes that a decoder layer keeps for a token of a row of ``width`` tokens."""
    shape, b = job.shape.decoder, job.width
    norms = 2 * _NORM_BYTES[job.precision] + (shape.norms - 2) * _OTHER_NORM_BYTES
    kept = norms * shape.hidden + b * (4 * shape.attention + 4 * shape.intermediate + width)
    if shape.head_norms:
        kept += _OTHER_NORM_BYTES * (shape.heads + shape.kv_heads) * shape.head_dim
    return kept + 4 * shape.heads + 4 * shape.norms


def _language(job: Job, rows: Rows) -> float:
    shape = job.shape.decoder
    layers = shape.layers * layer_bytes(job, rows.width)
    if job.train.gradient_checkpointing:
        layers = shape.layers * _residual_bytes(job) * shape.hidden
    mask = rows.count * rows.width**2
    return rows.tokens * (layers + _ENDS_BYTES * shape.hidden) + mask


def _residual_bytes(job: Job) -> int:
    """Of a number in the stream between layers, which autocast leaves in float32."""
    return 2 if job.precision == "bfloat16" else 4


def _backward_bytes(job: Job, width: float) -> float:
    """Bytes a token that one layer's backward needs for a moment: gradients, and with checkpointing the layer again."""
    shape = job.shape.decoder
    again = layer_bytes(job, width) if job.train.gradient_checkpointing else 0.0
    return again + job.width * (3 * shape.intermediate + 2 * shape.hidden)


def _logits(job: Job) -> float:
    """Bytes of one chunk's float32 probabilities and of two gradients of their size, gone before a layer's backward."""
    predictions = min(HEAD_CHUNK, job.micro_batch * job.tokens.most_predictions)
    return 12.0 * predictions * job.shape.decoder.vocabulary


def _vision(job: Job) -> float:
    """A frozen tower keeps nothing for backward."""
    if not job.trained_vision:
        return 0.0
    shape, b = job.shape.vision, job.width
    images = job.micro_batch * job.images_per_pair
    patches = images * job.statistics.image_tokens * job.shape.picture.patches_per_token
    feed_forward = (4 if shape.gated else 2) * shape.intermediate
    one = 2 * _NORM_BYTES[job.precision] * shape.hidden + b * (4 * shape.hidden + feed_forward)
    if job.train.gradient_checkpointing:
        return patches * (shape.layers * _residual_bytes(job) * shape.hidden + one)
    return patches * shape.layers * one
