"""How a candidate is trained: the objective, adapters, the optimiser, workers and checkpoints."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from redraft.config.section import Section


class ObjectiveConfig(Section):
    """DDPO (RLHF-V, equation 3) and what can be added to it. Presets give every field; one set beside a preset wins."""

    preset: Literal["paper", "released", "recommended"] = "recommended"
    gamma: float = Field(5.0, ge=1, description="weight of a changed token; an unchanged one weighs 1; 1 is plain DPO")
    beta: float = Field(0.5, gt=0)
    normalise: bool = Field(True, description="divide the score by N = |unchanged| + gamma |changed|")
    preference: float = Field(
        1.0, ge=0, description="weight of the preference term; 0 leaves what is added to it, e.g. supervised alone"
    )
    diff: Literal["edits", "released"] = Field(
        "edits", description="what counts as changed: edits, or the released code's diff"
    )
    label_smoothing: float = Field(0.0, ge=0, lt=0.5, description="chance that a preference is the wrong way (cDPO)")
    reliability: bool = Field(
        False,
        description="smooth each pair by how often its annotator errs, by gold, review and overlap, where that is more",
    )
    supervised: float = Field(
        0.0, ge=0, description="weight of the chosen response's negative log-likelihood per token"
    )
    supervised_dense: bool = Field(False, description="weigh changed tokens by gamma in the supervised term, too")
    anchor: float = Field(
        0.0, ge=0, description="weight of a term that keeps chosen as likely as under the reference (mDPO)"
    )
    anchor_margin: float = Field(0.0, description="reward that the anchor asks of the chosen response")
    first_segment_only: bool = Field(
        False, description="leave out what follows the first changed segment, where the contexts differ (C-DPO)"
    )
    image_ablated: float = Field(
        0.0, ge=0, description="weight of preferring chosen with its image over chosen with a blank one (mDPO)"
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
    "recommended": {
        "gamma": 5.0,
        "beta": 0.5,
        "normalise": True,
        "diff": "edits",
        "anchor": 1.0,
        "supervised": 0.3,
    },
}


class LoraConfig(Section):
    """Low-rank adapters (peft) in place of full training; merged into the weights on export."""

    rank: int = Field(16, ge=1)
    alpha: int = Field(32, ge=1)
    dropout: float = Field(0.0, ge=0, lt=1)
    targets: tuple[str, ...] = Field(
        ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
        min_length=1,
        description="names of the language model's linear layers; the head is refused",
    )


class TrainConfig(Section):
    """How a candidate is trained on a dataset version."""

    strategy: Literal["ddp", "deepspeed"] = "ddp"
    zero_stage: Literal[2, 3] = Field(2, description="DeepSpeed ZeRO stage; used by strategy deepspeed alone")
    offload_optimizer: bool = Field(False, description="DeepSpeed: optimiser state in host memory")
    offload_parameters: bool = Field(False, description="DeepSpeed ZeRO-3: parameters in host memory")
    objective: ObjectiveConfig = Field(default_factory=lambda: ObjectiveConfig())
    workers: int = Field(2, ge=1)
    cpus_per_worker: float = Field(0.5, gt=0)
    gpus_per_worker: float = Field(0.0, ge=0)
    gpu: str | None = Field(None, description="kind of GPU, e.g. A100-40GB; redraft train --plan lists them")
    batch_size: int = Field(16, ge=1, description="pairs per optimiser step, over all workers")
    micro_batch: int = Field(8, ge=1, description="pairs per forward pass of one worker; lower it to save memory")
    steps: int = Field(25, ge=1, description="optimiser steps per round")
    warmup_steps_on_policy: int = Field(
        0, ge=0, description="supervised steps on original and corrected responses before DDPO, part of steps (OPA-DPO)"
    )
    learning_rate: float = Field(5e-5, gt=0, description="peak, in round 1")
    round_decay: float = Field(1.0, gt=0, le=1, description="peak of each further round, as a share of the one before")
    warmup_share: float = Field(0.1, ge=0, lt=1)
    schedule: Literal["linear", "cosine"] = "linear"
    weight_decay: float = Field(0.01, ge=0)
    max_grad_norm: float = Field(1.0, gt=0)
    freeze_vision: bool = Field(True, description="train the language model alone; image features are then cached")
    cached_images: int = Field(
        512, ge=0, description="images whose features a worker keeps while the vision tower is frozen"
    )
    layout: Literal["auto", "two_sequences"] = Field(
        "auto", description="auto: chosen and rejected share image, prompt and prefix where the family allows it"
    )
    gradient_checkpointing: bool = Field(False, description="recompute activations: less memory, a third more time")
    lora: LoraConfig | None = Field(None, description="train low-rank adapters alone")
    max_tokens: int = Field(2048, ge=16, description="longest prompt + response; a pair over it is refused")
    checkpoint_every: int = Field(10, ge=1, description="steps between resumable checkpoints")
    keep_checkpoints: int = Field(
        1, ge=1, description="resumable checkpoints that Ray Train keeps; a job alone keeps the newest"
    )
    replay: float = Field(0.0, ge=0, description="older corrections mixed in, as a share of the new ones")
    max_failures: int = Field(3, ge=0, description="worker deaths survived per training job")
    hang_seconds: float = Field(900.0, gt=0, description="a step that takes longer counts as hung: its worker is ended")
    chosen_alarm: float = Field(
        0.5, gt=0, description="warn when chosen falls this far below the reference, in nats per token"
    )
    tensorboard: bool = Field(False, description="also write TensorBoard events beside the step log")
    mlflow: str | None = Field(None, description="also log steps to this MLflow tracking URI")

    @property
    def accelerator(self) -> str | None:
        """Ray's name of the kind of GPU that workers run on: A100 for A100-40GB; None on CPUs, or where any will do."""
        return self.gpu.split("-")[0] if self.gpu and self.gpus_per_worker else None

    @model_validator(mode="after")
    def _batch_divides(self) -> Self:
        if self.batch_size % self.workers:
            raise ValueError(f"train.batch_size {self.batch_size} must be a multiple of train.workers {self.workers}")
        return self
