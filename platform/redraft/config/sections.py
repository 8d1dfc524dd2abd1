"""The parts of the tree, in the order in which a round meets them; training has a module of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from redraft.config.section import Section


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


class AnnotateConfig(Section):
    """Who corrects."""

    by: Literal["oracle", "human"] = "oracle"
    oracles: int = Field(2, ge=1, description="oracle annotators working in parallel")
    error_rate: float = Field(0.0, ge=0, le=1, description="chance that an oracle overlooks a wrong segment")
    seconds_per_task: float = Field(0.0, ge=0, description="how long an oracle takes over a task")
    lease_seconds: float = Field(
        900.0, gt=0, description="a task that nobody worked on for so long goes back to the worklist"
    )
    overlap: int = Field(2, ge=2, le=100, description="people who answer an overlapping task, to measure agreement")
    overlap_share: float = Field(0.0, ge=0, le=1, description="share of tasks that overlap")
    training_tasks: int = Field(0, ge=0, description="gold tasks, with feedback, before an annotator's first real one")
    gold_share: float = Field(0.0, ge=0, lt=1, description="share of gold tasks, without feedback, among the others")
    doubt_threshold: float = Field(0.5, ge=0, le=1, description="spans at least this doubtful are shaded")
    unshaded_share: float = Field(
        0.1, ge=0, le=1, description="share of tasks shown without shading, to measure how much it leads people"
    )
    max_change: float = Field(0.5, gt=0, le=1, description="share of the text beyond which a correction is a rewrite")
    rewrites: Literal["allow", "ask", "refuse"] = Field("ask", description="what happens to rewrites")
    style_only: Literal["allow", "ask", "refuse"] = Field(
        "ask", description="what happens to changes of letter case, spaces and punctuation alone"
    )
    session_hours: float = Field(12.0, gt=0, description="how long a person stays signed in")


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


_NAME = r"[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?"
ImageHost = Annotated[str, Field(pattern=rf"^(\*\.{_NAME}|{_NAME}(:[0-9]{{1,5}})?)$")]


class ServeConfig(Section):
    """The promoted policy behind HTTP."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = Field(8123, ge=0, le=65535, description="0 takes a free port")
    cpus: float = Field(0.1, gt=0)
    gpus: float = Field(0.0, ge=0)
    accelerator_type: str | None = Field(
        None, min_length=1, description="kind of GPU that serves, as Ray names it, such as A100"
    )
    open_on_loopback: bool = Field(
        True, description="ask for no token while host is a loopback address; elsewhere one is always asked for"
    )
    max_new_tokens: int = Field(1024, ge=1, description="longest answer that a request may ask for, in tokens")
    max_batch: int = Field(16, ge=1, description="answers that are generated together")
    batch_wait_ms: float = Field(
        5.0, ge=0, le=1000, description="how long a request waits for others to share a batch with"
    )
    max_waiting: int = Field(64, ge=1, description="requests under way at one time; what comes beyond is told to wait")
    image_hosts: tuple[ImageHost, ...] = Field(
        (), description="servers that pictures are fetched from: name, name:port or *.domain; default: none"
    )
    canary_share: float = Field(
        0.1, ge=0, le=1, description="share of requests that a candidate answers: in the loop, and by `redraft serve`"
    )
    canary_minutes: float = Field(
        0.0,
        ge=0,
        description="how long the loop lets a candidate that measured well answer its share of the requests before it "
        "is promoted, or rejected if it fails them; 0: not at all",
    )

    @model_validator(mode="after")
    def _two_to_compare(self) -> Self:
        if self.canary_minutes and not 0 < self.canary_share < 1:
            raise ValueError("serve.canary_minutes compares two versions: set serve.canary_share above 0 and below 1")
        return self

    @model_validator(mode="after")
    def _kind_of_what(self) -> Self:
        if self.accelerator_type is not None and not self.gpus:
            raise ValueError("serve.accelerator_type names a GPU: set serve.gpus too")
        return self


class RayConfig(Section):
    """Which Ray to use."""

    address: str | None = Field(
        None, description="address of a running cluster; default: a local one for this run alone"
    )
    cpus: int = Field(2, ge=1, description="CPUs that the local one offers")
    object_store_mib: int = Field(300, ge=80)
    metrics_port: int | None = Field(
        None, ge=1, le=65535, description="where the local one shows its metrics to Prometheus; default: any free port"
    )
