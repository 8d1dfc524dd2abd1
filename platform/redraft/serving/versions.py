"""Which versions answer: the promoted one, and a candidate's share of the requests.

A new line-up is loaded beside the one in force and then takes its place by one assignment. A request chooses once and
keeps what it chose, so no answer is written by two versions, and a version that is gone lives until its last answer.
"""

from __future__ import annotations

import asyncio
import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256

from redraft.config import PolicyConfig
from redraft.policy import Policy, load_policy
from redraft.serving.refusals import Refused
from redraft.serving.requests import MODEL_ALIAS
from redraft.serving.settings import ServedVersion, ServeSettings

Loader = Callable[[str, str, str], Policy]
"""From a checkpoint's path, a device and a dtype to the policy."""


@dataclass(frozen=True, eq=False)
class Hosted:
    """A version in memory.

    ``encoder`` is the same policy with a processor of its own: tokenizers must not be used by two threads at once, and
    requests are encoded while others are answered.
    """

    version: ServedVersion
    policy: Policy
    encoder: Policy

    @classmethod
    def of(cls, version: ServedVersion, policy: Policy) -> Hosted:
        """A loaded policy under its version's name."""
        processor = copy.deepcopy(policy.processor)
        return cls(version, policy, replace(policy, processor=processor, tokenizer=processor.tokenizer))


@dataclass(frozen=True)
class LineUp:
    """What answers now; the candidate gets ``share`` of the requests."""

    promoted: Hosted
    candidate: Hosted | None = None
    share: float = 0.0

    @property
    def hosted(self) -> tuple[Hosted, ...]:
        """All versions, the promoted one first."""
        return (self.promoted,) if self.candidate is None else (self.promoted, self.candidate)

    def choose(self, model: str, caller: str | None) -> Hosted:
        """Who answers: the version that ``model`` names, or by lot; a caller who is known always draws the same.

        Raises:
            Refused: no such version is served.
        """
        if model != MODEL_ALIAS:
            for hosted in self.hosted:
                if hosted.version.id == model:
                    return hosted
            served = " and ".join(hosted.version.id for hosted in self.hosted)
            raise Refused(
                f"the model {model[:100]!r} is not served: ask for {MODEL_ALIAS!r}, or by version for {served}",
                status=404,
                code="model_not_found",
                param="model",
            )
        if self.candidate is not None and lot(caller) < self.share:
            return self.candidate
        return self.promoted


class PolicyHost:
    """Holds the line-up; None until the first one is loaded."""

    def __init__(self, load: Loader = load_policy) -> None:
        self._load = load
        self.line_up: LineUp | None = None

    async def reconfigure(self, settings: ServeSettings) -> None:
        """Load what is missing off the event loop, then swap; requests go on with the old line-up meanwhile.

        Raises:
            PolicyError: a checkpoint cannot be loaded; the old line-up stays.
        """
        promoted = await self._hosted(settings.promoted, settings.terms.policy)
        candidate = None
        if settings.candidate is not None:
            candidate = await self._hosted(settings.candidate, settings.terms.policy)
        self.line_up = LineUp(promoted, candidate, settings.canary_share)

    async def _hosted(self, version: ServedVersion, config: PolicyConfig) -> Hosted:
        for hosted in self.line_up.hosted if self.line_up else ():
            if hosted.version == version:
                return hosted
        policy = await asyncio.to_thread(self._load, version.path, config.device, config.dtype)
        return Hosted.of(version, policy)


def lot(caller: str | None) -> float:
    """A number in ``[0, 1)``: a hash of the caller, or random without one."""
    if caller is None:
        return random.random()
    return int.from_bytes(sha256(f"canary {caller}".encode()).digest()[:8]) / 2**64
