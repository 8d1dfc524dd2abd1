"""The training loop: exact against a slow version, and the same after a stop as without one."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from redraft.blobs import Blobs
from redraft.config import Config, ObjectiveConfig, TrainConfig
from redraft.errors import DataError
from redraft.images import decode_image
from redraft.policy import Policy, encode_prompts, load_policy
from redraft.records import PreferencePair, TrainStep
from redraft.train.batches import SeenImage, collate_pairs, rank_slice, step_indices
from redraft.train.encode import TrainingExample, encode_pair
from redraft.train.engine import TorchEngine
from redraft.train.examples import read_examples
from redraft.train.loop import run_training
from redraft.train.state import TrainingState
from redraft.train.step import learning_rate, pair_step
from redraft.world import builtin_policy
from redraft_actors.train_job import JobSpec, train_alone

CONFIG = TrainConfig(workers=1, batch_size=4, steps=6, learning_rate=1e-4)


def fresh_engine(config: TrainConfig = CONFIG) -> tuple[Policy, TorchEngine]:
    policy = load_policy(builtin_policy(), device="cpu")
    return policy, TorchEngine(policy, config)


def without_speed(log: list[TrainStep]) -> list[TrainStep]:
    return [step.model_copy(update={"speed": None}) for step in log]


def weights(policy: Policy) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in policy.model.parameters()])


@pytest.mark.parametrize("preset", ["paper", "released"])
def test_loss_is_ln_2_while_policy_is_reference(policy: Policy, blobs: Blobs, dataset: Path, preset: str) -> None:
    objective = ObjectiveConfig.model_validate({"preset": preset})
    config = CONFIG.model_copy(update={"steps": 1, "objective": objective})
    fresh, engine = fresh_engine(config)
    log: list[TrainStep] = []
    run_training(
        fresh, engine, read_examples(dataset), blobs, config,
        seed=0, max_pixels=10**6, state=TrainingState(), after_step=log.append,
    )  # fmt: skip
    assert log[0].loss == pytest.approx(math.log(2), abs=1e-5)
    assert log[0].chosen_logp == pytest.approx(log[0].chosen_reference_logp, abs=1e-5)


def slow_loss(policy: Policy, example: TrainingExample, blobs: Blobs, objective: ObjectiveConfig) -> torch.Tensor:
    """One sequence at a time, full logits, plain Python sums."""
    image = decode_image(blobs.get(example.blob), 10**6)
    prompt = encode_prompts(policy, [image], [example.prompt])[0]
    scores = []
    for side, reference in (
        (example.chosen, example.chosen_reference),
        (example.rejected, example.rejected_reference),
    ):
        ids = torch.tensor([[*prompt.input_ids, *side.ids]])
        logits = policy.model(input_ids=ids, pixel_values=prompt.images["pixel_values"]).logits[0]
        total, n = torch.zeros(()), 0.0
        for i, token in enumerate(side.ids):
            weight = objective.gamma if side.changed[i] else 1.0
            total = total + weight * (logits[len(prompt.input_ids) + i - 1].log_softmax(-1)[token] - reference[i])
            n += weight
        scores.append(total / n if objective.normalise else total)
    return -torch.nn.functional.logsigmoid(objective.beta * (scores[0] - scores[1]))


@pytest.mark.parametrize("preset", ["paper", "released"])
def test_step_equals_the_slow_version_in_loss_and_gradients(blobs: Blobs, dataset: Path, preset: str) -> None:
    objective = ObjectiveConfig.model_validate({"preset": preset})
    policy, engine = fresh_engine()
    rng = random.Random(0)
    examples = [
        replace(
            e,
            chosen_reference=tuple(x - rng.random() for x in e.chosen_reference),
            rejected_reference=tuple(x - rng.random() for x in e.rejected_reference),
        )
        for e in read_examples(dataset)[:5]
    ]
    images = [decode_image(blobs.get(e.blob), 10**6) for e in examples]
    prompts = encode_prompts(policy, images, [e.prompt for e in examples])
    seen = [SeenImage(prompt) for prompt in prompts]
    result = pair_step(engine.log_probs, collate_pairs(examples, seen, policy.pad_id), objective)
    fast = torch.autograd.grad(result.loss, list(engine.trainable.values()))
    slow = torch.stack([slow_loss(policy, e, blobs, objective) for e in examples]).mean()
    expected = torch.autograd.grad(slow, list(engine.trainable.values()))
    assert float(result.loss.detach()) == pytest.approx(float(slow.detach()), abs=1e-5)
    for ours, theirs in zip(fast, expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-3)


def test_training_prefers_the_chosen(blobs: Blobs, dataset: Path, tmp_path: Path) -> None:
    train = CONFIG.model_copy(update={"steps": 12, "batch_size": 6})
    spec = JobSpec(Config(train=train), builtin_policy(), dataset, blobs.url, seed=0)
    log = train_alone(spec, tmp_path / "out")
    assert log[-1].loss < log[0].loss
    assert log[-1].accuracy == 1.0
    trained = load_policy(tmp_path / "out", device="cpu")
    before, after = weights(load_policy(builtin_policy(), device="cpu")), weights(trained)
    assert not torch.equal(before, after)
    shipped = load_policy(builtin_policy(), device="cpu").model.model.vision_tower
    for name, parameter in trained.model.model.vision_tower.named_parameters():
        assert torch.equal(parameter, shipped.get_parameter(name)), f"{name} is frozen and must not move"


def test_stop_and_resume_ends_where_no_stop_ends(blobs: Blobs, dataset: Path, tmp_path: Path) -> None:
    examples = read_examples(dataset)
    settings = {"seed": 3, "max_pixels": 10**6}
    policy, engine = fresh_engine()
    whole = run_training(
        policy, engine, examples, blobs, CONFIG, state=TrainingState(), after_step=lambda _: None, **settings
    )

    class Killed(Exception):
        pass

    stopped_policy, stopped = fresh_engine()
    state = TrainingState()

    def die_after_third(step: TrainStep) -> None:
        if step.step == 2:
            stopped.save(tmp_path)
            state.save(tmp_path)
            raise Killed

    with pytest.raises(Killed):
        run_training(
            stopped_policy, stopped, examples, blobs, CONFIG, state=state, after_step=die_after_third, **settings
        )
    resumed_policy, resumed = fresh_engine()
    resumed.load(tmp_path)
    tail = run_training(
        resumed_policy, resumed, examples, blobs, CONFIG,
        state=TrainingState.load(tmp_path), after_step=lambda _: None, **settings,
    )  # fmt: skip
    assert without_speed(tail.log) == without_speed(whole.log)
    assert torch.equal(weights(resumed_policy), weights(policy))


def test_no_pairs_is_refused(blobs: Blobs) -> None:
    policy, engine = fresh_engine()
    with pytest.raises(DataError, match="without preference pairs"):
        run_training(
            policy, engine, [], blobs, CONFIG,
            seed=0, max_pixels=10**6, state=TrainingState(), after_step=lambda _: None,
        )  # fmt: skip


def test_edited_words_are_the_changed_tokens(policy: Policy, blobs: Blobs, pairs: list[PreferencePair]) -> None:
    pair = pairs[0]
    prompt = encode_prompts(policy, [decode_image(blobs.get(pair.blob), 10**6)], [pair.prompt])[0]
    _, rejected = encode_pair(policy, pair, prompt, diff="edits", max_tokens=2048)
    changed = [i for i, c in zip(rejected.ids, rejected.changed, strict=True) if c]
    assert policy.tokenizer.decode(changed).strip() == "three tents"


def test_released_diff_leaves_one_sided_edits_alone(policy: Policy, blobs: Blobs, pairs: list[PreferencePair]) -> None:
    longer = "There are no kites. " + pairs[0].chosen
    inserted = pairs[0].model_copy(update={"rejected": pairs[0].chosen, "chosen": longer})
    prompt = encode_prompts(policy, [decode_image(blobs.get(inserted.blob), 10**6)], [inserted.prompt])[0]
    chosen, rejected = encode_pair(policy, inserted, prompt, diff="released", max_tokens=2048)
    assert not any(chosen.changed)
    assert not any(rejected.changed)


def test_a_pair_that_does_not_fit_is_refused_by_name(policy: Policy, blobs: Blobs, pairs: list[PreferencePair]) -> None:
    prompt = encode_prompts(policy, [decode_image(blobs.get(pairs[0].blob), 10**6)], [pairs[0].prompt])[0]
    with pytest.raises(DataError, match=r"pair pair-00 has \d+ tokens"):
        encode_pair(policy, pairs[0], prompt, diff="edits", max_tokens=60)


def test_every_pair_is_seen_before_any_is_seen_again() -> None:
    plan = step_indices(pairs=10, batch_size=4, steps=5, seed=1)
    flat = [i for step in plan for i in step]
    assert sorted(flat[:10]) == list(range(10)) == sorted(flat[10:20])
    assert plan == step_indices(10, 4, 5, 1) != step_indices(10, 4, 5, 2)
    assert all(len(step) == 4 for step in step_indices(pairs=3, batch_size=4, steps=2, seed=0))


def test_ranks_share_a_step_without_overlap() -> None:
    step = [5, 3, 8, 1]
    assert sorted(rank_slice(step, 0, 2) + rank_slice(step, 1, 2)) == sorted(step)


def test_learning_rate_by_hand() -> None:
    def rate(step: int) -> float:
        return learning_rate(step, 20, peak=1.0, warmup_share=0.1, schedule="linear")

    assert rate(0) == pytest.approx(0.5)
    assert rate(1) == pytest.approx(1.0)
    assert rate(10) == pytest.approx(1 - 9 / 18)
    assert rate(19) == pytest.approx(0.05)
    cosine = learning_rate(10, 20, peak=2.0, warmup_share=0.1, schedule="cosine")
    assert cosine == pytest.approx(2 * (0.05 + 0.95 * 0.5))
