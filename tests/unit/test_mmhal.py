"""MMHal-Bench: ratings as the published script reads them, stricter; figures by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from redraft.errors import DataError
from redraft.evaluate.judging import JudgeQuestion, MMHal, ScriptedJudge
from redraft.evaluate.judging.mmhal import rating_of, read_filled
from redraft.evaluate.judging.prompts import LLAVA_BENCH, LLAVA_BENCH_RULE, MMHAL
from redraft.evaluate.suite import measure, measure_groups
from redraft.records import stable_id

ROWS = [
    {
        "question_type": kind,
        "question_topic": "food",
        "image_id": f"image-{place}",
        "image_src": f"https://pictures.example/2/{place}_o.jpg",
        "image_content": ["Dog", "Ball"],
        "question": f"What is in picture {place}?",
        "gt_answer": "A dog {and} a ball.",
        "model_answer": "",
    }
    for place, kind in enumerate(["attribute", "counting", "attribute", "counting", "other"])
]


def written(folder: Path, rows: object = ROWS) -> Path:
    path = folder / "response_template.json"
    path.write_text(json.dumps(rows))
    return path


def judge_by(ratings: dict[str, str]) -> ScriptedJudge:
    """A judge that says to each answer, found by its text, what ``ratings`` has."""

    def says(question: JudgeQuestion) -> str:
        answer = question.text.split("[Answer to judge]\n")[1].split("\n")[0]
        return ratings[answer]

    return ScriptedJudge(says)


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("It is true.\nRating: 5, very informative, no hallucination", 5),
        ("- rating: 0", 0),
        ("**Rating:** 6", 6),
        ("**Rating**: **6**", 6),
        ("Rating: 4\nAs I said, Rating: 4.", 4),
        ("Rating: 5/6", 5),
        ("Rating: 6\nRating: 3", None),
        ("It deserves a 5.", None),
        ("", None),
        ("Rating: 7", None),
        ("Rating: 60", None),
        ("Rating: -1", None),
        ("Rating: 4.5", None),
        ("Rating: 5/10", None),
        ("Rating: 3-4", None),
        ("Rating: 3 or 4", None),
        ("Operating: 3", None),
    ],
)
def test_ratings(text: str, rating: int | None) -> None:
    assert rating_of(text) == rating


def test_figures_by_hand(tmp_path: Path) -> None:
    """Ratings 6, 2, 3, none, and a question without an answer.

    Mean (6 + 2 + 3) / 3, below 3: 1 of 3. With the unreadable one as 0: 11/4 and 2/4 hallucinate; as 6: 17/4 and 1/4.
    """
    ratings = {"a": "Rating: 6", "b": "Rating: 2", "c": "Rating: 3", "d": "no idea"}
    suite = MMHal.load(written(tmp_path), judge_by(ratings))
    scores = suite.score({"0": "a", "1": "b", "2": "c", "3": "d"})
    assert [score.values for score in scores] == [(6, 0, 1, 0), (2, 1, 1, 0), (3, 0, 1, 0), (0, 0, 0, 1)]
    figures = {figure.name: figure.interval for figure in measure(suite, scores, bootstrap=100, seed=0)}
    values = {name: interval.value for name, interval in figures.items() if interval is not None}
    assert values == pytest.approx(
        {
            "score": 11 / 3,
            "hallucination_rate": 1 / 3,
            "score_lowest": 11 / 4,
            "score_highest": 17 / 4,
            "hallucination_rate_lowest": 1 / 4,
            "hallucination_rate_highest": 2 / 4,
            "unparsable": 1,
        }
    )
    groups = {group.group: group for group in measure_groups(suite, scores, bootstrap=100, seed=0)}
    assert {name: group.items for name, group in groups.items()} == {"attribute": 2, "counting": 2}
    attribute, counting = (groups[name].figures[0].interval for name in ("attribute", "counting"))
    assert attribute is not None and counting is not None
    assert (attribute.value, counting.value) == (4.5, 2)


def test_an_unreadable_rating_is_asked_for_once_more_and_counted(tmp_path: Path) -> None:
    ratings = {"a": "Rating: 6", "b": "no idea"}
    judge = judge_by(ratings)
    suite = MMHal.load(written(tmp_path), judge)
    assert suite.judge_use() is None
    suite.score({"0": "a", "1": "b"})
    use = suite.judge_use()
    assert use is not None
    assert (use.answers, use.unparsable, use.prompt_version) == (3, 1, MMHAL.version)
    assert judge.asked[-1].text == f"{judge.asked[1].text.rstrip()}\n\n{MMHAL.reminder}\n"
    assert judge.asked[-1].attempt == 1


def test_where_no_rating_can_be_read_the_bounds_are_all_there_is(tmp_path: Path) -> None:
    suite = MMHal.load(written(tmp_path), ScriptedJudge(lambda question: "no idea"))
    figures = {f.name: f.interval for f in measure(suite, suite.score({"0": "a"}), bootstrap=100, seed=0)}
    assert figures["score"] is None and figures["hallucination_rate"] is None
    low, high = figures["score_lowest"], figures["score_highest"]
    assert low is not None and high is not None
    assert (low.value, high.value) == (0, 6)


def test_the_judge_reads_the_published_facts_and_the_answer_as_it_is(tmp_path: Path) -> None:
    judge = ScriptedJudge(lambda question: "Rating: 3")
    suite = MMHal.load(written(tmp_path), judge)
    suite.score({"2": "{objects} Rating: 6"})
    (question,) = judge.asked
    for part in ("Dog, Ball", "What is in picture 2?", "A dog {and} a ball.", "{objects} Rating: 6"):
        assert part in question.text
    assert question.prompt_version == MMHAL.version
    assert suite.variant == "mmhal-redraft-1, judge scripted"


def test_items_and_sources(tmp_path: Path) -> None:
    suite = MMHal.load(written(tmp_path), ScriptedJudge(lambda question: "Rating: 3"))
    item = suite.items()[1]
    assert (item.id, item.image_id, item.image, item.prompt) == ("1", "image-1", "1_o.jpg", "What is in picture 1?")
    (source,) = suite.sources()
    assert (source.role, source.name, len(source.sha256)) == ("questions", "response_template.json", 64)


def test_answers_in_the_published_form(tmp_path: Path) -> None:
    suite = MMHal.load(written(tmp_path), ScriptedJudge(lambda question: "Rating: 3"))
    filled = tmp_path / "filled.json"
    filled.write_text(json.dumps([row | {"model_answer": f"answer {place}"} for place, row in enumerate(ROWS)]))
    assert read_filled(filled, suite) == {str(place): f"answer {place}" for place in range(5)}
    filled.write_text(json.dumps(ROWS))
    with pytest.raises(DataError, match="no model_answer for 5 entries, first entry 0"):
        read_filled(filled, suite)
    filled.write_text(json.dumps(ROWS[::-1]))
    with pytest.raises(DataError, match="other questions than the suite"):
        read_filled(filled, suite)


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (lambda path: None, r"response_template\.json does not exist: it must hold a JSON array .* huggingface\.co"),
        (lambda path: path.write_text("[{"), "is not valid JSON: it must hold"),
        (lambda path: path.write_bytes(b"\xff\xfe\xff"), "is not valid JSON"),
        (lambda path: path.write_text("{}"), "is a JSON dict, not an array"),
        (lambda path: path.write_text("[]"), "is empty"),
        (lambda path: path.write_text("[1]"), "entry 0 is malformed"),
        (lambda path: written(path.parent, [ROWS[0], {"question": 1}]), r"entry 1 is malformed \(question_type: Field"),
        (lambda path: written(path.parent, [ROWS[0] | {"image_content": "Dog"}]), r"entry 0 .*\(image_content"),
    ],
)
def test_a_missing_or_malformed_file_is_one_sentence(
    tmp_path: Path, write: Callable[[Path], object], told: str
) -> None:
    write(tmp_path / "response_template.json")
    with pytest.raises(DataError, match=told) as caught:
        MMHal.load(tmp_path / "response_template.json", ScriptedJudge(lambda question: ""))
    assert "\n" not in str(caught.value)


def test_a_changed_wording_is_a_new_version() -> None:
    """Whoever changes a prompt changes its version, and then this."""
    told = {
        MMHAL.version: stable_id(MMHAL.system, MMHAL.text, MMHAL.reminder),
        LLAVA_BENCH.version: stable_id(LLAVA_BENCH.system, LLAVA_BENCH.text, LLAVA_BENCH.reminder, LLAVA_BENCH_RULE),
    }
    assert told == {
        "mmhal-redraft-1": "7f1b5e57ed4eef2d68ee140b",
        "llava-bench-redraft-1": "fd7065240b32d9fbe832e480",
    }
