"""The plan's memory and operations against what torch itself counts on a real model."""

from __future__ import annotations

import json

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoConfig, LlavaForConditionalGeneration

from redraft.config import Config
from redraft.plan import ModelShape, PairStatistics, TrainingPlan, plan_training, read_shape

TEXT = {
    "model_type": "llama", "vocab_size": 2000, "hidden_size": 128, "intermediate_size": 352, "num_hidden_layers": 3,
    "num_attention_heads": 4, "num_key_value_heads": 2, "tie_word_embeddings": False,
}  # fmt: skip
VISION = {
    "model_type": "clip_vision_model", "hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 3,
    "num_attention_heads": 2, "image_size": 84, "patch_size": 14,
}  # fmt: skip


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ModelShape:
    folder = tmp_path_factory.mktemp("tiny")
    whole = {"model_type": "llava", "text_config": TEXT, "vision_config": VISION}
    (folder / "config.json").write_text(json.dumps(whole))
    return read_shape(folder)


def plan(shape: ModelShape, dtype: str = "float32", **train: object) -> TrainingPlan:
    train = {"gpu": "A100-80GB", "gpus_per_worker": 1, "workers": 1, "batch_size": 8, **train}
    config = Config.model_validate({"policy": {"dtype": dtype}, "train": train})
    return plan_training(shape, config, Trial.statistics())


class Trial:
    """One pair as a row of T tokens of which the last R are predicted, through a real LLaVA's language model."""

    width, predicted = 200, 60

    def __init__(self, dtype: torch.dtype, attention: str, checkpointing: bool) -> None:
        config = AutoConfig.for_model("llava", text_config=TEXT, vision_config=VISION)
        torch.set_default_dtype(dtype)
        try:
            self.model = LlavaForConditionalGeneration._from_config(config, attn_implementation=attention).train()
            mask = torch.ones(1, 1, self.width, self.width).tril()
            self.mask = mask.bool() if attention == "sdpa" else (mask - 1) * 1e4
        finally:
            torch.set_default_dtype(torch.float32)
        if checkpointing:
            self.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        self.model.requires_grad_(False)
        self.model.get_decoder().requires_grad_(True)
        self.model.lm_head.requires_grad_(True)
        self.ids = torch.randint(6, 2000, (1, self.width))
        self.targets = torch.randint(6, 2000, (self.predicted,))

    def step(self, autocast: bool = False) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            hidden = self.model.model.language_model(
                inputs_embeds=self.model.get_input_embeddings()(self.ids), attention_mask=self.mask,
                position_ids=torch.arange(self.width)[None], use_cache=False,
            ).last_hidden_state  # fmt: skip
            logits = self.model.lm_head(hidden[0, -self.predicted :]).float()
            loss = torch.nn.functional.cross_entropy(logits, self.targets)
        loss.backward()

    @classmethod
    def statistics(cls) -> PairStatistics:
        """A pair laid out as that row: a prompt of P, a common prefix of c, responses of r: P + 2(r - 1) - c = T."""
        r, c = 40, 20
        assert 2 * r - c == cls.predicted
        prompt = cls.width - 2 * (r - 1) + c
        return PairStatistics(
            pairs=8, prompt_tokens=prompt, image_tokens=36, response_tokens=r, common_prefix_tokens=c,
            longest_response=cls.predicted // 2, longest_sequence=prompt + r - 1, longest_shared=cls.width,
        )  # fmt: skip


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_operations_are_those_that_torch_counts(tiny: ModelShape, checkpointing: bool) -> None:
    """Forward and backward of a real model under torch's counter; what the plan leaves out is far under 1 %."""
    trial = Trial(torch.float32, "eager", checkpointing)
    with FlopCounterMode(display=False) as counter:
        trial.step()
    flops = plan(tiny, gradient_checkpointing=checkpointing).flops_per_pair
    assert flops.total - flops.vision == pytest.approx(counter.get_total_flops(), rel=0.01)


@pytest.mark.filterwarnings("ignore")
def test_operations_of_the_vision_tower_are_those_that_torch_counts(tiny: ModelShape) -> None:
    model = Trial(torch.float32, "eager", False).model
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.model.get_image_features(torch.zeros(1, 3, 84, 84))
    flops = plan(tiny, cached_images=0).flops_per_pair
    assert flops.vision == pytest.approx(counter.get_total_flops(), rel=0.03)


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "autocast"])
@pytest.mark.filterwarnings("ignore")
def test_memory_is_the_peak_that_torch_sees(tiny: ModelShape, precision: str, checkpointing: bool) -> None:
    """Weights, gradients and activations of two micro-batches of a real model, tensor by tensor, without computing.

    The plan is within 10 % here. Of LLaVA-1.5-7B, two longest pairs at a time, it was off by -1.4 % in float32
    (73.6 GiB for 74.7), -1.2 % in bfloat16 and -0.3 % under autocast; with gradient checkpointing by -0.7, -0.4
    and +0.9 %.
    """
    with FakeTensorMode():
        trial = Trial(torch.bfloat16 if precision == "bfloat16" else torch.float32, "sdpa", checkpointing)
        tracker = MemTracker()
        tracker.track_external(trial.model)
        with tracker:
            trial.step(precision == "autocast")
            tracker.reset_mod_stats()
            trial.step(precision == "autocast")
        snapshot = tracker.get_tracker_snapshot("peak")
    measured = next(iter(snapshot.values()))["Total"]
    memory = plan(
        tiny, dtype="float32" if precision == "float32" else "bfloat16", micro_batch=1,
        strategy="deepspeed" if precision == "bfloat16" else "ddp", gradient_checkpointing=checkpointing,
    ).memory  # fmt: skip
    assert memory.weights + memory.gradients + memory.activations == pytest.approx(measured, rel=0.1)
