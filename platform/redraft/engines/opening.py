"""From the config to the engine it asks for, and to how that is to draw."""

from __future__ import annotations

from redraft.config import Config
from redraft.engines.protocol import SamplingEngine
from redraft.errors import ConfigError
from redraft.generation import GenerationSettings

_MEMORY_SHARE = 0.5
"""Of the free memory, what the samplers of a machine may plan with together; the rest is for the forward pass."""


def generation_settings(config: Config) -> GenerationSettings:
    """How a round's samples are drawn."""
    c = config.sample
    return GenerationSettings(
        config.policy.max_new_tokens,
        k=c.k,
        temperature=c.temperature,
        top_p=c.top_p,
        min_p=c.min_p,
        repetition_penalty=c.repetition_penalty,
        stop=c.stop,
        embed=config.route.strategy == "probe+diversity",
    )


def open_engine(config: Config, policy_path: str, policy_id: str) -> SamplingEngine:
    """The engine of ``sample.engine`` for a policy version; a remote one never reads ``policy_path``.

    Raises:
        PolicyError: the checkpoint cannot be loaded.
        ResourceError: the endpoint's key is not there.
    """
    c = config.sample
    if c.engine == "remote":
        from redraft.engines.remote import RemoteEngine

        if c.endpoint is None:
            raise ConfigError("sample.engine remote needs a server: set sample.endpoint.url")
        return RemoteEngine(c.endpoint, policy_id)
    from redraft.engines.local import LocalEngine
    from redraft.policy import load_policy

    sharing = 1 / min(1.0, c.gpus_per_actor) if c.gpus_per_actor else c.actors
    return LocalEngine(
        load_policy(policy_path, config.policy.device, config.policy.dtype),
        policy_id,
        batch_size=c.batch_size,
        max_pixels=config.images.max_pixels,
        memory_share=_MEMORY_SHARE / sharing,
    )
