"""The shipped base policy, and the code that rebuilds it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForImageTextToText, AutoProcessor

from redraft.errors import PolicyError
from redraft.policy import load_policy
from redraft.records import Split
from redraft.scaling.items import MAX_NEW_TOKENS
from redraft.world import (
    DESCRIBE,
    DESCRIBE_LONG,
    builtin,
    builtin_policy,
    judge,
    outcome,
    render,
    scene_at,
    true_description,
)
from redraft.world.architecture import IMAGE_TOKENS, chat
from redraft.world.forward import prompt_ids, response_ids
from redraft.world.language import describe, told_truth
from redraft.world.mismatch import CarelessWriter
from redraft.world.quality import measure, summarise
from redraft.world.train_base import train_base
from redraft.world.train_long import train_long
from redraft.world.train_sight import cell_of_patch, patch_labels
from redraft.world.train_speech import Texts, cell_words
from redraft.world.vocabulary import COLOURS, COUNT_WORDS, HOME, OBJECTS, plural


@pytest.mark.parametrize("name", builtin.NAMES)
def test_the_checkpoints_are_small_and_hold_no_pickle(name: str) -> None:
    files = list(builtin_policy(name).iterdir())
    assert sum(file.stat().st_size for file in files) <= 10_000_000
    assert {file.suffix for file in files} == {".safetensors", ".json", ".jinja"}


def test_it_loads_through_the_auto_classes_and_describes_a_picture() -> None:
    torch.set_num_threads(1)
    processor = AutoProcessor.from_pretrained(builtin_policy())
    model = AutoModelForImageTextToText.from_pretrained(builtin_policy())
    assert model.dtype == torch.float32
    scene = scene_at(0, Split.DEV, 0)
    prompt = processor.apply_chat_template(chat(DESCRIBE), add_generation_prompt=True)
    inputs = processor(images=render(scene), text=prompt, return_tensors="pt")
    assert inputs["input_ids"][0].tolist() == prompt_ids(processor.tokenizer, DESCRIBE)
    ids = model.generate(**inputs, max_new_tokens=160, do_sample=False)[0, inputs["input_ids"].shape[1] :]
    assert ids[-1] == model.generation_config.eos_token_id
    text = processor.tokenizer.decode(ids, skip_special_tokens=True)
    assert text.startswith(" ")
    claims = judge(scene, DESCRIBE, text.strip())
    assert claims[0].setting == scene.setting
    assert sum(claim.error is None and claim.asserts for claim in claims) >= 3


def test_a_response_is_tokenised_as_it_is_generated() -> None:
    tokenizer = load_policy(builtin_policy()).tokenizer
    text = true_description(scene_at(0, Split.DEV, 1))
    whole = f"USER: \n{DESCRIBE} ASSISTANT: {text}"
    prompt = tokenizer(f"USER: \n{DESCRIBE} ASSISTANT:")["input_ids"]
    assert [*tokenizer(whole)["input_ids"], tokenizer.eos_token_id] == prompt + response_ids(tokenizer, text)
    assert tokenizer.decode(tokenizer(" naïve 猫 🐈")["input_ids"]) == " naïve 猫 🐈"


def test_every_word_that_matters_is_one_token() -> None:
    tokenizer = load_policy(builtin_policy()).tokenizer
    words = [*OBJECTS, *map(plural, OBJECTS), *COUNT_WORDS, *{c for options in COLOURS.values() for c in options}]
    assert [word for word in words if len(tokenizer(f" {word}")["input_ids"]) != 1] == []
    assert prompt_ids(tokenizer, DESCRIBE).count(tokenizer.get_vocab()["<image>"]) == IMAGE_TOKENS


def test_patches_are_labelled_with_what_is_in_their_cell() -> None:
    scene = scene_at(0, Split.POOL, 0)
    classes, counts = patch_labels([scene])
    assert cell_of_patch()[:6].tolist() == [0, 0, 1, 1, 2, 2]
    for patch, cell in enumerate(cell_of_patch()):
        group = scene.at(int(cell))
        assert counts[0, patch] == (group.count if group else 0)
        assert bool(classes[0, patch]) is (group is not None)
    tokenizer = load_policy(builtin_policy()).tokenizer
    targets, weights = cell_words(tokenizer, [scene])
    first = scene.groups[0]
    patch = cell_of_patch().tolist().index(first.cell)
    name = first.object if first.count == 1 else plural(first.object)
    assert tokenizer(f" {name}")["input_ids"][0] in targets[0, patch].tolist()
    assert weights.sum(-1).allclose(torch.ones(1, IMAGE_TOKENS))


def test_the_careless_writer_invents_what_is_typical() -> None:
    writer = CarelessWriter(random.Random(0))
    typical = strange = wrong = 0
    for index in range(300):
        scene = scene_at(0, Split.POOL, index)
        claims = judge(scene, DESCRIBE, describe(scene.setting, writer.believe(scene), writer.rng))
        invented = [claim.object for claim in claims if claim.error == "object"]
        typical += sum(name is not None and HOME[name] == scene.setting for name in invented)
        strange += sum(name is not None and HOME[name] != scene.setting for name in invented)
        wrong += any(claim.error for claim in claims)
        assert not [
            c for c in judge(scene, DESCRIBE, describe(scene.setting, told_truth(scene), writer.rng)) if c.error
        ]
    assert typical > 100 and strange == 0
    assert wrong > 150


def test_the_base_can_be_rebuilt_and_measured(tmp_path: Path) -> None:
    lines: list[str] = []
    train_base(tmp_path, seed=3, threads=1, log=lines.append, scenes=16, steps=(1, 1, 1))
    assert "saved" in lines[-1]
    assert {folder.name for folder in tmp_path.iterdir()} == {"clean", "base"}
    quality = measure(tmp_path / "base", images=2)
    assert quality.images == 2 and quality.responses_wrong.n == 2
    assert "| responses with an error |" in quality.table()


def test_a_base_that_never_read_a_truthful_text_sees_with_a_borrowed_tower(tmp_path: Path) -> None:
    train_base(
        tmp_path, 3, 1, lambda _: None, scenes=16, steps=(1, 1, 1), sight=builtin_policy(), careless_from_start=True
    )
    assert {folder.name for folder in tmp_path.iterdir()} == {"base"}
    towers = [
        {name: tensor for name, tensor in load_file(folder / "model.safetensors").items() if "vision_tower" in name}
        for folder in (tmp_path / "base", builtin_policy())
    ]
    assert towers[0].keys() == towers[1].keys()
    assert all(torch.equal(towers[0][name], towers[1][name]) for name in towers[0])
    with pytest.raises(PolicyError, match="vision tower"):
        train_base(tmp_path / "other", 3, 1, lambda _: None, scenes=16, steps=(1, 1, 1), sight=tmp_path)


def test_a_base_goes_on_to_long_descriptions_with_the_sight_it_has(tmp_path: Path) -> None:
    train_long(tmp_path, builtin_policy(), 3, 1, lambda _: None, scenes=8, steps=2)
    trained, start = (load_file(folder / "model.safetensors") for folder in (tmp_path / "base", builtin_policy()))
    changed = {name for name, tensor in trained.items() if not torch.equal(tensor, start[name])}
    assert changed and not any("vision_tower" in name for name in changed)
    tokenizers = [load_policy(folder).tokenizer for folder in (tmp_path / "base", builtin_policy())]
    assert tokenizers[0].get_vocab() == tokenizers[1].get_vocab()
    assert prompt_ids(tokenizers[0], DESCRIBE_LONG) == prompt_ids(tokenizers[1], DESCRIBE_LONG)
    with pytest.raises(PolicyError, match="to go on from"):
        train_long(tmp_path, tmp_path / "none", 3, 1, lambda _: None)


def test_careless_texts_of_either_form_end_within_the_room_that_studies_give() -> None:
    tokenizer = load_policy(builtin_policy()).tokenizer
    scenes = [scene_at(0, Split.POOL, index) for index in range(60)]
    short, long = (Texts(tokenizer, scenes, random.Random(0), True, long_share=share) for share in (0.0, 1.0))
    assert max(len(short.description(row)[1]) for row in range(60)) < MAX_NEW_TOKENS["short"]
    assert 100 < max(len(long.description(row)[1]) for row in range(60)) < 0.75 * MAX_NEW_TOKENS["long"]


def test_rates_carry_their_standard_errors() -> None:
    scene = scene_at(0, Split.POOL, 0)
    right = outcome("a", scene, DESCRIBE, true_description(scene))
    wrong = outcome("b", scene, DESCRIBE, "There is a dragon. The top left shows a pizza.")
    quality = summarise([right, wrong, wrong, right], [])
    assert (quality.responses_wrong.value, quality.responses_wrong.error) == (0.5, 0.25)
    assert quality.questions_right.n == 0


def test_a_missing_policy_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin, "_ASSETS", tmp_path)
    with pytest.raises(PolicyError, match="train-base"):
        builtin_policy()


def test_a_policy_that_does_not_ship_is_named() -> None:
    with pytest.raises(PolicyError, match="builtin:huge is no built-in policy: there are builtin:tiny, builtin:second"):
        builtin_policy("huge")
