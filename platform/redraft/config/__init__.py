"""One configuration tree for everything; a knob exists once. Importing it never imports torch or Ray."""

from redraft.config.loading import load_config, override, parse_config, read_tree
from redraft.config.loop import LoopConfig
from redraft.config.routing import RouteConfig
from redraft.config.sampling import EndpointConfig, SampleConfig
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
from redraft.config.storage import S3Config, StorageConfig
from redraft.config.training import OBJECTIVE_PRESETS, LoraConfig, ObjectiveConfig, TrainConfig
from redraft.config.tree import Config
from redraft.config.uncertainty import ClaimJudgeConfig, UncertaintyConfig

__all__ = [
    "OBJECTIVE_PRESETS",
    "AnnotateConfig",
    "ClaimJudgeConfig",
    "Config",
    "EndpointConfig",
    "EvaluateConfig",
    "ImagesConfig",
    "LoopConfig",
    "LoraConfig",
    "ObjectiveConfig",
    "PolicyConfig",
    "PromoteConfig",
    "PromptsConfig",
    "RayConfig",
    "RouteConfig",
    "S3Config",
    "SampleConfig",
    "Section",
    "ServeConfig",
    "StorageConfig",
    "TrainConfig",
    "UncertaintyConfig",
    "load_config",
    "override",
    "parse_config",
    "read_tree",
]
