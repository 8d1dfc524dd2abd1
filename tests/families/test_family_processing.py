"""What every family's checkpoint promises before the platform touches it: by the builders and transformers alone."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from tiny_families import TIED, Checkpoint, build_family, load_family, picture

QUESTION = "How many people are there?"
ANSWER = "Three people walk."
SIZES = [(48, 64), (80, 40)]


@torch.inference_mode()
def logits(checkpoint: Checkpoint, height: int = 48, width: int = 64, seed: int = 0) -> torch.Tensor:
    """``[T, vocabulary]`` of a prompt about a picture."""
    result: torch.Tensor = checkpoint.model(**checkpoint.encode(picture(height, width, seed), QUESTION)).logits[0]
    return result


@pytest.mark.parametrize(("height", "width"), SIZES)
@torch.inference_mode()
def test_there_are_as_many_image_tokens_as_image_features(checkpoint: Checkpoint, height: int, width: int) -> None:
    encoded = checkpoint.encode(picture(height, width), QUESTION)
    tokens = int((encoded["input_ids"] == checkpoint.model.config.image_token_id).sum())
    features = checkpoint.image_features(encoded)
    assert features.shape == (tokens, checkpoint.model.config.get_text_config().hidden_size)
    assert 4 <= tokens <= 40


def test_a_prompt_begins_with_at_most_one_beginning(checkpoint: Checkpoint) -> None:
    ids = checkpoint.encode(picture(48, 64), QUESTION)["input_ids"][0].tolist()
    assert ids.count(checkpoint.processor.tokenizer.bos_token_id) <= 1
    assert checkpoint.processor.tokenizer.decode(ids).count(QUESTION) == 1


def test_an_answered_conversation_begins_with_its_prompt(checkpoint: Checkpoint) -> None:
    prompt, whole = checkpoint.chat(QUESTION), checkpoint.chat(QUESTION, ANSWER)
    assert whole.startswith(prompt.rstrip())
    assert ANSWER in whole[len(prompt.rstrip()) :]


def test_log_probabilities_are_finite_and_move(checkpoint: Checkpoint) -> None:
    logp = logits(checkpoint).float().log_softmax(-1)
    assert bool(logp.isfinite().all())
    entropy = torch.special.entr(logp.exp()).sum(-1)
    assert float(entropy.mean()) < 0.8 * math.log(logp.shape[-1]), "a flat distribution would hide mistakes"
    assert len(set(logp.argmax(-1).tolist())) > 5


def test_the_picture_is_seen(checkpoint: Checkpoint) -> None:
    one, other = (logits(checkpoint, seed=seed)[-1].log_softmax(-1) for seed in (1, 2))
    assert float((one - other).abs().max()) > 0.1


def test_a_saved_checkpoint_loads_identical(checkpoint: Checkpoint, tmp_path: Path) -> None:
    checkpoint.model.save_pretrained(tmp_path)
    checkpoint.processor.save_pretrained(tmp_path)
    again = load_family(tmp_path)
    assert type(again.processor).__name__ == type(checkpoint.processor).__name__
    for height, width in SIZES:
        before, after = (c.encode(picture(height, width), QUESTION) for c in (checkpoint, again))
        assert before.keys() == after.keys()
        assert all(torch.equal(before[key], after[key]) for key in before)
        assert torch.equal(logits(checkpoint, height, width), logits(again, height, width))


def test_the_head_is_shared_where_the_family_shares_it(checkpoint: Checkpoint) -> None:
    embedding, head = checkpoint.model.get_input_embeddings(), checkpoint.model.get_output_embeddings()
    assert (embedding.weight is head.weight) == (checkpoint.family in TIED)


def test_a_seed_makes_a_checkpoint(checkpoint: Checkpoint, tmp_path: Path) -> None:
    state = torch.random.get_rng_state()
    same, other = (load_family(build_family(checkpoint.family, tmp_path / str(seed), seed)) for seed in (0, 1))
    assert torch.equal(torch.random.get_rng_state(), state)
    mine, theirs, others = (c.model.state_dict() for c in (checkpoint, same, other))
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    assert any(not torch.equal(mine[name], others[name]) for name in mine)
    assert torch.equal(logits(checkpoint), logits(same))
