"""POPE by hand: six questions in two settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from redraft.errors import DataError
from redraft.evaluate.probing import Pope
from redraft.evaluate.probing.pope import says_neither, says_yes
from redraft.evaluate.suite import measure, measure_groups
from redraft.records import SuiteResult
from redraft_actors.evalcli.app import app

Question = dict[str, object]


def _write(path: Path, rows: list[Question]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def _questions(*labels: str) -> list[Question]:
    return [
        {"question_id": n, "image": f"COCO_val2014_{n // 2:012d}.jpg", "text": f"Is there a thing{n}?", "label": label}
        for n, label in enumerate(labels, 1)
    ]


@pytest.fixture
def suite(tmp_path: Path) -> Pope:
    popular = _write(tmp_path / "coco_pope_popular.json", _questions("yes", "no"))
    random = _write(tmp_path / "coco_pope_random.jsonl", _questions("yes", "yes", "no", "no"))
    return Pope.load([popular, random])


def _said(*texts: str) -> dict[str, str]:
    ids = ("random/1", "random/2", "random/3", "random/4", "popular/1", "popular/2")
    return dict(zip(ids, texts, strict=False))


def test_figures_by_hand(suite: Pope) -> None:
    # random: yes yes no no, popular: yes no; answers yes no yes no | yes yes: 2 + 1 of yes are right, of 4 said and
    # 3 there; right are 1, 4, popular 1.
    scores = suite.score(_said("Yes.", "No, there is none.", "Yes", "no", "Yes, it is. No doubt.", "A thing is there"))
    overall = {figure.name: figure.interval for figure in measure(suite, scores, bootstrap=100, seed=0)}
    values = {name: interval.value for name, interval in overall.items() if interval is not None}
    assert values == pytest.approx(
        {
            "accuracy": 3 / 6,
            "precision": 2 / 4,
            "recall": 2 / 3,
            "f1": 2 * (2 / 4) * (2 / 3) / (2 / 4 + 2 / 3),
            "yes_ratio": 4 / 6,
            "neither": 1 / 6,
        }
    )


def test_settings_are_groups(suite: Pope) -> None:
    scores = suite.score(_said("yes", "no", "yes", "no", "yes", "yes"))
    groups = {one.group: one for one in measure_groups(suite, scores, bootstrap=100, seed=0)}
    accuracy = {
        name: next(f.interval.value for f in one.figures if f.name == "accuracy" and f.interval is not None)
        for name, one in groups.items()
    }
    assert accuracy == {"popular": 0.5, "random": 0.5}
    assert {name: one.items for name, one in groups.items()} == {"popular": 2, "random": 4}


def test_a_policy_that_never_says_yes_has_no_precision_and_no_f1_above_zero(suite: Pope) -> None:
    figures = {f.name: f.interval for f in measure(suite, suite.score(_said(*["no"] * 6)), bootstrap=100, seed=0)}
    assert figures["precision"] is None
    assert figures["f1"] is not None and figures["f1"].value == 0
    assert figures["yes_ratio"] is not None and figures["yes_ratio"].value == 0


@pytest.mark.parametrize(
    ("text", "yes", "neither"),
    [
        ("Yes", True, False),
        ("No, there is no cat in the image.", False, False),
        ("There is not a cat", False, False),
        ("NO", True, True),  # the published script looks for No, no and not alone
        ("I see none. No.", True, True),  # the first sentence decides
        ("Nothing of the kind", True, True),
        ("yes, but no", False, False),
        ("no\nbecause", True, True),  # words are parted by spaces alone
        ("", True, True),
    ],
)
def test_answers_are_read_as_published(text: str, yes: bool, neither: bool) -> None:
    assert says_yes(text) is yes
    assert says_neither(text) is neither


def test_items_come_in_the_order_of_the_settings(suite: Pope) -> None:
    assert [item.id for item in suite.items()] == [*(f"random/{n}" for n in range(1, 5)), "popular/1", "popular/2"]
    assert [source.name for source in suite.sources()] == ["coco_pope_random.jsonl", "coco_pope_popular.json"]


def test_published_answers_go_by_their_order(suite: Pope, tmp_path: Path) -> None:
    texts = ["is there a thing1?", "Is there a thing2?", "Is there a thing3?", "Is there a thing4?"]
    texts += ["Is there a thing1?", "Is there a thing2?"]
    path = _write(tmp_path / "answers.json", [{"question": text, "answer": f"yes {n}"} for n, text in enumerate(texts)])
    assert suite.answers_in(path).texts["popular/1"] == "yes 4"
    shuffled = _write(
        tmp_path / "shuffled.json", [{"question": text, "answer": "yes"} for text in [*texts[1:], texts[0]]]
    )
    with pytest.raises(DataError, match=r"answer 1 is to 'Is there a thing2\?', but question 1 is"):
        suite.answers_in(shuffled)
    short = _write(tmp_path / "short.json", [{"question": texts[0], "answer": "yes"}])
    with pytest.raises(DataError, match="1 answers to 6 questions"):
        suite.answers_in(short)


def test_answers_that_name_their_items(suite: Pope, tmp_path: Path) -> None:
    rows: list[Question] = [
        {"id": "random/2", "text": "no"},
        {"setting": "popular", "question_id": 2, "answer": "yes"},
        {"setting": "adversarial", "question_id": 2, "answer": "yes"},
    ]
    read = suite.answers_in(_write(tmp_path / "answers.jsonl", rows))
    assert read.texts == {"random/2": "no", "popular/2": "yes"}
    assert read.strangers == 1
    with pytest.raises(DataError, match="answer 1 names no item"):
        suite.answers_in(_write(tmp_path / "which.jsonl", [{"question_id": 1, "answer": "yes"}]))
    with pytest.raises(DataError, match="a second time"):
        suite.answers_in(_write(tmp_path / "twice.jsonl", [rows[0], rows[0]]))


def test_one_setting_needs_no_naming(tmp_path: Path) -> None:
    suite = Pope.load([_write(tmp_path / "coco_pope_adversarial.json", _questions("yes", "no"))])
    path = _write(tmp_path / "answers.jsonl", [{"question_id": 2, "answer": "No"}])
    assert suite.answers_in(path).texts == {"adversarial/2": "No"}


def test_a_missing_file_says_what_it_is_and_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"coco_pope_random\.json does not exist.*label.*github\.com/RUCAIBox/POPE"):
        Pope.load([tmp_path / "coco_pope_random.json"])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"question_id": 1, "image": "a.jpg", "text": "?", "label": "maybe"}', "line 1: label"),
        ('{"question_id": 1', "line 1"),
        ("", "is empty"),
        ('{"question_id": 1, "image": "a.jpg", "text": "?", "label": "no"}\n' * 2, "question 1 twice"),
    ],
)
def test_malformed_questions(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "coco_pope_popular.json"
    path.write_text(content)
    with pytest.raises(DataError, match=problem):
        Pope.load([path])


def test_the_setting_is_in_the_name_once(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not name its setting"):
        Pope.load([_write(tmp_path / "coco.json", _questions("yes"))])
    first, second = (_write(tmp_path / f"{name}_pope_random.json", _questions("yes")) for name in ("coco", "gqa"))
    with pytest.raises(DataError, match="both of setting random"):
        Pope.load([first, second])


def test_the_command_prints_one_json_object(suite: Pope, tmp_path: Path) -> None:
    answers = _write(tmp_path / "answers.jsonl", [{"id": item.id, "text": "yes"} for item in suite.items()])
    files = [part for path in tmp_path.glob("coco*") for part in ("--questions", str(path))]
    run = CliRunner().invoke(app, ["pope", *files, "--answers", str(answers), "--bootstrap", "100", "--json"])
    assert run.exit_code == 0, run.output
    result = SuiteResult.model_validate_json(run.stdout)
    assert (result.suite, result.items, result.unanswered) == ("pope", 6, 0)
    assert {one.group for one in result.groups} == {"random", "popular"}
