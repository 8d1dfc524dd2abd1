"""The plan of a training job: lengths, hardware, whether it fits, what would help, and its words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from redraft.config import Config
from redraft.errors import ConfigError, DataError, ResourceError
from redraft.plan import (
    GPUS,
    ModelShape,
    PairStatistics,
    TrainingPlan,
    as_text,
    gpu_named,
    plan_rows,
    plan_training,
    read_shape,
    require_fit,
)
from redraft.plan.hardware import GIB
from redraft.world import builtin_policy

IMAGE = 9


@pytest.fixture(scope="module")
def small() -> ModelShape:
    """The shipped policy."""
    return read_shape(builtin_policy())


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> ModelShape:
    """LLaVA-1.5-7B."""
    folder = tmp_path_factory.mktemp("models") / "llava-7b"
    folder.mkdir()
    vision = {"model_type": "clip_vision_model", "hidden_size": 1024, "intermediate_size": 4096, "image_size": 336,
              "num_hidden_layers": 24, "num_attention_heads": 16, "patch_size": 14}  # fmt: skip
    text = {"model_type": "llama", "vocab_size": 32064}
    whole = {"model_type": "llava", "text_config": text, "vision_config": vision}
    (folder / "config.json").write_text(json.dumps(whole))
    return read_shape(folder)


def config(dtype: str = "bfloat16", **train: Any) -> Config:
    return Config.model_validate({"policy": {"dtype": dtype}, "train": train})


def plan(shape: ModelShape, machine: int | None = None, dtype: str = "bfloat16", **train: Any) -> TrainingPlan:
    return plan_training(shape, config(dtype, **train), PairStatistics.rlhf_v(), machine=machine)


A100S: dict[str, Any] = {"gpu": "A100-40GB", "gpus_per_worker": 1, "workers": 8, "batch_size": 32, "micro_batch": 4}


def test_lengths_are_measured_on_token_ids() -> None:
    """Two pairs, by hand: prompts of 4 and 2; 1 token shared of 3 and 4, then 2 of 3 and 3."""
    statistics = PairStatistics.from_rows(
        [[1, IMAGE, IMAGE, 2], [IMAGE, 3]],
        [[5, 6, 2], [5, 6, 2]],
        [[5, 7, 7, 2], [5, 6, 2]],
        image_token=IMAGE,
    )
    assert (statistics.pairs, statistics.prompt_tokens, statistics.image_tokens) == (2, 3, 1.5)
    assert (statistics.response_tokens, statistics.common_prefix_tokens) == (3.25, 1.5)
    assert (statistics.longest_response, statistics.longest_sequence) == (4, 4 + 4 - 1)
    assert statistics.longest_shared == 4 + 1 + 1 + 2
    assert statistics.sequence == 5.25
    assert statistics.shared == ((4 + 1 + 1 + 2) + (2 + 2)) / 2
    assert not statistics.assumed


def test_pairs_that_are_none_are_refused() -> None:
    with pytest.raises(DataError, match="0 prompts, 0 chosen and 0 rejected responses make no pairs"):
        PairStatistics.from_rows([], [], [], image_token=IMAGE)
    with pytest.raises(DataError, match="1 prompts, 1 chosen and 2 rejected"):
        PairStatistics.from_rows([[1]], [[2]], [[3], [4]], image_token=IMAGE)
    with pytest.raises(DataError, match="has no tokens"):
        PairStatistics.from_rows([[1]], [[]], [[3]], image_token=IMAGE)


def test_hardware_is_found_by_name() -> None:
    assert len(GPUS) == 8 and all(gpu.name == name for name, gpu in GPUS.items())
    assert gpu_named("H100-80GB").tflops("bfloat16") > gpu_named("A100-80GB").tflops("bfloat16")
    for name, near in (("a100-80gb", "A100-80GB"), ("A100 40GB", "A100-40GB"), ("4090", "RTX4090-24GB")):
        with pytest.raises(ConfigError, match=rf"train\.gpu {name} is not known; did you mean {near}\? Known are A100"):
            gpu_named(name)


def test_an_unknown_gpu_or_adapter_is_refused_before_anything_is_planned(large: ModelShape) -> None:
    with pytest.raises(ConfigError, match="did you mean A100-40GB"):
        plan(large, gpu="A100-40", gpus_per_worker=1)
    with pytest.raises(ConfigError, match=r"train\.lora\.targets: .* no linear layers named qkv_proj; it has q_proj"):
        plan(large, **A100S, lora={"targets": ["q_proj", "qkv_proj"]})
    with pytest.raises(ConfigError, match="share of the peak"):
        plan_training(large, config(**A100S), PairStatistics.rlhf_v(), mfu=40)


def test_what_does_not_fit_says_which_knobs_make_it_fit(large: ModelShape) -> None:
    """All parameters of 7 B under DDP on 40 GB: no; each knob is tried on top of those before it."""
    tight = plan(large, **A100S)
    assert tight.fits is False
    assert tight.memory.total > 150 * GIB
    assert [s.fits for s in tight.suggestions] == [False] * (len(tight.suggestions) - 1) + [True]
    assert all(s.saves > 0 for s in tight.suggestions)
    knobs = [s.knob for s in tight.suggestions]
    assert knobs[0] == "train.gradient_checkpointing=true"
    assert knobs[-1] == "train.strategy=deepspeed"

    with pytest.raises(ResourceError) as caught:
        require_fit(tight)
    message = str(caught.value)
    assert "training llava-7b needs" in message and "each A100-40GB has 39.4 GiB" in message
    assert message.endswith("set " + " and ".join(knobs))

    mended = plan(large, **A100S, gradient_checkpointing=True, strategy="deepspeed")
    assert mended.fits and not mended.suggestions
    require_fit(mended)
    before, saved = tight.memory.total, sum(s.saves for s in tight.suggestions)
    assert mended.memory.total == before - saved


@pytest.mark.parametrize(
    ("train", "last"),
    [
        ({"workers": 2, "batch_size": 2, "gpu": "A100-40GB"}, "train.offload_optimizer=true"),
        ({"workers": 2, "batch_size": 2, "gpu": "L4-24GB"}, "train.offload_optimizer=true"),
        ({"workers": 2, "batch_size": 2, "gpu": "A100-80GB"}, "train.zero_stage=3"),
        ({"workers": 16, "batch_size": 16, "gpu": "L4-24GB"}, "train.zero_stage=3"),
    ],
)  # fmt: skip
def test_suggestions_go_as_far_as_they_must(large: ModelShape, train: dict[str, Any], last: str) -> None:
    planned = plan(large, gpus_per_worker=1, **train)
    assert planned.suggestions[-1].fits
    assert planned.suggestions[-1].knob == last


def test_every_set_of_knobs_is_what_a_config_with_them_needs(large: ModelShape) -> None:
    """What the suggestions promise is what planning a config with those knobs set gives."""
    train: dict[str, Any] = {"workers": 1, "batch_size": 4, "gpu": "V100-32GB", "gpus_per_worker": 1, "micro_batch": 4}
    planned = plan(large, 24 * GIB, **train)
    need, knobs = planned.shortage, {}
    for suggestion in planned.suggestions:
        for knob in suggestion.knob.split(" and "):
            key, _, value = knob.removeprefix("train.").partition("=")
            parsed = {"true": True}.get(value, int(value) if value.isdigit() else value)
            knobs.update({"lora": {"rank": parsed}} if key == "lora.rank" else {key: parsed})
        changed = plan_training(
            large, config(**{**train, **knobs}), PairStatistics.rlhf_v(), machine=24 * GIB, workers_per_machine=1
        )
        assert changed.shortage < need
        assert bool(changed.fits) == suggestion.fits
        need = changed.shortage
    assert planned.suggestions


def test_main_memory_can_be_what_is_short(large: ModelShape) -> None:
    """Eight workers that each load 13 GiB first do not fit beside one another in 64 GiB."""
    full = {**A100S, "strategy": "deepspeed", "gradient_checkpointing": True}
    planned = plan(large, 64 * GIB, **full)
    assert planned.device_shortage == 0 and planned.host_shortage > 0 and planned.fits is False
    with pytest.raises(ResourceError, match=r"GiB of main memory for 8 workers on a machine that has 64\.0 GiB: "):
        require_fit(planned)
    spread = plan_training(large, config(**full), PairStatistics.rlhf_v(), machine=64 * GIB, workers_per_machine=2)
    assert spread.fits


def test_what_never_fits_says_so(large: ModelShape) -> None:
    planned = plan(large, 8 * GIB, gpu="L4-24GB", gpus_per_worker=0.1, workers=1, batch_size=1)
    assert not any(s.fits for s in planned.suggestions)
    with pytest.raises(ResourceError, match="use a smaller model or more memory"):
        require_fit(planned)
    assert "no setting of train makes it fit" in as_text(planned)


def test_more_workers_are_tried_last(large: ModelShape) -> None:
    """On CPUs nothing can be offloaded; ZeRO-3 over two machines of 24 GiB holds what one does not."""
    planned = plan(
        large,
        24 * GIB,
        dtype="float32",
        **{"workers": 1, "batch_size": 6, "micro_batch": 1, "gradient_checkpointing": True, "lora": {"rank": 4}},
    )
    split = "train.strategy=deepspeed and train.zero_stage=3 and train.workers=2"
    assert [(s.knob, s.fits) for s in planned.suggestions] == [(split, True)]


def test_cpus_are_compared_with_the_machine_and_promised_no_time(small: ModelShape) -> None:
    planned = plan(small, 8 * GIB, dtype="float32")
    assert (planned.device.kind, planned.device.memory, planned.host) == ("CPU", 4 * GIB, None)
    assert planned.seconds is None and planned.fits
    assert any("no time is predicted for CPUs" in note for note in planned.notes)
    assert plan(small, GIB, dtype="float32").fits is False
    with pytest.raises(ResourceError, match=r"and the machine has for it 0\.5 GiB"):
        require_fit(plan(small, GIB, dtype="float32"))
    unknown = plan(small, dtype="float32")
    assert unknown.fits is None
    require_fit(unknown)


def test_a_gpu_of_unknown_kind_is_not_compared(small: ModelShape) -> None:
    planned = plan(small, gpus_per_worker=1)
    assert (planned.fits, planned.seconds, planned.device.memory) == (None, None, None)
    assert any("set train.gpu" in note for note in planned.notes)
    require_fit(planned)


def test_time_is_operations_by_the_assumed_rate(large: ModelShape) -> None:
    one = plan(large, **A100S, steps=10)
    assert one.pairs_seen == 320
    assert one.seconds == pytest.approx(one.flops_per_pair.total * 320 / (8 * 312e12 * 0.4))
    whole = plan_training(large, config(**A100S, steps=10), PairStatistics.rlhf_v(), mfu=0.8)
    assert whole.seconds == pytest.approx(one.seconds / 2)
    half = plan(large, **{**A100S, "gpus_per_worker": 0.5}, steps=10)
    assert half.seconds == pytest.approx(2 * one.seconds)
    assert half.device.memory == pytest.approx(GPUS["A100-40GB"].memory / 2, abs=1)
    assert plan(large, dtype="float32", **A100S, steps=10).seconds == pytest.approx(one.seconds * 312 / 19.5)


def test_a_layout_of_its_own_is_planned(large: ModelShape, small: ModelShape) -> None:
    assert plan(large).tokens.layout == "shared_prefix"
    assert plan(large, layout="two_sequences").tokens.layout == "two_sequences"
    windowed = large.model_copy(update={"longest_branched": 1024})
    assert plan(windowed).tokens.layout == "two_sequences"
    assert plan(windowed, max_tokens=1024).tokens.layout == "shared_prefix"
    ablated = plan(large, objective={"image_ablated": 1.0})
    assert ablated.tokens.per_pair == pytest.approx(plan(large).tokens.per_pair + 701)
    assert ablated.memory.activations > plan(large).memory.activations


def test_the_plan_in_words_and_as_json(large: ModelShape) -> None:
    planned = plan(large, 512 * GIB, **A100S)
    text = as_text(planned)
    for part in ("7.06 B parameters", "two sequences 1402, shared 763", "on 8 x A100-40GB", "assuming 40% of the peak",
                 "would help", "train.strategy=deepspeed: saves", "and fits", "lengths are assumed"):  # fmt: skip
        assert part in text
    assert [label for label, _ in plan_rows(planned) if label == "fits"] == ["fits"]
    assert "None" not in text
    read = json.loads(planned.model_dump_json())
    assert read["memory"]["total"] == planned.memory.total
    assert read["flops_per_pair"]["total"] == planned.flops_per_pair.total
    assert read["shape"]["parameters"]["vision"] == 303_507_456


@pytest.mark.parametrize("module", ["redraft.plan"])
def test_planning_needs_no_torch(module: str) -> None:
    code = (
        f"import sys, {module}; from redraft.world import builtin_policy; {module}.read_shape(builtin_policy()); "
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_shipped_configs_fit_a_small_machine(small: ModelShape) -> None:
    from redraft.config import load_config

    for file in ("quickstart.yaml", "photos.yaml"):
        config = load_config(Path(__file__).parents[2] / "configs" / file)
        planned = plan_training(small, config, PairStatistics.rlhf_v(image_tokens=36), machine=8 * GIB)
        require_fit(planned)
