"""One configuration tree for everything; a knob exists once. Importing it never imports torch or Ray."""

from redraft.config.loading import load_config, override, parse_config, read_tree
from redraft.config.section import Section
from redraft.config.sections import (
    AnnotateConfig,
    EvaluateConfig,
    ImagesConfig,
    LoopConfig,
    PolicyConfig,
    PromoteConfig,
    PromptsConfig,
    RayConfig,
    RouteConfig,
    SampleConfig,
    ServeConfig,
    StorageConfig,
)
from redraft.config.training import OBJECTIVE_PRESETS, LoraConfig, ObjectiveConfig, TrainConfig
from redraft.config.tree import Config

__all__ = [
    "OBJECTIVE_PRESETS",
    "AnnotateConfig",
    "Config",
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
    "SampleConfig",
    "Section",
    "ServeConfig",
    "StorageConfig",
    "TrainConfig",
    "load_config",
    "override",
    "parse_config",
    "read_tree",
]
