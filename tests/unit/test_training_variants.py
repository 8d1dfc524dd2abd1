"""Ways to lay out, save memory and stop that must not change what is learnt; and what ends a job."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from redraft.blobs import Blobs
from redraft.config import Config, LoraConfig, ObjectiveConfig, TrainConfig
from redraft.errors import ConfigError, DataError, TrainingError
from redraft.policy import Policy, load_policy, save_policy
from redraft.records import TrainStep
from redraft.train.engine import TorchEngine
from redraft.train.examples import Examples, read_examples
from redraft.train.loop import run_training
from redraft.train.state import TrainingState
from redraft.world import builtin_policy
from redraft_actors.train_job import JobSpec, train_alone

CONFIG = TrainConfig(
    objective=ObjectiveConfig(preset="paper"), workers=1, batch_size=6, steps=5, learning_rate=1e-4, weight_decay=0.0
)


def changed(**values: object) -> TrainConfig:
    return CONFIG.model_copy(update=values)


def train(
    config: TrainConfig, examples: Examples, blobs: Blobs, dtype: str = "float32"
) -> tuple[Policy, TrainingState]:
    policy = load_policy(builtin_policy(), device="cpu", dtype=dtype)
    engine = TorchEngine(policy, config)
    state = run_training(
        policy, engine, examples, blobs, config,
        seed=2, max_pixels=10**6, state=TrainingState(), after_step=lambda _: None,
    )  # fmt: skip
    return policy, state


def weights(policy: Policy) -> torch.Tensor:
    return torch.cat([p.detach().flatten().float() for p in policy.model.parameters()])


@pytest.fixture(scope="module")
def examples(dataset: Path) -> Examples:
    return read_examples(dataset)


@pytest.fixture(scope="module")
def usual(examples: Examples, blobs: Blobs) -> tuple[Policy, TrainingState]:
    return train(CONFIG, examples, blobs)


@pytest.mark.parametrize(
    "values",
    [
        {"layout": "two_sequences"},
        {"micro_batch": 1},
        {"micro_batch": 4},
        {"gradient_checkpointing": True},
        {"cached_images": 0},
        {"cached_images": 3},
    ],
    ids=str,
)
def test_nothing_changes_but_time_and_memory(
    examples: Examples, blobs: Blobs, usual: tuple[Policy, TrainingState], values: dict[str, object]
) -> None:
    policy, state = train(changed(**values), examples, blobs)
    for ours, theirs in zip(state.log, usual[1].log, strict=True):
        assert ours.loss == pytest.approx(theirs.loss, abs=1e-4)
        assert ours.grad_norm == pytest.approx(theirs.grad_norm, rel=1e-3)
    torch.testing.assert_close(weights(policy), weights(usual[0]), atol=1e-4, rtol=0)


def test_the_shared_prefix_saves_tokens(examples: Examples, blobs: Blobs, usual: tuple[Policy, TrainingState]) -> None:
    _, apart = train(changed(layout="two_sequences", steps=1), examples, blobs)
    shared, two = usual[1].log[0].speed, apart.log[0].speed
    assert shared is not None and two is not None
    assert shared.tokens_per_second * shared.seconds < 0.85 * two.tokens_per_second * two.seconds


def test_the_vision_tower_learns_when_it_is_not_frozen(examples: Examples, blobs: Blobs) -> None:
    policy, _ = train(changed(freeze_vision=False, steps=2), examples, blobs)
    shipped = load_policy(builtin_policy(), device="cpu")
    for part in ("vision_tower", "multi_modal_projector"):
        before, after = getattr(shipped.model.model, part), getattr(policy.model.model, part)
        moved = [not torch.equal(a, b) for a, b in zip(before.parameters(), after.parameters(), strict=True)]
        assert sum(moved) > len(moved) / 2


def test_bfloat16_keeps_float32_weights_and_exports_bfloat16(
    examples: Examples, blobs: Blobs, usual: tuple[Policy, TrainingState], tmp_path: Path
) -> None:
    policy = load_policy(builtin_policy(), device="cpu", dtype="bfloat16")
    engine = TorchEngine(policy, CONFIG)
    state = run_training(
        policy, engine, examples, blobs, CONFIG,
        seed=2, max_pixels=10**6, state=TrainingState(), after_step=lambda _: None,
    )  # fmt: skip
    assert all(p.dtype == torch.float32 for p in engine.trainable.values())
    assert state.log[-1].loss == pytest.approx(usual[1].log[-1].loss, abs=0.02)
    save_policy(policy, tmp_path / "out", engine.model_state())
    assert load_policy(tmp_path / "out", device="cpu", dtype="bfloat16").model.dtype == torch.bfloat16


def test_a_loss_that_is_no_number_ends_the_job_and_names_the_pairs(examples: Examples, blobs: Blobs) -> None:
    with pytest.raises(TrainingError, match=r"stopped at step \d: the loss is nan.*pair-\d\d, pair-\d\d") as told:
        train(changed(learning_rate=1e25, max_grad_norm=1e30), examples, blobs)
    assert str(told.value).count("pair-") == CONFIG.batch_size


def test_a_dataset_of_another_policy_is_refused(examples: Examples, blobs: Blobs) -> None:
    policy = load_policy(builtin_policy(), device="cpu")
    with torch.no_grad():
        policy.model.get_input_embeddings().weight.mul_(0.5)
    with pytest.raises(DataError, match="prepare the dataset with this policy"):
        run_training(
            policy, TorchEngine(policy, CONFIG), examples, blobs, CONFIG,
            seed=2, max_pixels=10**6, state=TrainingState(), after_step=lambda _: None,
        )  # fmt: skip


def test_a_falling_chosen_response_raises_the_alarm(examples: Examples, blobs: Blobs) -> None:
    _, calm = train(CONFIG, examples, blobs)
    assert not any(step.alarm for step in calm.log)
    _, steep = train(changed(learning_rate=3e-3, steps=8), examples, blobs)
    fallen = [step.chosen_reference_logp - step.chosen_logp for step in steep.log]
    assert max(fallen) > CONFIG.chosen_alarm, "so large a step breaks this policy"
    assert [step.alarm for step in steep.log] == [fall > CONFIG.chosen_alarm for fall in fallen]


def test_after_the_warm_up_the_warmed_policy_is_the_reference(
    examples: Examples, blobs: Blobs, dataset: Path, tmp_path: Path
) -> None:
    config = changed(warmup_steps_on_policy=3, steps=6, learning_rate=3e-4)
    _, state = train(config, examples, blobs)
    warm, first, second = state.log[2], state.log[3], state.log[4]
    assert abs(warm.margin) > 0.01
    assert first.margin == pytest.approx(0, abs=1e-4)
    assert first.loss == pytest.approx(0.6931, abs=1e-3)
    assert second.margin > 0
    state.save(tmp_path)
    assert TrainingState.load(tmp_path).references == state.references


def test_a_stopped_warm_up_ends_the_same(examples: Examples, blobs: Blobs, dataset: Path, tmp_path: Path) -> None:
    """Killed after the warm-up, resumed from a checkpoint before its end and from one behind it."""
    train_config = changed(warmup_steps_on_policy=3, steps=7, checkpoint_every=2)
    spec = JobSpec(Config(train=train_config), builtin_policy(), dataset, blobs.url, seed=2)
    whole = train_alone(spec, tmp_path / "whole")

    class Killed(Exception):
        pass

    for killed_after in (2, 5):

        def die(step: TrainStep, last: int = killed_after) -> None:
            if step.step == last:
                raise Killed

        checkpoints = tmp_path / f"checkpoints-{killed_after}"
        with pytest.raises(Killed):
            train_alone(spec, tmp_path / "never", die, checkpoints=checkpoints)
        log = train_alone(spec, tmp_path / f"out-{killed_after}", checkpoints=checkpoints)
        assert [s.model_copy(update={"speed": None}) for s in log] == [
            s.model_copy(update={"speed": None}) for s in whole
        ]
        ours, theirs = (
            weights(load_policy(tmp_path / name, device="cpu")) for name in (f"out-{killed_after}", "whole")
        )
        assert torch.equal(ours, theirs)


def test_adapters_leave_the_rest_alone_and_the_head_is_refused(examples: Examples, blobs: Blobs) -> None:
    policy, state = train(changed(lora=LoraConfig(rank=4), learning_rate=1e-3, steps=8), examples, blobs)
    assert state.log[-1].loss < state.log[0].loss
    shipped = load_policy(builtin_policy(), device="cpu").model.state_dict()
    for name, tensor in policy.model.state_dict().items():
        if "lora_" not in name:
            assert torch.equal(tensor, shipped[name.replace(".base_layer.", ".")]), name
    with pytest.raises(ConfigError, match="lm_head may not have an adapter"):
        TorchEngine(load_policy(builtin_policy(), device="cpu"), changed(lora=LoraConfig(targets=("lm_head",))))
    with pytest.raises(ConfigError, match="has no query"):
        TorchEngine(load_policy(builtin_policy(), device="cpu"), changed(lora=LoraConfig(targets=("query",))))


@pytest.mark.parametrize("switches", [{"image_ablated": 1.0}, {"anchor": 1.0, "first_segment_only": True}], ids=str)
def test_the_loop_runs_with_every_part_of_the_objective(
    pairs: list[object], blobs: Blobs, switches: dict[str, object]
) -> None:
    from redraft_actors.building import ReferenceScorer

    objective = ObjectiveConfig.model_validate({"preset": "paper", **switches})
    config = changed(objective=objective, steps=4)
    table = ReferenceScorer(str(builtin_policy()), blobs.url, Config(train=config)).encode(pairs)  # type: ignore[arg-type]
    _, state = train(config, Examples(table), blobs)
    assert state.log[-1].loss < state.log[0].loss
