"""One configuration tree for everything; a knob exists once. Importing this module never imports torch or Ray."""

from __future__ import annotations

import difflib
import hashlib
import json
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Self, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from redraft.errors import ConfigError


class Section(BaseModel):
    """A frozen part of the tree that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PolicyConfig(Section):
    """The vision-language model to correct."""

    path: str = Field(
        "builtin:tiny", description="Hugging Face checkpoint folder, or builtin:tiny for the shipped policy"
    )
    device: Literal["auto", "cpu", "cuda"] = "auto"
    dtype: Literal["float32", "bfloat16"] = "float32"
    max_new_tokens: int = Field(128, ge=1, description="longest response, in tokens")


class ImagesConfig(Section):
    """Where the pictures to describe come from."""

    source: Literal["world", "folder", "coco"] = "world"
    path: Path | None = Field(None, description="folder of photographs, or COCO folder (images/ and annotations/)")
    per_round: int = Field(
        600, ge=1, description="fresh images sampled each round; a folder smaller than that is used whole"
    )
    max_pixels: int = Field(50_000_000, ge=1, description="larger images are refused as decompression bombs")

    @model_validator(mode="after")
    def _path_given(self) -> Self:
        if (self.source == "world") != (self.path is None):
            need = "takes no path" if self.source == "world" else "needs a path"
            raise ValueError(f"images.source {self.source} {need}: set images.path accordingly")
        return self


class PromptsConfig(Section):
    """What the policy is asked."""

    describe: str = Field("Describe this image in detail.", min_length=1)
    question_share: float = Field(0.2, ge=0, le=1, description="share of world images asked a short question instead")


class SampleConfig(Section):
    """How responses are drawn."""

    k: int = Field(4, ge=1, description="samples per image; the first is routed, all measure disagreement")
    temperature: float = Field(0.9, gt=0)
    top_p: float = Field(1.0, gt=0, le=1)
    batch_size: int = Field(50, ge=1, description="images per batch; k rows each")
    actors: int = Field(2, ge=1, description="sampler actors")
    cpus_per_actor: float = Field(0.5, gt=0)
    gpus_per_actor: float = Field(0.0, ge=0)


class RouteConfig(Section):
    """Which responses people see."""

    budget: int = Field(300, ge=1, description="tasks per round")
    random_share: float = Field(0.2, ge=0, le=1, description="share of the budget drawn at random: the control arm")
    entropy_weight: float = Field(
        0.5, ge=0, le=1, description="entropy's weight in the score; disagreement has the rest"
    )


class AnnotateConfig(Section):
    """Who corrects."""

    by: Literal["oracle", "human"] = "oracle"
    oracles: int = Field(2, ge=1, description="oracle annotators working in parallel")
    error_rate: float = Field(0.0, ge=0, le=1, description="chance that an oracle overlooks a wrong segment")
    seconds_per_task: float = Field(0.0, ge=0, description="how long an oracle takes over a task")
    lease_seconds: float = Field(900.0, gt=0, description="a task not submitted by then goes back to the worklist")


class ObjectiveConfig(Section):
    """DDPO (RLHF-V, equation 3). Presets give every field; a field set beside a preset wins over it."""

    preset: Literal["paper", "released", "recommended"] = "recommended"
    gamma: float = Field(5.0, ge=1, description="weight of a changed token; an unchanged one weighs 1")
    beta: float = Field(0.5, gt=0)
    normalise: bool = Field(True, description="divide the score by N = |unchanged| + gamma |changed|")
    diff: Literal["edits", "released"] = Field(
        "edits", description="what counts as changed: edits, or the released code's diff"
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {**OBJECTIVE_PRESETS.get(data.get("preset", "recommended"), {}), **data}


OBJECTIVE_PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"gamma": 5.0, "beta": 0.5, "normalise": True, "diff": "edits"},
    "released": {"gamma": 1.1, "beta": 0.1, "normalise": False, "diff": "released"},
    "recommended": {"gamma": 5.0, "beta": 0.5, "normalise": True, "diff": "edits"},
}


class TrainConfig(Section):
    """How a candidate is trained on a dataset version."""

    strategy: Literal["ddp", "deepspeed"] = "ddp"
    zero_stage: Literal[2, 3] = Field(2, description="DeepSpeed ZeRO stage; used by strategy deepspeed alone")
    objective: ObjectiveConfig = Field(default_factory=lambda: ObjectiveConfig())
    workers: int = Field(2, ge=1)
    cpus_per_worker: float = Field(0.5, gt=0)
    gpus_per_worker: float = Field(0.0, ge=0)
    batch_size: int = Field(16, ge=1, description="pairs per optimiser step, over all workers")
    steps: int = Field(25, ge=1, description="optimiser steps per round")
    learning_rate: float = Field(5e-5, gt=0, description="peak, in round 1")
    round_decay: float = Field(1.0, gt=0, le=1, description="peak of each further round, as a share of the one before")
    warmup_share: float = Field(0.1, ge=0, lt=1)
    schedule: Literal["linear", "cosine"] = "linear"
    weight_decay: float = Field(0.01, ge=0)
    max_grad_norm: float = Field(1.0, gt=0)
    freeze_vision: bool = Field(True, description="train the language model alone")
    max_tokens: int = Field(2048, ge=16, description="longest prompt + response; a pair over it is refused")
    checkpoint_every: int = Field(10, ge=1, description="steps between resumable checkpoints")
    replay: float = Field(0.0, ge=0, description="older corrections mixed in, as a share of the new ones")
    max_failures: int = Field(3, ge=0, description="worker deaths survived per training job")

    @model_validator(mode="after")
    def _batch_divides(self) -> Self:
        if self.batch_size % self.workers:
            raise ValueError(f"train.batch_size {self.batch_size} must be a multiple of train.workers {self.workers}")
        return self


class EvaluateConfig(Section):
    """How a policy is measured: greedy, on the world's held-out splits."""

    dev_images: int = Field(400, ge=2, description="decide promotion")
    test_images: int = Field(1000, ge=2, description="are reported, and decide nothing")
    questions: int = Field(200, ge=0, description="short questions per split, beside the descriptions")
    bootstrap: int = Field(2000, ge=100, description="resamples for intervals")
    batch_size: int = Field(200, ge=1, description="requests per batch")
    actors: int = Field(2, ge=1)
    cpus_per_actor: float = Field(0.5, gt=0)
    gpus_per_actor: float = Field(0.0, ge=0)


class PromoteConfig(Section):
    """When a candidate replaces the incumbent."""

    confidence: float = Field(0.95, gt=0.5, lt=1, description="of the paired interval on the development split")
    max_recall_drop: float = Field(0.01, ge=0, description="guard: recall may fall by this much, absolute")
    max_length_change: float = Field(0.10, ge=0, description="guard: mean words may change by this much, relative")


class LoopConfig(Section):
    """When the loop moves on and when it ends."""

    rounds: int = Field(3, ge=1)
    min_corrections: int = Field(20, ge=1, description="fewer than this are not worth a training run")
    train_after: int | None = Field(
        None, ge=1, description="train once this many new corrections are in; default: worklist empty"
    )
    max_corrections: int | None = Field(None, ge=1, description="stop sampling once this many were made")


class StorageConfig(Section):
    """Where truth lives. Unset means inside the run folder."""

    database: str | None = Field(None, description="SQLAlchemy URL; default SQLite in the run folder")
    blobs: str | None = Field(
        None, description="folder for images, datasets and checkpoints; default in the run folder"
    )
    min_free_gib: float = Field(0.5, ge=0, description="refuse to start with less free disk")


class ServeConfig(Section):
    """The promoted policy behind HTTP."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = Field(8123, ge=0, le=65535, description="0 takes a free port")
    cpus: float = Field(0.1, gt=0)
    gpus: float = Field(0.0, ge=0)


class RayConfig(Section):
    """Which Ray to use."""

    address: str | None = Field(
        None, description="address of a running cluster; default: a local one for this run alone"
    )
    cpus: int = Field(2, ge=1, description="CPUs that the local one offers")
    object_store_mib: int = Field(300, ge=80)


class Config(Section):
    """The whole tree."""

    name: str = Field("run", pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$")
    seed: int = Field(0, ge=0)
    policy: PolicyConfig = Field(default_factory=lambda: PolicyConfig())
    images: ImagesConfig = Field(default_factory=lambda: ImagesConfig())
    prompts: PromptsConfig = Field(default_factory=lambda: PromptsConfig())
    sample: SampleConfig = Field(default_factory=lambda: SampleConfig())
    route: RouteConfig = Field(default_factory=lambda: RouteConfig())
    annotate: AnnotateConfig = Field(default_factory=lambda: AnnotateConfig())
    train: TrainConfig = Field(default_factory=lambda: TrainConfig())
    evaluate: EvaluateConfig = Field(default_factory=lambda: EvaluateConfig())
    promote: PromoteConfig = Field(default_factory=lambda: PromoteConfig())
    loop: LoopConfig = Field(default_factory=lambda: LoopConfig())
    storage: StorageConfig = Field(default_factory=lambda: StorageConfig())
    serve: ServeConfig = Field(default_factory=lambda: ServeConfig())
    ray: RayConfig = Field(default_factory=lambda: RayConfig())

    @model_validator(mode="after")
    def _oracle_knows(self) -> Self:
        if self.annotate.by == "oracle" and self.images.source != "world":
            raise ValueError("annotate.by oracle works on images.source world alone: set annotate.by=human")
        return self

    def hash(self) -> str:
        """Twelve hex digits that change whenever any value does."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    def to_yaml(self) -> str:
        """The resolved tree, every default spelled out."""
        return yaml.safe_dump(json.loads(self.model_dump_json()), sort_keys=False)


def load_config(path: Path, overrides: dict[str, str] | None = None) -> Config:
    """Read a YAML file, apply ``a.b=c`` overrides (values are YAML), and check the whole.

    Raises:
        ConfigError: with one sentence a problem, naming the key and, for an unknown one, the nearest valid key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigError(f"cannot read config {path}: {e}. Start from one of the files in configs/.") from e
    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError as e:
        raise ConfigError(f"{path} is not valid YAML: {' '.join(str(e).split())}") from e
    if tree is None:
        tree = {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{path} must hold a mapping of sections, not a {type(tree).__name__}")
    for key, value in (overrides or {}).items():
        _override(tree, key, value)
    return parse_config(tree, str(path))


def parse_config(tree: dict[str, Any], where: str) -> Config:
    """Check a tree of plain values; ``where`` names it in errors."""
    try:
        return Config.model_validate(tree)
    except ValidationError as e:
        raise ConfigError(f"{where}: " + "; ".join(_explain(error) for error in e.errors())) from e


def _override(tree: dict[str, Any], key: str, value: str) -> None:
    *parents, leaf = key.split(".")
    node = tree
    for parent in parents:
        child = node.setdefault(parent, {})
        if not isinstance(child, dict):
            raise ConfigError(f"--set {key}: {parent} is a value, not a section")
        node = child
    try:
        node[leaf] = yaml.safe_load(value)
    except yaml.YAMLError as e:
        raise ConfigError(f"--set {key}: {value!r} is not a valid YAML value") from e


def _explain(error: Any) -> str:
    path = [str(part) for part in error["loc"]]
    dotted = ".".join(path)
    if error["type"] != "extra_forbidden":
        message = str(error["msg"]).removeprefix("Value error, ")
        return f"{dotted}: {message}" if dotted else message
    section = _section(path[:-1])
    names = list(section.model_fields) if section else []
    near = difflib.get_close_matches(path[-1], names, n=1, cutoff=0.0)
    prefix = ".".join(path[:-1])
    hint = f"; did you mean {prefix + '.' if prefix else ''}{near[0]}?" if near else ""
    return f"unknown key {dotted}{hint}"


def _section(path: list[str]) -> type[BaseModel] | None:
    model: type[BaseModel] = Config
    for part in path:
        field = model.model_fields.get(part)
        child = _model_in(field.annotation) if field else None
        if child is None:
            return None
        model = child
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    options = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return next((o for o in options if isinstance(o, type) and issubclass(o, BaseModel)), None)
