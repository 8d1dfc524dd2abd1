"""VQAv2 by hand, and against the leave-one-out sets written out."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redraft.errors import DataError
from redraft.evaluate.probing import VqaV2
from redraft.evaluate.probing.vqa_normal import normal_answer, process_punctuation
from redraft.evaluate.probing.vqav2 import vqa_accuracy
from redraft.evaluate.suite import measure, measure_groups

Json = dict[str, object]
WORDS = st.sampled_from(["yes", "no", "2", "blue", "red", "a dog", "t-shirt", "don't"])


@pytest.mark.parametrize(
    ("agreeing", "expected"),
    [
        (0, 0.0),
        (1, 9 * (1 / 3) / 10),  # left out itself, no other agrees; left out another, one does
        (2, (2 * (1 / 3) + 8 * (2 / 3)) / 10),
        (3, (3 * (2 / 3) + 7) / 10),
        (4, 1.0),
        (10, 1.0),
    ],
)
def test_ten_people(agreeing: int, expected: float) -> None:
    people = ["blue"] * agreeing + [f"other {n}" for n in range(10 - agreeing)]
    assert vqa_accuracy("Blue", people) == pytest.approx(expected)


@settings(deadline=None)
@given(WORDS, st.lists(WORDS, min_size=2, max_size=12))
def test_equals_the_mean_over_the_leave_one_out_sets(said: str, people: list[str]) -> None:
    compared = people if len(set(people)) == 1 else [process_punctuation(one) for one in people]
    each = []
    for left_out in range(len(compared)):
        others = [one for place, one in enumerate(compared) if place != left_out]
        each.append(min(1.0, others.count(normal_answer(said)) / 3))
    accuracy = vqa_accuracy(said, people)
    assert accuracy == pytest.approx(sum(each) / len(each))
    assert 0 <= accuracy <= 1


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Yes.", "yes"),
        (" The  Dog\n", "dog"),
        ("Two dogs", "2 dogs"),
        ("none", "0"),
        ("1,000", "1000"),  # a comma in a number removes all punctuation
        ("1,000/day", "1000day"),
        ("red,blue", "red blue"),  # beside no space: a space
        ("red, blue", "red blue"),  # beside a space: nothing
        ("red, blue,green", "red bluegreen"),  # beside a space anywhere: nothing everywhere
        ("t-shirt", "t shirt"),
        ("3.5", "3.5"),
        ("a.m.", "am"),
        ("dont", "don't"),
        ("it's", "it's"),  # an apostrophe is no punctuation
        ("somebody'd", "somebodyd"),  # as in the official table
        ("What?!", "what"),
        ("an apple", "apple"),
        ("a", ""),
        ("Ive", "ive"),  # the table has Ive, words are in lower case by then
    ],
)
def test_normal_answers(text: str, normal: str) -> None:
    assert normal_answer(text) == normal


@settings(deadline=None)
@given(st.text(alphabet=string.ascii_letters + string.digits + " ',.-/?!:;\n\t", max_size=32))
def test_a_normal_answer_is_in_normal_form(text: str) -> None:
    assert normal_answer(normal_answer(text)) == normal_answer(text)


def test_people_keep_their_words_and_their_punctuation_where_they_all_agree() -> None:
    # Published annotations have digits and articles behind them: people's "two" is never made "2".
    assert vqa_accuracy("two", ["two"] * 10) == 0
    assert vqa_accuracy("t-shirt", ["t-shirt"] * 10) == 0
    assert vqa_accuracy("t-shirt", ["t-shirt"] * 9 + ["shirt"]) == 1


def _files(folder: Path) -> tuple[Path, Path]:
    asked = [
        {"question_id": 10, "image_id": 1, "question": "Is it red?"},
        {"question_id": 11, "image_id": 1, "question": "How many?"},
        {"question_id": 12, "image_id": 262148, "question": "What is it?"},
    ]
    said = {
        10: ("yes/no", ["yes"] * 10),
        11: ("number", ["2"] * 2 + ["3"] * 8),
        12: ("other", ["cat"] * 3 + ["dog"] * 7),
    }
    questions: Json = {"data_type": "mscoco", "data_subtype": "val2014", "questions": asked}
    annotations: Json = {
        "annotations": [
            {
                "question_id": id,
                "answer_type": kind,
                "answers": [
                    {"answer": answer, "answer_id": n, "answer_confidence": "yes"} for n, answer in enumerate(people)
                ],
            }
            for id, (kind, people) in said.items()
        ]
    }
    paths = folder / "questions.json", folder / "annotations.json"
    for path, content in zip(paths, (questions, annotations), strict=True):
        path.write_text(json.dumps(content))
    return paths


def test_overall_and_by_answer_type(tmp_path: Path) -> None:
    suite = VqaV2.load(*_files(tmp_path))
    assert suite.items()[2].image == "COCO_val2014_000000262148.jpg"
    scores = suite.score({"10": "yes", "11": "two", "12": "a cat"})
    two, three = (2 * (1 / 3) + 8 * (2 / 3)) / 10, (3 * (2 / 3) + 7) / 10
    (accuracy,) = measure(suite, scores, bootstrap=100, seed=0)
    assert accuracy.interval is not None
    assert accuracy.interval.value == pytest.approx((1 + two + three) / 3)
    groups = measure_groups(suite, scores, bootstrap=100, seed=0)
    values = {one.group: one.figures[0].interval.value for one in groups if one.figures[0].interval is not None}
    assert values == pytest.approx({"yes/no": 1, "number": two, "other": three})


def test_published_answers_and_an_instruction(tmp_path: Path) -> None:
    suite = VqaV2.load(*_files(tmp_path))
    path = tmp_path / "results.json"
    path.write_text(json.dumps([{"question_id": 11, "answer": "2"}, {"question_id": 99, "answer": "no"}]))
    read = suite.answers_in(path)
    assert (read.texts, read.strangers) == ({"11": "2"}, 1)
    assert [score.item for score in suite.score(read.texts)] == ["11"]
    assert suite.asked_with("In one word.").items()[0].prompt == "Is it red?\nIn one word."


def test_missing_and_malformed_files(tmp_path: Path) -> None:
    questions, annotations = _files(tmp_path)
    with pytest.raises(DataError, match=r"gone\.json does not exist.*answers.*visualqa\.org"):
        VqaV2.load(questions, tmp_path / "gone.json")
    with pytest.raises(DataError, match=r"questions\.json is not as published \(annotations: Field required\)"):
        VqaV2.load(questions, questions)
    content = json.loads(annotations.read_text())
    content["annotations"].pop()
    annotations.write_text(json.dumps(content))
    with pytest.raises(DataError, match="has no answers to question 12"):
        VqaV2.load(questions, annotations)
    questions.write_text("{")
    with pytest.raises(DataError, match="is not as published"):
        VqaV2.load(questions, annotations)
