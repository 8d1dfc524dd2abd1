"""The whole tree."""

from __future__ import annotations

import hashlib
import json
from typing import Self

import yaml
from pydantic import Field, model_validator

from redraft.config.loop import LoopConfig
from redraft.config.prices import PricesConfig
from redraft.config.routing import RouteConfig
from redraft.config.sampling import SampleConfig
from redraft.config.section import Section
from redraft.config.sections import (
    AnnotateConfig,
    EvaluateConfig,
    ImagesConfig,
    PolicyConfig,
    PromoteConfig,
    PromptsConfig,
    RayConfig,
    ServeConfig,
)
from redraft.config.storage import StorageConfig
from redraft.config.training import TrainConfig
from redraft.config.uncertainty import UncertaintyConfig

_COUNTS_ONCE_SET = {"serve": {"accelerator_type": None, "canary_minutes": 0.0}}
"""Knobs that came when there were runs already: left as they are, they change no hash, and so no id of a version."""


class Config(Section):
    """The whole tree."""

    name: str = Field("run", pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$")
    seed: int = Field(0, ge=0)
    policy: PolicyConfig = Field(default_factory=lambda: PolicyConfig())
    images: ImagesConfig = Field(default_factory=lambda: ImagesConfig())
    prompts: PromptsConfig = Field(default_factory=lambda: PromptsConfig())
    sample: SampleConfig = Field(default_factory=lambda: SampleConfig())
    uncertainty: UncertaintyConfig = Field(default_factory=lambda: UncertaintyConfig())
    route: RouteConfig = Field(default_factory=lambda: RouteConfig())
    annotate: AnnotateConfig = Field(default_factory=lambda: AnnotateConfig())
    train: TrainConfig = Field(default_factory=lambda: TrainConfig())
    evaluate: EvaluateConfig = Field(default_factory=lambda: EvaluateConfig())
    promote: PromoteConfig = Field(default_factory=lambda: PromoteConfig())
    loop: LoopConfig = Field(default_factory=lambda: LoopConfig())
    prices: PricesConfig = Field(default_factory=lambda: PricesConfig())
    storage: StorageConfig = Field(default_factory=lambda: StorageConfig())
    serve: ServeConfig = Field(default_factory=lambda: ServeConfig())
    ray: RayConfig = Field(default_factory=lambda: RayConfig())

    @model_validator(mode="after")
    def _oracle_knows(self) -> Self:
        if self.annotate.by == "oracle" and self.images.source != "world":
            raise ValueError("annotate.by oracle works on images.source world alone: set annotate.by=human")
        return self

    @model_validator(mode="after")
    def _blank_images_seen(self) -> Self:
        if self.uncertainty.image_ablation and self.sample.engine != "local":
            raise ValueError("uncertainty.image_ablation needs the policy at hand: set sample.engine=local")
        return self

    @model_validator(mode="after")
    def _hidden_states_seen(self) -> Self:
        if self.route.strategy == "probe+diversity" and self.sample.engine != "local":
            raise ValueError("route.strategy probe+diversity needs the policy's hidden states: set sample.engine=local")
        return self

    def hash(self) -> str:
        """Twelve hex digits that change whenever any value does."""
        left = {
            part: {name for name, value in knobs.items() if getattr(getattr(self, part), name) == value}
            for part, knobs in _COUNTS_ONCE_SET.items()
        }
        return hashlib.sha256(self.model_dump_json(exclude=left).encode()).hexdigest()[:12]

    def to_yaml(self) -> str:
        """The resolved tree, every default spelled out."""
        return yaml.safe_dump(json.loads(self.model_dump_json()), sort_keys=False)
