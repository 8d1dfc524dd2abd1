"""LLaVA-Bench: scores on the first line, relative scores by hand, in one order and in both."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from redraft.errors import DataError
from redraft.evaluate.judging import JudgeQuestion, LlavaBench, ScriptedJudge
from redraft.evaluate.judging.llava_bench import scores_of
from redraft.evaluate.suite import measure, measure_groups

QUESTIONS = [
    {"question_id": 0, "image": "001.jpg", "text": "What is it?", "category": "conv"},
    {"question_id": 1, "image": "001.jpg", "text": "Describe it.", "category": "detail"},
    {"question_id": 2, "image": "002.jpg", "text": "Why is it so?", "category": "complex"},
]
CONTEXTS = [
    {"id": "002", "image": "002.jpg", "caption": ["A cat sleeps.", "It is {small}."]},
    {"id": "001", "image": "001.jpg", "caption": "A dog in a park."},
]
REFERENCES = [
    {"question_id": number, "answer_id": f"a{number}", "model_id": "gpt-4", "text": f"reference {number}"}
    for number in (2, 0, 1)
]
RULES = {
    f"llava_bench_{category}": {"role": "Helper", "prompt": f"Weigh them as {category} {{x}}."}
    for category in ("conv", "detail", "complex")
}


def published(
    folder: Path, questions: object = QUESTIONS, contexts: object = CONTEXTS, references: object = REFERENCES
) -> Path:
    for name, rows in (("questions", questions), ("context", contexts), ("answers_gpt4", references)):
        assert isinstance(rows, list)
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + "\n")
    return folder


def parts(question: JudgeQuestion) -> tuple[str, str]:
    """What stands in the first and in the second place."""
    first, second = (question.text.split(f"[Assistant {n}]\n")[1].split("\n")[0] for n in (1, 2))
    return first, second


def judge_by(verdicts: dict[tuple[str, str], str]) -> ScriptedJudge:
    return ScriptedJudge(lambda question: verdicts[parts(question)])


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        ("8 9\nThe second is better.", (8, 9)),
        ("\n7.5 10", (7.5, 10)),
        ("8,9\nBecause.", (8, 9)),
        ("8, 9\nBecause.", (8, 9)),
        ("Scores: 8 9", None),
        ("8\n9", None),
        ("8 9 10", None),
        ("0 9", None),
        ("8 11", None),
        ("8/10 9/10", None),
        ("-8 9", None),
        ("nan 9", None),
        ("", None),
    ],
)
def test_scores(text: str, scores: tuple[float, float] | None) -> None:
    assert scores_of(text) == scores


def test_relative_scores_by_hand(tmp_path: Path) -> None:
    """Reference 8 and 10, candidate 6 and 3, and one verdict that nobody can read.

    100 * 9 / 18 = 50; with the unreadable one as 1 to 10: 100 * 10 / 28; as 10 to 1: 100 * 19 / 19.
    """
    judge = judge_by({("reference 0", "a"): "8 6", ("reference 1", "b"): "10 3", ("reference 2", "c"): "both are fine"})
    suite = LlavaBench.load(published(tmp_path), judge)
    scores = suite.score({"0": "a", "1": "b", "2": "c"})
    assert [score.values for score in scores] == [(6, 8, 1, 0), (3, 10, 1, 0), (0, 0, 0, 1)]
    figures = {figure.name: figure.interval for figure in measure(suite, scores, bootstrap=100, seed=0)}
    values = {name: interval.value for name, interval in figures.items() if interval is not None}
    assert values == pytest.approx(
        {
            "relative_score": 50,
            "relative_lowest": 1000 / 28,
            "relative_highest": 1900 / 19,
            "candidate_score": 4.5,
            "reference_score": 9,
            "unparsable": 1,
        }
    )
    groups = {group.group: group.figures[0].interval for group in measure_groups(suite, scores, bootstrap=100, seed=0)}
    conv, detail = groups["conv"], groups["detail"]
    assert conv is not None and detail is not None and groups["complex"] is None
    assert (conv.value, detail.value) == (75, 30)
    use = suite.judge_use()
    assert use is not None
    assert (use.answers, use.unparsable) == (4, 1)


def test_both_orders_cancel_a_judge_that_favours_the_first_place(tmp_path: Path) -> None:
    """It gives 9 to whatever comes first and 6 to the second: 66.7 in the published order, 100 in both."""
    judge = ScriptedJudge(lambda question: "9 6")
    answers = {"0": "a", "1": "b", "2": "c"}
    for both, expected in ((False, 600 / 9), (True, 100)):
        suite = LlavaBench.load(published(tmp_path), judge, both_orders=both)
        scores = suite.score(answers)
        relative = measure(suite, scores, bootstrap=100, seed=0)[0].interval
        assert relative is not None
        assert relative.value == pytest.approx(expected)
    assert scores[0].values == (7.5, 7.5, 1, 0)
    assert parts(judge.asked[0]) == ("reference 0", "a")
    assert parts(judge.asked[3]) == ("a", "reference 0")


def test_an_item_counts_only_where_both_orders_can_be_read(tmp_path: Path) -> None:
    judge = judge_by({("reference 0", "a"): "8 6", ("a", "reference 0"): "hard to say"})
    suite = LlavaBench.load(published(tmp_path), judge, both_orders=True)
    (score,) = suite.score({"0": "a"})
    assert score.values == (0, 0, 0, 1)


def test_what_the_judge_reads(tmp_path: Path) -> None:
    judge = ScriptedJudge(lambda question: "8 6")
    suite = LlavaBench.load(published(tmp_path), judge)
    suite.score({"2": "Ignore {all} that."})
    (question,) = judge.asked
    assert "[Context]\nA cat sleeps.\nIt is {small}.\n" in question.text
    assert "[Question]\nWhy is it so?\n" in question.text
    assert parts(question) == ("reference 2", "Ignore {all} that.")
    assert suite.variant == "llava-bench-redraft-1, reference first, judge scripted"
    item = suite.items()[2]
    assert (item.id, item.image_id, item.image, item.prompt) == ("2", "002", "002.jpg", "Why is it so?")


def test_a_published_rule_file_gives_the_words_and_another_version(tmp_path: Path) -> None:
    rule = tmp_path / "rule.json"
    rule.write_text(json.dumps(RULES))
    judge = ScriptedJudge(lambda question: "8 6")
    suite = LlavaBench.load(published(tmp_path), judge, rule=rule)
    suite.score({"1": "b"})
    assert "[Helper 1]\nreference 1\n" in judge.asked[0].text
    assert "[System]\nWeigh them as detail {x}.\n" in judge.asked[0].text
    digest = suite.sources()[-1].sha256
    assert suite.variant == f"llava-bench-redraft-1, rule.json {digest[:12]}, reference first, judge scripted"
    assert [source.role for source in suite.sources()] == ["questions", "context", "reference answers", "rules"]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (
            lambda f: (f / "questions.jsonl").unlink(),
            r"questions\.jsonl does not exist: it must hold .*huggingface\.co",
        ),
        (
            lambda f: (f / "context.jsonl").unlink(),
            r"context\.jsonl does not exist: it must hold JSON lines with image",
        ),
        (lambda f: (f / "answers_gpt4.jsonl").unlink(), r"answers_gpt4\.jsonl does not exist: .* question_id and text"),
        (lambda f: (f / "context.jsonl").write_text('{"image"'), r"context\.jsonl line 1 is not valid JSON"),
        (lambda f: (f / "context.jsonl").write_text("\n"), r"context\.jsonl is empty"),
        (lambda f: (f / "context.jsonl").write_text("[]\n"), r"context\.jsonl line 1 is malformed"),
        (lambda f: published(f, contexts=CONTEXTS[:1]), r"context\.jsonl says nothing of image '001\.jpg'"),
        (lambda f: published(f, references=REFERENCES[:2]), r"answers_gpt4\.jsonl has no answer to question 1"),
        (lambda f: published(f, questions=QUESTIONS * 2), "has question 0 twice"),
        (
            lambda f: published(f, questions=[QUESTIONS[0] | {"category": "maths"}]),
            "of category 'maths', which is none",
        ),
        (lambda f: (f / "rule.json").write_text('{"llava_bench_conv": {"role": "A"}}'), "key llava_bench_conv is malf"),
        (
            lambda f: (f / "rule.json").write_text('{"conv": {"role": "A", "prompt": "B"}}'),
            "has no llava_bench_conv: it",
        ),
        (lambda f: (f / "rule.json").write_text("[]"), "is a JSON list, not an object"),
    ],
)
def test_a_missing_or_malformed_file_is_one_sentence(
    tmp_path: Path, spoil: Callable[[Path], object], told: str
) -> None:
    published(tmp_path)
    (tmp_path / "rule.json").write_text(json.dumps(RULES))
    spoil(tmp_path)
    with pytest.raises(DataError, match=told) as caught:
        LlavaBench.load(tmp_path, ScriptedJudge(lambda question: ""), rule=tmp_path / "rule.json")
    assert "\n" not in str(caught.value)
