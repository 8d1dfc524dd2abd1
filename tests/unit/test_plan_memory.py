"""The plan's memory and operations: hand arithmetic, and what can never happen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redraft.config import Config
from redraft.plan import ModelShape, PairStatistics, TrainingPlan, plan_training, read_shape
from redraft.plan.hardware import GIB
from redraft.plan.memory import GPU_CONTEXT, LIVE_PARAMETERS, REDUCE_BUCKET
from redraft.plan.tokens import HEAD_CHUNK
from redraft.policy import logprobs

LLAMA_7B = {"model_type": "llama", "vocab_size": 32064}
CLIP_LARGE = {
    "model_type": "clip_vision_model", "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24,
    "num_attention_heads": 16, "image_size": 336, "patch_size": 14,
}  # fmt: skip


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> ModelShape:
    """LLaVA-1.5-7B."""
    folder = tmp_path_factory.mktemp("llava-7b")
    whole = {"model_type": "llava", "text_config": LLAMA_7B, "vision_config": CLIP_LARGE}
    (folder / "config.json").write_text(json.dumps(whole))
    return read_shape(folder)


def plan(shape: ModelShape, statistics: PairStatistics, dtype: str = "bfloat16", **train: Any) -> TrainingPlan:
    train = {"gpu": "A100-80GB", "gpus_per_worker": 1, "workers": 1, "batch_size": 8, **train}
    config = Config.model_validate({"policy": {"dtype": dtype}, "train": train})
    return plan_training(shape, config, statistics)


def test_zero_splits_states_over_the_workers(large: ModelShape) -> None:
    """N parameters, n of them trained, W workers: by hand."""
    pairs, whole, n, workers = PairStatistics.rlhf_v(), 7_063_427_072, 6_738_939_904, 8
    split = {"workers": workers, "strategy": "deepspeed"}

    two = plan(large, pairs, **split).memory
    assert (two.weights, two.gradients, two.optimizer) == (2 * whole, 2 * n // workers, 12 * n // workers)
    assert two.communication == 2 * REDUCE_BUCKET

    three = plan(large, pairs, **split, zero_stage=3).memory
    assert (three.weights, three.gradients, three.optimizer) == (2 * whole // workers, *_of(two))
    assert three.communication == 2 * (REDUCE_BUCKET + LIVE_PARAMETERS)

    full = plan(large, pairs, dtype="float32", **split).memory
    assert (full.weights, full.gradients, full.optimizer) == (4 * whole, 4 * n // workers, 12 * n // workers)

    host = plan(large, pairs, **split, zero_stage=3, offload_optimizer=True, offload_parameters=True)
    assert (host.memory.weights, host.memory.gradients, host.memory.optimizer, host.memory.update) == (0, 0, 0, 0)
    assert host.host is not None
    assert host.host.offloaded == (12 + 4) * n // workers + 2 * whole // workers


def _of(memory: Any) -> tuple[int, int]:
    return memory.gradients, memory.optimizer


def test_ddp_keeps_everything_on_every_worker(large: ModelShape) -> None:
    pairs, whole, n, table = PairStatistics.rlhf_v(), 7_063_427_072, 6_738_939_904, 32064 * 4096
    full = plan(large, pairs, dtype="float32", workers=2).memory
    assert (full.weights, full.gradients, full.optimizer, full.communication) == (4 * whole, 4 * n, 8 * n, 4 * n)

    mixed = plan(large, pairs).memory
    assert mixed.weights == 4 * whole + 2 * (n - table)
    assert (mixed.gradients, mixed.optimizer, mixed.communication) == (4 * n, 8 * n, 0)
    assert mixed.overhead == GPU_CONTEXT + int(0.05 * (mixed.total - mixed.overhead))


def test_adapters_alone_are_trained(large: ModelShape) -> None:
    """Rank 8 on queries and up-projections: 8 (in + out) parameters in each of 32 layers."""
    adapters = 32 * 8 * ((4096 + 4096) + (4096 + 11008))
    lora = plan(large, PairStatistics.rlhf_v(), strategy="deepspeed", workers=4,
                lora={"rank": 8, "targets": ["q_proj", "up_proj"]}, freeze_vision=False)  # fmt: skip
    assert lora.trained == adapters
    assert lora.memory.weights == 2 * (7_063_427_072 + adapters)
    assert (lora.memory.gradients, lora.memory.optimizer) == (2 * adapters // 4, 12 * adapters // 4)
    whole = plan(large, PairStatistics.rlhf_v(), strategy="deepspeed", workers=4)
    passes = (lora.flops_per_pair.language - 2 * 3 * adapters * lora.tokens.per_pair) / whole.flops_per_pair.language
    assert passes == pytest.approx(2 / 3)


def test_checkpoints_and_cached_images(large: ModelShape) -> None:
    pairs, n = PairStatistics.rlhf_v(), 6_738_939_904
    ddp = plan(large, pairs, keep_checkpoints=2, cached_images=100, steps=50)
    assert (ddp.disk.resumable, ddp.disk.policy) == (12 * n, 2 * 7_063_427_072)
    assert ddp.disk.peak == 3 * 12 * n + ddp.disk.policy
    assert ddp.host is not None
    assert ddp.host.features == pytest.approx(100 * (576 * 4096 * 2 + 577 * 14 * 14 * 3 * 4))
    trained = plan(large, pairs, freeze_vision=False)
    assert trained.host is not None and trained.host.features == 0
    assert trained.trained == 7_063_427_072
    assert trained.memory.activations > ddp.memory.activations


def test_vision_runs_once_for_a_cached_image(large: ModelShape) -> None:
    def vision(**train: Any) -> float:
        statistics = PairStatistics.rlhf_v(pairs=100)
        return plan(large, statistics, steps=100, batch_size=8, **train).flops_per_pair.vision

    always = vision(cached_images=0)
    tower = 2 * large.vision.matrices * 577 + 4 * 577**2 * 1024 * 24
    assert always == pytest.approx(tower + 2 * 20_979_712 * 576)
    assert vision(cached_images=100) == pytest.approx(always * 100 / 800)
    assert vision(cached_images=100, workers=2) == pytest.approx(always * 2 * 100 / 800)
    assert vision(cached_images=50) == pytest.approx(always * (800 - 50 * 7) / 800)
    assert vision(freeze_vision=False) == pytest.approx(3 * always)
    assert vision(freeze_vision=False, gradient_checkpointing=True) == pytest.approx(4 * always)


def test_operations_are_those_of_the_checked_model(large: ModelShape) -> None:
    """LLaVA-1.5-7B, 85-token responses: 1402 tokens a pair become 763, and 18.67 TFLOP of layers forward 10.18."""
    one = plan(large, PairStatistics.rlhf_v(), micro_batch=1)
    assert one.tokens.two_sequences == pytest.approx(1402)
    assert one.tokens.per_pair == pytest.approx(762.71, abs=0.01)
    assert _layers(one) == pytest.approx(3 * 10.18365e12, rel=1e-5)
    two = plan(large, PairStatistics.rlhf_v(), layout="two_sequences")
    assert _layers(two) == pytest.approx(3 * 18.67399e12, rel=1e-5)
    assert one.flops_per_pair.head == pytest.approx(3 * 2 * 32064 * 4096 * (2 * 86 - 85 / 3.65))
    again = plan(large, PairStatistics.rlhf_v(), gradient_checkpointing=True, micro_batch=1)
    not_again = 2 * 32 * 4096 * 11008 * one.tokens.per_pair
    assert _layers(again) == pytest.approx(4 * 10.18365e12 - not_again, rel=1e-5)
    assert again.flops_per_pair.head == one.flops_per_pair.head
    chunked = plan(large, PairStatistics.rlhf_v(), micro_batch=8)
    assert chunked.flops_per_pair.head == pytest.approx(one.flops_per_pair.head * 4 / 3)


def _layers(plan: TrainingPlan) -> float:
    return plan.flops_per_pair.language + plan.flops_per_pair.attention


def test_head_chunk_is_the_policys() -> None:
    assert HEAD_CHUNK == logprobs.HEAD_CHUNK


@st.composite
def any_statistics(draw: st.DrawFn) -> PairStatistics:
    rows = draw(st.integers(1, 4))
    many = st.lists(st.integers(7, 9), min_size=1, max_size=40)
    sides = [draw(st.lists(many, min_size=rows, max_size=rows)) for _ in range(3)]
    return PairStatistics.from_rows(*sides, image_token=7)


@given(any_statistics())
def test_a_shared_row_never_has_more_tokens(statistics: PairStatistics) -> None:
    assert statistics.shared <= 2 * statistics.sequence
    assert statistics.longest_shared <= 2 * statistics.longest_sequence


OFFLOADS = [
    {}, {"zero_stage": 3}, {"offload_optimizer": True}, {"zero_stage": 3, "offload_optimizer": True},
    {"zero_stage": 3, "offload_optimizer": True, "offload_parameters": True},
]  # fmt: skip


@given(
    any_statistics(), st.sampled_from([2, 4, 8]), st.sampled_from([1, 2, 3, 8]), st.booleans(),
    st.sampled_from(["float32", "bfloat16"]), st.booleans(),
)  # fmt: skip
def test_memory_never_rises_with_more_zero_offload_or_smaller_batches(
    large: ModelShape, statistics: PairStatistics, workers: int, micro: int, recompute: bool, dtype: str, frozen: bool
) -> None:
    """Of a model too large for ZeRO-3's buffer of gathered weights; a small one may need more under ZeRO-3."""
    base: dict[str, Any] = {
        "workers": workers, "batch_size": 8 * workers, "micro_batch": micro, "freeze_vision": frozen,
        "gradient_checkpointing": recompute,
    }  # fmt: skip

    def total(**train: Any) -> int:
        return plan(large, statistics, dtype, **{**base, **train}).memory.total

    ddp = total()
    two, three, optimizer, both, parameters = (total(strategy="deepspeed", **o) for o in OFFLOADS)
    assert ddp >= two >= three >= both >= parameters
    assert two >= optimizer >= both
    assert total(micro_batch=max(1, micro // 2)) <= ddp
    assert total(gradient_checkpointing=True) <= ddp
    assert total(strategy="deepspeed", workers=2 * workers) <= two


@given(any_statistics(), st.integers(1, 4), st.booleans())
def test_sharing_never_costs_operations_or_memory(
    large: ModelShape, statistics: PairStatistics, micro: int, ablated: bool
) -> None:
    def of(layout: str) -> TrainingPlan:
        objective = {"image_ablated": 1.0 if ablated else 0.0}
        return plan(large, statistics, layout=layout, micro_batch=micro, objective=objective)

    shared, two = of("auto"), of("two_sequences")
    assert shared.tokens.per_pair <= two.tokens.per_pair
    assert shared.flops_per_pair.language <= two.flops_per_pair.language
    assert shared.memory.total <= two.memory.total + GIB // 1024
