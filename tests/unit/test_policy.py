"""Generation and log-probabilities, against transformers' own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from redraft.errors import PolicyError
from redraft.policy import (
    EncodedPrompt,
    GenerationSettings,
    ModelInput,
    Policy,
    TokenLogProbs,
    encode_prompts,
    encode_response,
    generate,
    lay_out,
    load_policy,
    save_policy,
)
from redraft.policy.prompts import trace_offsets
from redraft.records import Split
from redraft.world import builtin_policy, render, scene_at

DESCRIBE = "Describe this image in detail."
QUESTION = "How many cups are there?"


@pytest.fixture(scope="module")
def prompts(policy: Policy) -> list[EncodedPrompt]:
    images = [render(scene_at(0, Split.POOL, i)) for i in range(4)]
    return encode_prompts(policy, images, [DESCRIBE, DESCRIBE, QUESTION, DESCRIBE])


def test_greedy_is_what_transformers_generates(policy: Policy, prompts: list[EncodedPrompt]) -> None:
    ours = generate(policy, prompts, GenerationSettings(128), [0] * 4)
    for prompt, answer in zip(prompts, ours, strict=True):
        ids = torch.tensor([prompt.input_ids])
        theirs = policy.model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            pixel_values=prompt.images["pixel_values"],
            max_new_tokens=128,
            do_sample=False,
        )
        assert theirs[0, ids.shape[1] :].tolist() == list(answer.trace.token_ids)
        assert answer.finished


def test_a_sample_depends_on_its_seed_alone(policy: Policy, prompts: list[EncodedPrompt]) -> None:
    settings = GenerationSettings(128, k=3, temperature=1.0)
    together = generate(policy, prompts, settings, [5, 6, 7, 8])
    alone = generate(policy, prompts[1:2], settings, [6])
    assert [g.text for g in together[3:6]] == [g.text for g in alone]
    assert len({g.text for g in together[:3]}) > 1, "three samples at temperature 1 should differ"
    reseeded = generate(policy, prompts[1:2], settings, [9])
    assert [g.text for g in reseeded] != [g.text for g in alone]


def test_traces_hold_the_log_probabilities_of_a_plain_forward(policy: Policy, prompts: list[EncodedPrompt]) -> None:
    drawn = generate(policy, prompts, GenerationSettings(128, temperature=0.9), [1, 2, 3, 4])
    tokens = lay_out(prompts, [(g.trace.token_ids,) for g in drawn], policy.pad_id, share=False)
    with torch.inference_mode():
        ours = TokenLogProbs(policy.model, policy.family)(ModelInput(tokens, tuple(prompts)))
        for row, (prompt, g) in enumerate(zip(prompts, drawn, strict=True)):
            ids = torch.tensor([[*prompt.input_ids, *g.trace.token_ids]])
            logits = policy.model(input_ids=ids, pixel_values=prompt.images["pixel_values"]).logits[0].double()
            n, p = len(g.trace.token_ids), len(prompt.input_ids)
            logp = logits.log_softmax(-1)[p - 1 : p - 1 + n]
            slow = logp.gather(1, torch.tensor(g.trace.token_ids)[:, None])[:, 0]
            entropy = -(logp.exp() * logp).sum(-1)
            torch.testing.assert_close(torch.tensor(g.trace.logprobs).double(), slow, atol=2e-4, rtol=0)
            torch.testing.assert_close(torch.tensor(g.trace.entropies).double(), entropy, atol=2e-4, rtol=0)
            torch.testing.assert_close(ours[row, :n].double(), slow, atol=2e-4, rtol=0)
            assert not ours[row, n:].any()


def test_nucleus_sampling_leaves_out_the_tail(policy: Policy, prompts: list[EncodedPrompt]) -> None:
    greedy = generate(policy, prompts, GenerationSettings(64), [0] * 4)
    narrow = generate(policy, prompts, GenerationSettings(64, temperature=1.0, top_p=1e-6), [1, 2, 3, 4])
    assert [g.text for g in narrow] == [g.text for g in greedy]


@pytest.mark.parametrize("text", ["There are two cups.", "", "Ünïcödé 🪁 and <image> markup"])
def test_offsets_cover_the_text_in_order(policy: Policy, text: str) -> None:
    encoded = encode_response(policy, text)
    assert encoded.token_ids[-1] == policy.eos_id
    assert encoded.token_ids.count(policy.eos_id) == 1
    assert max(encoded.ends) == len(text)
    assert list(encoded.ends) == sorted(encoded.ends)
    assert all(a <= b for a, b in zip(encoded.starts, encoded.ends, strict=True))


def test_offsets_of_tokens_that_the_tokenizer_would_not_choose(policy: Policy) -> None:
    text = "There are two cups."
    letters = [i for c in policy.lead + text for i in policy.tokenizer(c, add_special_tokens=False)["input_ids"]]
    traced = trace_offsets(policy, text, [*letters, policy.eos_id])
    pieces = [text[a:b] for a, b in zip(traced.starts, traced.ends, strict=True)]
    assert "".join(pieces) == text
    assert max(len(piece) for piece in pieces) <= 2


def test_saved_policy_loads_identical(policy: Policy, prompts: list[EncodedPrompt], tmp_path: Path) -> None:
    save_policy(policy, tmp_path / "copy")
    again = load_policy(tmp_path / "copy", device="cpu")
    mine, theirs = policy.model.state_dict(), again.model.state_dict()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    settings = GenerationSettings(64)
    before, after = generate(policy, prompts, settings, [0] * 4), generate(again, prompts, settings, [0] * 4)
    assert [g.text for g in before] == [g.text for g in after]


def test_rows_that_end_early_do_not_disturb_the_others(policy: Policy, prompts: list[EncodedPrompt]) -> None:
    """A short answer among descriptions: its row leaves the batch long before theirs."""
    settings = GenerationSettings(128, k=2, temperature=0.8)
    together = generate(policy, prompts, settings, [1, 2, 3, 4])
    for index, seed in enumerate([1, 2, 3, 4]):
        alone = generate(policy, prompts[index : index + 1], settings, [seed])
        for mine, theirs in zip(together[2 * index : 2 * index + 2], alone, strict=True):
            assert mine.trace.token_ids == theirs.trace.token_ids
            torch.testing.assert_close(
                torch.tensor(mine.trace.logprobs), torch.tensor(theirs.trace.logprobs), atol=2e-5, rtol=0
            )


def broken(folder: Path, name: str) -> None:
    if name == "truncated weights":
        weights = folder / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:1000])
    elif name == "no chat template":
        (folder / "chat_template.jinja").unlink()
    elif name == "other architecture":
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | {"model_type": "nonsense"}))


@pytest.mark.parametrize("what", ["truncated weights", "no chat template", "other architecture"])
def test_a_broken_checkpoint_is_one_sentence(tmp_path: Path, what: str) -> None:
    shutil.copytree(builtin_policy(), tmp_path / "policy")
    broken(tmp_path / "policy", what)
    with pytest.raises(PolicyError) as caught:
        load_policy(tmp_path / "policy")
    assert str(tmp_path / "policy") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_checkpoint_says_so(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="is no folder"):
        load_policy(tmp_path / "none")
    with pytest.raises(PolicyError, match=r"no config\.json"):
        load_policy(tmp_path)
