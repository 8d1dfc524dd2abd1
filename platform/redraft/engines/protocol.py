"""What a sampling engine is asked, what it answers, and what it promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from redraft.generation import Generation, GenerationSettings


@dataclass(frozen=True)
class SampleRequest:
    """One picture, as the bytes of an image file, and what is asked about it; ``seed`` fixes what is drawn."""

    image: bytes
    prompt: str
    seed: int


@dataclass(frozen=True)
class Sampled:
    """The k responses to one request, in the order in which they were drawn, all by policy version ``version``."""

    version: str
    generations: tuple[Generation, ...]


class SamplingEngine(Protocol):
    """Draws responses.

    Every engine promises: answers come in the order of the requests; all responses to one request, and so every single
    one, were written by one policy version; equal requests under equal settings are drawn alike, as far as the policy's
    server can promise that. Log-probabilities and entropies are in nats, of the distribution before penalty,
    temperature and filters.
    """

    def sample(self, requests: Sequence[SampleRequest], settings: GenerationSettings) -> list[Sampled]:
        """``settings.k`` responses to each request.

        Raises:
            DataError: a picture cannot be read, or a prompt cannot be put to the policy.
            ResourceError: memory is too short for a single request, or the server cannot be asked.
        """
        ...

    def close(self) -> None:
        """Let go of connections; a closed engine is not asked again."""
        ...
