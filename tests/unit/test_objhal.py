"""Object HalBench, with its figures by hand; and, where they lie, on real answers about COCO images."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from redraft.errors import ConfigError, DataError
from redraft.evaluate.coco import read_coco
from redraft.evaluate.objhal import GroundTruth, ObjHal, published_prompts, read_given
from redraft.evaluate.objhal.reading import COLUMNS
from redraft.evaluate.suite import measure
from redraft_actors.evalcli.objhal import objhal

# Image 1 holds a dog (box), a person and a couch (captions); image 2 a car and a person; image 3 a cup.
INSTANCES = {
    "images": [{"id": number, "file_name": f"{number:012d}.jpg"} for number in (1, 2, 3)],
    "annotations": [
        {"image_id": 1, "category_id": 18},
        {"image_id": 2, "category_id": 3},
        {"image_id": 2, "category_id": 1},
        {"image_id": 3, "category_id": 47},
    ],
    "categories": [{"id": n, "name": name} for n, name in ((18, "dog"), (3, "car"), (1, "person"), (47, "cup"))],
}
CAPTIONS = {
    "annotations": [
        {"image_id": 1, "caption": "A puppy on a sofa in a living room."},
        {"image_id": 1, "caption": "Two men and a dog."},
        {"image_id": 2, "caption": "A street with a car."},
    ]
}
ANSWERS = [
    (1, "p", "A dog and a cat. The dog sleeps."),  # dog cat! dog: 3 mentions, 1 wrong; 1 of 3 found; 8 words
    (2, "p", "A man drives a car, two cars."),  # person car car: 3 mentions; 2 of 2 found; 7 words
    ("000000000002.jpg", "q", "A tree."),  # nothing: 0 of 2 found; 2 words
    (3, "p", "A fork, a fork and a knife!"),  # fork! fork! knife!: 3 mentions, 3 wrong; 0 of 1 found; 7 words
    (3, "p", ""),  # nothing; 0 of 1 found; 0 words
]
REAL = Path(os.environ.get("REDRAFT_OBJHAL_DATA", Path(__file__).parents[3] / "shared" / "data" / "objhal"))

app = typer.Typer()
app.command()(objhal)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    instances, captions = tmp_path / "instances.json", tmp_path / "captions.json"
    instances.write_text(json.dumps(INSTANCES))
    captions.write_text(json.dumps(CAPTIONS))
    return instances, captions


def lines(path: Path, rows: Iterable[tuple[int | str, str, str]]) -> Path:
    made = ({"image_id": image, "prompt": prompt, "text": text, "question_id": 5} for image, prompt, text in rows)
    path.write_text("".join(json.dumps(row) + "\n" for row in made))
    return path


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_rates_by_hand(tmp_path: Path, files: tuple[Path, Path]) -> None:
    data = read_coco(*files)
    given = read_given(lines(tmp_path / "answers.jsonl", ANSWERS), data)
    suite = ObjHal(GroundTruth(data), given.items)
    scores = suite.score(given.texts)
    assert [dict(zip(COLUMNS, score.values, strict=True)) for score in scores[:2]] == [
        {"responses": 1, "named": 1, "wrong": 1, "mentions": 3, "hallucinated": 1, "found": 1, "present": 3, "words": 8}
        | {"unparsable": 0},
        {"responses": 1, "named": 1, "wrong": 0, "mentions": 3, "hallucinated": 0, "found": 2, "present": 2, "words": 7}
        | {"unparsable": 0},
    ]
    assert [read.objects for read in suite.read()] == [
        ("dog", "cat", "dog"), ("person", "car", "car"), (), ("fork", "fork", "knife"), (),
    ]  # fmt: skip
    assert [read.hallucinated for read in suite.read()] == [("cat",), (), (), ("fork", "fork", "knife"), ()]
    figures = {figure.name: figure.interval for figure in measure(suite, scores, bootstrap=200, seed=1)}
    values = {name: interval and interval.value for name, interval in figures.items()}
    # 2 of the 3 responses with an object are wrong, 4 of 9 mentions; 1 + 2 of 3 + 2 + 2 + 1 + 1 classes are found.
    assert values == pytest.approx(
        {"response_rate": 2 / 3, "mention_rate": 4 / 9, "recall": 3 / 9, "mean_words": 24 / 5}
    )


def test_answers_are_given_as_they_come(tmp_path: Path, files: tuple[Path, Path]) -> None:
    given = read_given(lines(tmp_path / "answers.jsonl", [*ANSWERS, ANSWERS[0]]), read_coco(*files))
    assert [item.id for item in given.items] == ["1/0/p", "2/0/p", "2/0/q", "3/0/p", "3/1/p", "1/1/p"]
    assert given.names["2/0/q"] == "000000000002.jpg"
    assert given.notes == (
        "1 of 6 answers are empty: they are responses that name no object",
        "1 of 6 answers repeat an earlier line word for word; each is counted",
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"image_id": 1, "prompt": "p"}', "line 2 is not an answer (text: Field required)"),
        ('{"image_id": 1, "prompt": "p", "text": 3}', "line 2 is not an answer (text: Input should be a valid string)"),
        ('{"image_id": true, "prompt": "p", "text": "a"}', "line 2 is not an answer (image_id"),
        ('{"prompt": "p", "text": "a"}', "line 2 has no image_id"),
        ('{"image_id": 1, "text": "a"}', "line 2 has no prompt"),
        ("[1]", "line 2 is not an answer"),
        ("{", "line 2 is not an answer (Invalid JSON"),
        ('{"image_id": 4, "prompt": "p", "text": "a"}', "line 2 is about image 4, of which neither instances.json nor"),
    ],
)
def test_malformed_lines_are_named(tmp_path: Path, files: tuple[Path, Path], line: str, told: str) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"image_id": 1, "prompt": "p", "text": "A dog."}\n' + line + "\n")
    with pytest.raises(DataError) as caught:
        read_given(path, read_coco(*files))
    assert told in str(caught.value)


def test_no_answers_are_refused(tmp_path: Path, files: tuple[Path, Path]) -> None:
    (tmp_path / "empty.jsonl").write_text("\n")
    for name, told in (("empty", "holds no answer"), ("none", "does not exist")):
        with pytest.raises(DataError, match=told):
            read_given(tmp_path / f"{name}.jsonl", read_coco(*files))


def test_published_prompts_are_asked_in_turn(files: tuple[Path, Path]) -> None:
    prompts = published_prompts()
    assert len(set(prompts)) == 8
    asked = ObjHal.load(*files, prompts=2).items()
    assert [(item.image, prompts.index(item.prompt)) for item in asked] == [
        ("000000000001.jpg", 0), ("000000000001.jpg", 1), ("000000000002.jpg", 1), ("000000000002.jpg", 2),
        ("000000000003.jpg", 2), ("000000000003.jpg", 3),
    ]  # fmt: skip
    drawn = ObjHal.load(*files, images=2, seed=3).items()
    assert len({item.image_id for item in drawn}) == 2
    assert drawn == ObjHal.load(*files, images=2, seed=3).items()
    with pytest.raises(ConfigError, match="4 images were asked for"):
        ObjHal.load(*files, images=4)


def test_unknown_categories_and_missing_captions_are_told(tmp_path: Path, files: tuple[Path, Path]) -> None:
    changed: dict[str, Any] = INSTANCES | {"categories": [{"id": n, "name": f"tree {n}"} for n in (1, 3, 18, 47)]}
    files[0].write_text(json.dumps(changed))
    notes = ObjHal.load(*files).notes()
    assert notes == (
        "4 box categories are none of COCO's 80 classes and were left out: tree 1, tree 18, tree 3, tree 47",
        "1 of 3 images have no caption: what is there is known by their boxes alone",
    )


def test_the_command_prints_one_object_and_writes_a_line_an_answer(tmp_path: Path, files: tuple[Path, Path]) -> None:
    answers, objects, out = lines(tmp_path / "a.jsonl", ANSWERS), tmp_path / "objects.jsonl", tmp_path / "out"
    common = ("--instances", files[0], "--captions", files[1], "--json", "--bootstrap", 100)
    printed = run("--answers", answers, *common, "--per-answer", objects, "--out", out, "--scenes")
    found = json.loads(printed)
    assert {key: found[key] for key in list(found)[4:17]} == pytest.approx(
        {
            "responses": 5, "responses_with_objects": 3, "hallucinated_responses": 2, "mentions": 9,
            "hallucinated_mentions": 4, "found_objects": 3, "present_objects": 9, "words": 24, "unparsable": 0,
            "response_rate": 2 / 3, "mention_rate": 4 / 9, "recall": 1 / 3, "mean_words": 4.8,
        }
    )  # fmt: skip
    assert set(found["intervals"]["recall"]) == {"value", "low", "high"}
    rows = [json.loads(line) for line in objects.read_text().splitlines()]
    assert rows[0] == {
        "image_id": 1, "prompt": "p", "text": ANSWERS[0][2], "objects": ["dog", "cat", "dog"], "hallucinated": ["cat"],
        "words": ["dog", "cat", "dog"], "listed": True,
    }  # fmt: skip
    assert rows[2]["image_id"] == "000000000002.jpg"
    assert len(rows) == 5
    kept = {path.name for path in out.iterdir()}
    assert {"result.json", "scores.parquet", "answers.jsonl", "over_generalisation.jsonl"} <= kept
    again = json.loads(run("--answers", out / "answers.jsonl", *common))
    assert again["response_rate"] == found["response_rate"]


def test_nothing_named_has_no_rate(tmp_path: Path, files: tuple[Path, Path]) -> None:
    answers = lines(tmp_path / "a.jsonl", [(1, "p", "A tree.")])
    found = json.loads(run("--answers", answers, "--instances", files[0], "--captions", files[1], "--json"))
    assert (found["response_rate"], found["mention_rate"], found["recall"]) == (None, None, 0.0)
    assert found["intervals"]["response_rate"] is None


def test_options_that_say_nothing_together_are_refused(tmp_path: Path, files: tuple[Path, Path]) -> None:
    common = ("--answers", lines(tmp_path / "a.jsonl", ANSWERS), "--instances", files[0], "--captions", files[1])
    for more, told in ((("--extract",), "--extract and --judge-model"), (("--draw", 2), "--draw and --prompts")):
        with pytest.raises(ConfigError, match=told):
            run(*common, *more)


@pytest.mark.skipif(not (REAL / "answers.jsonl").exists(), reason="set REDRAFT_OBJHAL_DATA to a folder with answers")
def test_real_answers_as_people_read_them(tmp_path: Path) -> None:
    files = ("--instances", REAL / "instances.json", "--captions", REAL / "captions.json")
    objects = tmp_path / "objects.jsonl"
    found = json.loads(run("--answers", REAL / "answers.jsonl", *files, "--json", "--per-answer", objects))
    counts = ("responses", "responses_with_objects", "hallucinated_responses", "mentions", "hallucinated_mentions")
    assert [found[name] for name in counts] == [90, 87, 9, 464, 15]
    rows = [json.loads(line) for line in objects.read_text().splitlines()]
    read = {
        13: "suitcase suitcase suitcase backpack suitcase handbag person person person suitcase",
        15: "",
        17: "train train remote train train person train",
        61: "dog dog dog bed chair potted-plant dog",
        76: "person person person person person wine-glass dining-table bottle handbag dining-table person person",
        82: "person motorcycle person person cow cow motorcycle cow person",
        88: "person person umbrella umbrella dog boat boat boat umbrella person",
    }
    assert {n: " ".join(name.replace(" ", "-") for name in rows[n]["objects"]) for n in read} == read
    assert rows[17]["hallucinated"] == ["remote", "person"]
