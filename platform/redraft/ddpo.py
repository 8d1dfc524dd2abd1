"""Dense direct preference optimisation (RLHF-V, arXiv 2312.00849, section 3.2): pure tensor functions.

For a response y with unchanged tokens y_u and changed tokens y_c,

    s(y) = (1/N) [ sum_{i in y_u} log pi(y_i | x, y_<i) + gamma sum_{i in y_c} log pi(y_i | x, y_<i) ]
    N    = |y_u| + gamma |y_c|
    loss = -log sigmoid( beta [ (s_policy(y_w) - s_ref(y_w)) - (s_policy(y_l) - s_ref(y_l)) ] )

The released code leaves out 1/N. Vanilla DPO (arXiv 2305.18290, equation 7) is gamma 1 without 1/N. What can be added
to the loss stands below it, each term a function of its own.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


def token_weights(changed: Tensor, gamma: float) -> Tensor:
    """``gamma`` where a token is changed, 1 elsewhere.

    Args:
        changed: bool ``[...]``.

    Returns:
        float32, of the same shape.
    """
    return torch.where(changed, gamma, 1.0).to(torch.float32)


def score(logps: Tensor, weights: Tensor, mask: Tensor, *, normalise: bool) -> Tensor:
    """The weighted log-probability ``s(y)`` of each response.

    Whatever stands at masked positions (padding, prompt) has no influence, not even a NaN. Half-precision
    log-probabilities are summed in float32.

    Args:
        logps: ``[B, T]``, log-probability of each token, in nats.
        weights: ``[B, T]``, as ``token_weights``.
        mask: ``[B, T]``, bool or 0/1: the response's tokens, end-of-sequence included. A row without any has no
            normalised score: NaN.
        normalise: divide by N, the sum of the weights over the mask.

    Returns:
        ``[B]``.
    """
    outside = ~mask.bool()
    dtype = torch.promote_types(logps.dtype, torch.float32)
    kept = weights.to(dtype).masked_fill(outside, 0.0)
    total = (logps.to(dtype).masked_fill(outside, 0.0) * kept).sum(-1)
    return total / kept.sum(-1) if normalise else total


def margin(
    policy_chosen: Tensor, policy_rejected: Tensor, reference_chosen: Tensor, reference_rejected: Tensor
) -> Tensor:
    """How much more the policy prefers chosen over rejected than the reference does, before beta; all ``[B]``."""
    return (policy_chosen - reference_chosen) - (policy_rejected - reference_rejected)


def loss(
    policy_chosen: Tensor,
    policy_rejected: Tensor,
    reference_chosen: Tensor,
    reference_rejected: Tensor,
    *,
    beta: float,
    label_smoothing: float | Tensor = 0.0,
) -> Tensor:
    """``-log sigmoid(beta * margin)`` per pair, unreduced: scores ``[B]`` to ``[B]``.

    It is ln 2 where policy and reference agree, and finite with a useful gradient at margins of any size.

    Args:
        label_smoothing: the chance e that the preference is the wrong way round, one for all pairs or ``[B]``; the
            loss is then the expectation ``-(1 - e) log sigmoid(beta m) - e log sigmoid(-beta m)`` (conservative DPO,
            arXiv 2305.18290, appendix).
    """
    logits = beta * margin(policy_chosen, policy_rejected, reference_chosen, reference_rejected)
    return -(1 - label_smoothing) * logsigmoid(logits) - label_smoothing * logsigmoid(-logits)


def negative_log_likelihood(logps: Tensor, weights: Tensor, mask: Tensor) -> Tensor:
    """The supervised term: weighted mean of ``-log pi`` over each response's tokens, ``[B, T]`` to ``[B]``."""
    return -score(logps, weights, mask, normalise=True)


def anchor(policy_chosen: Tensor, reference_chosen: Tensor, *, beta: float, margin: float) -> Tensor:
    """``-log sigmoid(beta (s_policy(y_w) - s_ref(y_w)) - margin)`` per pair (mDPO, arXiv 2406.11839, equation 7).

    A preference loss is content when chosen becomes less likely as long as rejected falls faster; this is not.
    """
    return -logsigmoid(beta * (policy_chosen - reference_chosen) - margin)


def until_first_segment(changed: Tensor, prefix: Tensor) -> Tensor:
    """Which tokens stand before the end of the first changed segment (context-masked DPO).

    Behind that segment the two responses are conditioned on different texts, so the same words are scored in different
    contexts. A response without a changed token (the other side of a pure insertion or deletion) is kept up to the
    first token that differs.

    Args:
        changed: bool ``[S, R]``.
        prefix: ``[S]``, how many tokens the two responses of a pair have in common at their beginning.

    Returns:
        bool ``[S, R]``.
    """
    begun = changed.cumsum(-1) > 0
    ended = (begun & ~changed).cumsum(-1) > 0
    order = torch.arange(changed.shape[-1], device=changed.device)
    return torch.where(changed.any(-1, keepdim=True), ~ended, order <= prefix[:, None])
