"""`redraft eval` on data made by hand: results are kept, compared and refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from redraft import world
from redraft.evaluate import evaluate, write_outcomes
from redraft.evaluate.world_suite import WorldSuite
from redraft.pool import evaluation_requests
from redraft.records import PolicyStatus, Split

from .made_runs import WRONG, CommandLine, Run, add_policy, make, sentence

WORLD = ("eval", "world", "--count", "6", "--bootstrap", "100")


def answers(path: Path, wrong: int, count: int = 6) -> Path:
    """True descriptions of the first pictures; the first ``wrong`` of them say too much."""
    lines = []
    for number, item in enumerate(WorldSuite(Split.DEV, count).items()):
        text = world.true_answer(world.scene_of(item.image), item.prompt) + (WRONG if number < wrong else "")
        lines.append(json.dumps({"id": item.id, "text": text}))
    path.write_text("\n".join(lines))
    return path


def test_two_results_and_what_separates_them(redraft: CommandLine, tmp_path: Path) -> None:
    bad, good = answers(tmp_path / "bad.jsonl", 6), answers(tmp_path / "good.jsonl", 0)
    code, said, err = redraft(*WORLD, "--answers", bad, "--out", tmp_path / "a", "--name", "liar")
    assert code == 0, err
    assert "world, dev: liar, 6 answers about 6 images" in said and "100.0 % (100.0 to 100.0)" in said
    code, said, err = redraft(*WORLD, "--answers", good, "--out", tmp_path / "b", "--json")
    assert code == 0, err
    result = json.loads(said)
    assert (result["policy"], result["items"], result["figures"][0]["interval"]["value"]) == ("good", 6, 0.0)
    assert result["code"] and result["data"][0]["role"] == "scenes" and len(result["answers"]) == 64
    assert {file.name for file in (tmp_path / "b").iterdir()} == {
        "result.json",
        "scores.parquet",
        "answers.jsonl",
        "asked.json",
    }
    code, said, err = redraft("eval", "compare", tmp_path / "a", tmp_path / "b", "--bootstrap", "100")
    assert code == 0, err
    assert "-100.0 points" in said and "B is better: it has a lower response_rate than A, by 100.00 points" in said
    assert "B's recall cannot be told apart from A's" in said
    code, said, err = redraft("eval", "compare", tmp_path / "a", tmp_path / "b", "--bootstrap", "100", "--json")
    found = json.loads(said)
    assert (found["a"], found["b"], found["figures"][0]["difference"]["value"]) == ("liar", "good", -1.0)
    again = redraft(*WORLD, "--answers", tmp_path / "b" / "answers.jsonl", "--json")[1]
    assert json.loads(again)["figures"] == result["figures"], "what is kept can be scored anew"


def test_mistakes_are_one_sentence(redraft: CommandLine, tmp_path: Path) -> None:
    good = answers(tmp_path / "good.jsonl", 0)
    assert "exactly" not in sentence(redraft(*WORLD)) and "--answers FILE.jsonl" in sentence(redraft(*WORLD))
    assert "does not exist" in sentence(redraft(*WORLD, "--answers", tmp_path / "none.jsonl"))
    broken = tmp_path / "broken.jsonl"
    broken.write_text(good.read_text() + '\n{"id": ')
    assert "broken.jsonl line 7 is not valid JSON" in sentence(redraft(*WORLD, "--answers", broken))
    assert "is no folder" in sentence(redraft(*WORLD, tmp_path / "policy"))
    assert "holds no result" in sentence(redraft("eval", "compare", tmp_path, tmp_path))
    redraft(*WORLD, "--answers", good, "--out", tmp_path / "dev")
    other = answers(tmp_path / "other.jsonl", 1)
    assert "holds answers of the file good.jsonl" in sentence(
        redraft(*WORLD, "--answers", other, "--out", tmp_path / "dev")
    )
    few = ("eval", "world", "--count", "5", "--answers", good, "--out", tmp_path / "few", "--bootstrap", "100")
    assert redraft(*few)[0] == 0
    assert "of different data" in sentence(redraft("eval", "compare", tmp_path / "dev", tmp_path / "few"))
    record = tmp_path / "few" / "result.json"
    record.write_text(record.read_text().replace('"variant": "dev"', '"variant": "test"'))
    assert "A is of variant 'dev', B of variant 'test'" in sentence(
        redraft("eval", "compare", tmp_path / "dev", tmp_path / "few")
    )


@pytest.fixture
def pope(tmp_path: Path) -> Path:
    """Two questions about one picture."""
    path = tmp_path / "coco_pope_random.json"
    rows = [
        {"question_id": n, "image": "a.png", "text": f"Is there a {name} in the image?", "label": label}
        for n, (name, label) in enumerate([("dog", "yes"), ("cat", "no")], 1)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_a_policy_is_asked_about_pictures_in_a_folder(redraft: CommandLine, tmp_path: Path, pope: Path) -> None:
    asked = ("eval", "pope", "--questions", pope, "--policy", "builtin:tiny", "--max-new-tokens", "2")
    asked = (*asked, "--bootstrap", "100")
    assert "need --images FOLDER" in sentence(redraft(*asked))
    images = tmp_path / "images"
    images.mkdir()
    assert "1 of 1 images are not in" in sentence(redraft(*asked, "--images", images))
    Image.effect_mandelbrot((64, 64), (-2, -1, 1, 1), 50).convert("RGB").save(images / "a.png")
    seen = tmp_path / "seen"
    seen.mkdir()
    (seen / "copy.png").write_bytes((images / "a.png").read_bytes())
    told = (*asked, "--images", images, "--train", seen, "--out", tmp_path / "out")
    code, said, err = redraft(*told, "--json")
    assert code == 0, err
    notes = json.loads(said)["notes"]
    assert "LEAKAGE: 1 of 1 evaluation images" in notes[0] and "the checkpoint" in notes[1]
    assert len((tmp_path / "out" / "answers.jsonl").read_text().splitlines()) == 2
    assert "holds answers of" in sentence(redraft(*told, "--max-new-tokens", "3"))


def test_leakage_by_exit_code(redraft: CommandLine, tmp_path: Path) -> None:
    for name, seed in (("train", 0), ("held", 1)):
        folder = tmp_path / name
        folder.mkdir()
        world.render(world.scene_at(seed, Split.POOL, 0)).save(folder / f"{name}.png")
    looked = ("eval", "leakage", "--train", tmp_path / "train", "--images", tmp_path / "held")
    code, said, _ = redraft(*looked)
    assert code == 0 and "no leakage found: 1 evaluation images against 1 training images" in said
    world.render(world.scene_at(0, Split.POOL, 0)).resize((90, 90)).save(tmp_path / "held" / "small.png")
    code, said, _ = redraft(*looked, "--json")
    (leak,) = json.loads(said)["leaks"]
    assert code == 1 and (leak["evaluation"], leak["training"]) == ("small.png", "train.png")
    run = make(tmp_path / "run")
    from redraft.pool import round_requests

    round_requests(run.config, run.store, run.blobs, 1)
    code, said, _ = redraft("eval", "leakage", "--train", run.root, "--images", tmp_path / "held")
    assert code == 1 and "world:0:pool:0" in said, "a run's pool is what it learns from"
    assert "does not exist" in sentence(redraft("eval", "leakage", "--train", tmp_path / "no", "--images", tmp_path))


def measured(run: Run, policy: str, wrong: Mapping[int, str]) -> None:
    """Outcomes on the test split, with a sentence too many about the pictures ``wrong``."""
    outcomes = []
    for number, request in enumerate(evaluation_requests(run.config, run.store, run.blobs, Split.TEST)):
        scene = world.scene_of(request.origin)
        text = world.true_answer(scene, request.prompt) + wrong.get(number, "")
        outcomes.append(world.outcome(request.image_id, scene, request.prompt, text))
    blob = f"evaluations/{policy}-test.parquet"
    run.blobs.put(blob, write_outcomes(outcomes))
    run.store.add_evaluation(evaluate(outcomes, policy=policy, split=Split.TEST, bootstrap=100, seed=0, blob=blob))


def test_two_versions_of_a_run(redraft: CommandLine, tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    add_policy(run, "r01-child", PolicyStatus.CANDIDATE)
    measured(run, "r00-base", {0: WRONG, 1: WRONG, 2: WRONG, 3: WRONG})
    versions = ("eval", "compare", "--run", run.root, "r00-base", "r01-child")
    assert "r01-child was not evaluated on the test split" in sentence(redraft(*versions))
    measured(run, "r01-child", {})
    code, said, err = redraft(*versions, "--json", "--bootstrap", "100")
    assert code == 0, err
    found = json.loads(said)
    assert (found["items"], found["figures"][0]["difference"]["value"]) == (4, -1.0)
    assert [figure["name"] for figure in found["figures"]] == ["response_rate", "mention_rate", "recall", "mean_words"]


def test_every_suite_says_where_its_data_are(redraft: CommandLine) -> None:
    said = redraft("eval", "suites")[1]
    helped = redraft("eval", "--help")[1]
    for name in ("objhal", "mmhal", "llava-bench", "pope", "amber", "vqav2", "world"):
        assert name in said and name in helped
