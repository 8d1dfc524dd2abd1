"""What a sampler's policy would have said without the pictures."""

from __future__ import annotations

from collections.abc import Sequence

from redraft.engines import SamplingEngine
from redraft.engines.local import LocalEngine
from redraft.errors import ConfigError
from redraft.policy.ablation import with_blank_logprobs
from redraft.records import Response, ResponseScore

Scored = list[tuple[Response, ResponseScore | None]]


def ablated(engine: SamplingEngine, images: Sequence[bytes], scored: Scored, max_pixels: int) -> Scored:
    """The responses that have a score, one an image and in their order, with log-probabilities after a blank image."""
    if not isinstance(engine, LocalEngine):
        raise ConfigError("uncertainty.image_ablation needs the policy at hand: set sample.engine=local")
    routed = [response for response, score in scored if score is not None]
    found = {one.id: one for one in with_blank_logprobs(engine.policy, images, routed, max_pixels)}
    return [(found.get(response.id, response), score) for response, score in scored]
