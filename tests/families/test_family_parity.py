"""Every family through the training engine, against plain forward passes of transformers' own model."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from PIL import Image
from tiny_families import picture

from redraft.config import LoraConfig, ObjectiveConfig, TrainConfig
from redraft.policy import (
    EncodedPrompt,
    GenerationSettings,
    ModelInput,
    Policy,
    TokenLogProbs,
    encode_prompts,
    encode_response,
    generate,
    image_features,
    lay_out,
    load_policy,
    may_share_prefix,
    save_policy,
)
from redraft.train.batches import SeenImage, collate_pairs
from redraft.train.encode import PairTokens, TrainingExample
from redraft.train.engine import TorchEngine
from redraft.train.step import pair_step

PAIRS = [
    ("There are two cups on the table.", "There are three cups on the table."),
    ("A dog sleeps by the red door.", "A dog sleeps by the door."),
    ("We see a cat.", "We see a cat and a small bird that sings."),
    ("Nothing is here.", "A man is here."),
]


@pytest.fixture(scope="module")
def family_policy(family_folder: Path) -> Policy:
    torch.set_num_threads(1)
    return load_policy(family_folder, device="cpu")


@pytest.fixture(scope="module")
def images() -> list[Image.Image]:
    return [picture(48, 64, seed=1), picture(80, 40, seed=2), picture(48, 64, seed=3), picture(64, 64, seed=4)]


@pytest.fixture(scope="module")
def prompts(family_policy: Policy, images: list[Image.Image]) -> list[EncodedPrompt]:
    return encode_prompts(family_policy, images, ["What is here?", "Describe it.", "What is here?", "Say more."])


def plain_logits(policy: Policy, prompt: EncodedPrompt, response: Sequence[int]) -> torch.Tensor:
    """One sequence through the whole model as transformers means it to be called: pixels in, logits out."""
    ids = torch.tensor([[*prompt.input_ids, *response]])
    on_image = (ids == policy.model.config.image_token_id).long()
    extras = {
        "gemma3": {"token_type_ids": on_image},
        "paligemma": {"token_type_ids": (torch.arange(ids.shape[1])[None] >= len(prompt.input_ids)).long()},
        "qwen2_vl": {"mm_token_type_ids": on_image},
        "qwen2_5_vl": {"mm_token_type_ids": on_image},
        "qwen3_vl": {"mm_token_type_ids": on_image},
    }.get(policy.family.name, {})
    out = policy.model(input_ids=ids, attention_mask=torch.ones_like(ids), **prompt.images, **extras)
    logits: torch.Tensor = out.logits[0, len(prompt.input_ids) - 1 : -1]
    return logits


def plain_logps(policy: Policy, prompt: EncodedPrompt, response: Sequence[int]) -> torch.Tensor:
    logps = plain_logits(policy, prompt, response).log_softmax(-1)
    return logps.gather(1, torch.tensor(response)[:, None])[:, 0]


def tokens(policy: Policy, text: str) -> tuple[int, ...]:
    return encode_response(policy, text).token_ids


def test_prompts_hold_one_token_an_image_feature(family_policy: Policy, prompts: list[EncodedPrompt]) -> None:
    features = image_features(family_policy.model, family_policy.family, prompts)
    for prompt, feature in zip(prompts, features, strict=True):
        assert feature.shape[1] == prompt.image_tokens > 0
        assert family_policy.tokenizer.bos_token_id is None or (
            prompt.input_ids.count(family_policy.tokenizer.bos_token_id) <= 1
        )
        alone = image_features(family_policy.model, family_policy.family, [prompt])[0]
        torch.testing.assert_close(alone, feature, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("share", [True, False], ids=["shared prefix", "two sequences"])
@torch.no_grad()
def test_log_probabilities_are_those_of_a_plain_forward(
    family_policy: Policy, prompts: list[EncodedPrompt], share: bool
) -> None:
    responses = [tuple(tokens(family_policy, text) for text in pair) for pair in PAIRS]
    laid_out = lay_out(prompts, responses, family_policy.pad_id, share=share)
    assert len(laid_out.input_ids) == (4 if share else 8)
    ours = TokenLogProbs(family_policy.model, family_policy.family)(ModelInput(laid_out, tuple(prompts)))
    for side in range(2):
        for row, prompt in enumerate(prompts):
            response = responses[row][side]
            expected = plain_logps(family_policy, prompt, response)
            got = ours[side * 4 + row]
            torch.testing.assert_close(got[: len(response)], expected, atol=3e-4, rtol=1e-4)
            assert not got[len(response) :].any()


def test_every_family_can_share_a_prefix(family_policy: Policy) -> None:
    assert may_share_prefix(family_policy.model, family_policy.family, 2048)


def test_gradients_are_those_of_the_slow_version(family_policy: Policy, prompts: list[EncodedPrompt]) -> None:
    """DDPO's loss and every gradient, tower included, in float64 against one sequence at a time."""
    policy = family_policy
    policy.model.double()
    rng = random.Random(0)
    examples = []
    for row, (chosen, rejected) in enumerate(PAIRS):
        sides = []
        for text in (chosen, rejected):
            ids = tokens(policy, text)
            sides.append((PairTokens(ids, tuple(rng.random() < 0.3 for _ in ids)), tuple(-rng.random() for _ in ids)))
        (won, won_ref), (lost, lost_ref) = sides
        examples.append(TrainingExample(f"pair-{row}", "", prompts[row].text, won, lost, won_ref, lost_ref))
    objective = ObjectiveConfig(preset="paper")
    engine = TorchEngine(policy, TrainConfig(workers=1, freeze_vision=False))
    parameters = list(engine.trainable.values())
    batch = collate_pairs(examples, [SeenImage(prompt) for prompt in prompts], policy.pad_id)
    result = pair_step(engine.log_probs, batch, objective)
    fast = torch.autograd.grad(result.loss, parameters, allow_unused=True)
    losses = []
    for example, prompt in zip(examples, prompts, strict=True):
        scores = []
        for side, reference in (
            (example.chosen, example.chosen_reference),
            (example.rejected, example.rejected_reference),
        ):
            ratio = plain_logps(policy, prompt, side.ids) - torch.tensor(reference, dtype=torch.float32).double()
            weights = torch.tensor([objective.gamma if c else 1.0 for c in side.changed]).double()
            scores.append((ratio * weights).sum() / weights.sum())
        losses.append(-torch.nn.functional.logsigmoid(objective.beta * (scores[0] - scores[1])))
    slow_loss = torch.stack(losses).mean()
    slow = torch.autograd.grad(slow_loss, parameters, allow_unused=True)
    policy.model.float()
    assert float(result.loss.detach()) == pytest.approx(float(slow_loss.detach()), abs=1e-6)
    largest = max(float(g.abs().max()) for g in slow if g is not None)
    reached = 0
    for ours, theirs in zip(fast, slow, strict=True):
        if theirs is None or not theirs.any():
            assert ours is None or not ours.any()
            continue
        assert ours is not None
        reached += 1
        # The models' own norms compute in float32, so float64 is not exact to its last digits.
        torch.testing.assert_close(ours, theirs, atol=1e-6 * largest, rtol=1e-3)
    assert reached > len(parameters) * 0.7


@pytest.mark.parametrize("k", [1, 3])
def test_generation_is_greedy_as_transformers_decodes(
    family_policy: Policy, prompts: list[EncodedPrompt], k: int
) -> None:
    """Prompts of unequal length in one batch, k rows from each prefill; every step is the argmax of a plain forward."""
    answers = generate(family_policy, prompts, GenerationSettings(max_new_tokens=12, k=k), [0] * len(prompts))
    for row, prompt in enumerate(prompts):
        for answer in answers[row * k : (row + 1) * k]:
            ids = answer.trace.token_ids
            with torch.no_grad():
                logits = plain_logits(family_policy, prompt, ids)
            assert logits.argmax(-1).tolist() == list(ids)
            logps = logits.log_softmax(-1).gather(1, torch.tensor(ids)[:, None])[:, 0]
            torch.testing.assert_close(torch.tensor(answer.trace.logprobs), logps, atol=1e-3, rtol=1e-3)


def test_without_weights_a_policy_still_encodes(
    family_folder: Path, prompts: list[EncodedPrompt], images: list[Image.Image]
) -> None:
    light = load_policy(family_folder, weights=False)
    assert all(p.device.type == "meta" for p in light.model.parameters())
    encoded = encode_prompts(light, images, [p.text for p in prompts])
    assert [e.input_ids for e in encoded] == [p.input_ids for p in prompts]
    assert all(torch.equal(e.positions, p.positions) for e, p in zip(encoded, prompts, strict=True))


def test_a_saved_policy_loads_identical(family_policy: Policy, tmp_path: Path, images: list[Image.Image]) -> None:
    save_policy(family_policy, tmp_path / "copy")
    again = load_policy(tmp_path / "copy", device="cpu")
    mine, theirs = family_policy.model.state_dict(), again.model.state_dict()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    ours, copied = (encode_prompts(p, images[:1], ["What is here?"])[0] for p in (family_policy, again))
    assert ours.input_ids == copied.input_ids
    assert all(torch.equal(ours.images[key], copied.images[key]) for key in ours.images)
    assert (again.lead, again.tail, again.eos_id) == (family_policy.lead, family_policy.tail, family_policy.eos_id)


def test_adapters_train_alone_and_merge_on_export(
    family_policy: Policy, prompts: list[EncodedPrompt], tmp_path: Path
) -> None:
    save_policy(family_policy, tmp_path / "start")
    policy = load_policy(tmp_path / "start", device="cpu")
    lora = LoraConfig(rank=2, alpha=4, targets=("q_proj", "down_proj"))
    engine = TorchEngine(policy, TrainConfig(workers=1, lora=lora, weight_decay=0.0))
    assert all("lora_" in name for name in engine.trainable)
    responses = [(tokens(policy, chosen),) for chosen, _ in PAIRS]
    inputs = ModelInput(lay_out(prompts, responses, policy.pad_id, share=False), tuple(prompts))
    for _ in range(2):
        engine.backward(-engine.log_probs(inputs).sum())
        engine.step(1e-2)
    with torch.no_grad():
        trained = engine.log_probs(inputs)
    save_policy(policy, tmp_path / "merged", engine.model_state())
    merged = load_policy(tmp_path / "merged", device="cpu")
    assert merged.model.state_dict().keys() == family_policy.model.state_dict().keys()
    with torch.no_grad():
        exported = TokenLogProbs(merged.model, merged.family)(inputs)
        before = TokenLogProbs(family_policy.model, family_policy.family)(inputs)
    torch.testing.assert_close(exported, trained, atol=2e-3, rtol=1e-3)
    assert float((exported - before).abs().max()) > 0.05
