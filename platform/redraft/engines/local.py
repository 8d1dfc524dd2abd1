"""A checkpoint in this process.

pictures and prompts ──encode──► batches of like length ──generate──► k responses a prompt, in the order asked
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from redraft.engines.batches import Batch, batches_alike, draw_batches
from redraft.engines.protocol import Sampled, SampleRequest
from redraft.generation import Generation, GenerationSettings
from redraft.images import decode_image
from redraft.policy import EncodedPrompt, Policy, encode_prompts, generate
from redraft.policy.memory import free_bytes, is_out_of_memory, prompt_bytes, release

Generate = Callable[[Policy, Sequence[EncodedPrompt], GenerationSettings, Sequence[int]], list[Generation]]

_log = logging.getLogger(__name__)


class LocalEngine:
    """`SamplingEngine` over `redraft.policy.generate`; holds one policy version for as long as it lives.

    A sample depends on its request and its place among the k alone, up to the rounding of a batch of another size.
    """

    def __init__(
        self,
        policy: Policy,
        version: str,
        *,
        batch_size: int,
        max_pixels: int | None,
        memory_share: float = 0.5,
        generate: Generate = generate,
    ) -> None:
        """Nothing is drawn yet.

        Args:
            policy: stays the caller's.
            version: what the responses say that they were written by.
            batch_size: requests that are drawn together at most, k rows each; fewer where memory is short, and for
                good once it was.
            max_pixels: larger pictures are refused.
            memory_share: of the free memory, what a batch may plan with; the rest is for the forward pass.
            generate: what draws.
        """
        self.policy, self.version = policy, version
        self._batch_size, self._max_pixels, self._memory_share = batch_size, max_pixels, memory_share
        self._generate = generate

    def sample(self, requests: Sequence[SampleRequest], settings: GenerationSettings) -> list[Sampled]:
        """As the protocol says."""
        images = [decode_image(request.image, self._max_pixels) for request in requests]
        if not images:
            return []
        prompts = encode_prompts(self.policy, images, [request.prompt for request in requests])
        free = free_bytes(self.policy.device) * self._memory_share

        def fits(length: int) -> int:
            return int(free // prompt_bytes(self.policy, length, settings))

        def draw(batch: Batch) -> list[Sampled]:
            seeds = [requests[i].seed for i in batch]
            drawn = self._generate(self.policy, [prompts[i] for i in batch], settings, seeds)
            groups = (drawn[at : at + settings.k] for at in range(0, len(drawn), settings.k))
            return [Sampled(self.version, tuple(group)) for group in groups]

        return draw_batches(
            batches_alike([len(prompt.input_ids) for prompt in prompts], fits, self._batch_size),
            draw,
            out_of_memory=is_out_of_memory,
            shrink=self._shrink,
        )

    def _shrink(self, most: int) -> None:
        _log.warning("memory ran out: from now on %d pictures at most are drawn together", most)
        self._batch_size = most
        release(self.policy.device)

    def close(self) -> None:
        """Nothing to do."""
