"""What a policy would have said without looking: log-probabilities of its own responses after a blank image."""

from __future__ import annotations

from collections.abc import Sequence

from redraft.images import decode_image
from redraft.policy.load import Policy
from redraft.records import Response
from redraft.train.encode import blank_image, reference_logprobs

_TOGETHER = 16
"""Responses in one forward pass."""


def with_blank_logprobs(
    policy: Policy, images: Sequence[bytes], responses: Sequence[Response], max_pixels: int
) -> list[Response]:
    """The responses with ``trace.blank_logprobs``, float32 at temperature 1.

    Each picture is replaced by a grey one of its size.

    Args:
        images: encoded; ``images[i]`` is what ``responses[i]`` is about.
    """
    found: list[Response] = []
    for at in range(0, len(responses), _TOGETHER):
        found += _scored(policy, images[at : at + _TOGETHER], responses[at : at + _TOGETHER], max_pixels)
    return found


def _scored(policy: Policy, images: Sequence[bytes], responses: Sequence[Response], max_pixels: int) -> list[Response]:
    grey = [blank_image(decode_image(image, max_pixels)) for image in images]
    asked = [response.prompt for response in responses]
    logprobs = reference_logprobs(policy, grey, asked, [(response.trace.token_ids,) for response in responses])
    return [
        response.model_copy(update={"trace": response.trace.model_copy(update={"blank_logprobs": blank})})
        for response, (blank,) in zip(responses, logprobs, strict=True)
    ]
