"""Two policies item by item, with the arithmetic done by hand."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from redraft import world
from redraft.errors import DataError
from redraft.evaluate import evaluate, paired_difference
from redraft.evaluate.comparing import Comparison, FigureDifference, compare_results, compare_scores, require_comparable
from redraft.evaluate.results import StoredResult, measure_suite
from redraft.evaluate.suite import ItemScore
from redraft.evaluate.verdict import verdict
from redraft.evaluate.world_suite import COLUMNS as WORLD_COLUMNS
from redraft.evaluate.world_suite import FIGURES as WORLD_FIGURES
from redraft.evaluate.world_suite import WorldSuite, scores_of
from redraft.records import Interval, JudgeUse, Outcome, Source, Split

from .eval_suite import COLUMNS, FIGURES, Parrots


def stored(answers: Mapping[str, str], policy: str = "p", questions: int = 4) -> StoredResult:
    result, scores = measure_suite(Parrots(questions), answers, policy=policy, bootstrap=100, seed=0)
    return StoredResult(result, COLUMNS, tuple(scores))


def compared(a: StoredResult, b: StoredResult) -> Comparison:
    return compare_results(a, b, FIGURES, bootstrap=500, seed=0)


def test_differences_over_what_both_answered() -> None:
    a = stored({"q0": "parrot", "q1": "parrot", "q2": "parrot x", "q3": "three words here"})
    b = stored({"q0": "dog", "q1": "dog dog", "q2": "parrot"}, "other")
    found = compared(a, b)
    assert (found.items, found.images, found.only_a, found.only_b) == (3, 2, 1, 0)
    assert found.notes == ("1 items that A alone answered and 0 that B alone answered are left out",)
    wrong, recall = found.figures
    assert (wrong.a, wrong.b) == (1.0, pytest.approx(1 / 3))
    assert (recall.a, recall.b) == (pytest.approx(4 / 3), pytest.approx(4 / 3))
    assert wrong.difference is not None and wrong.difference.value == pytest.approx(-2 / 3)
    # Two images, with A wrong in 2 of 2 and 1 of 1 answers, B in 0 of 2 and 1 of 1. Drawn twice the first image gives
    # 0 - 1, drawn twice the second 1 - 1, and one of each 1/3 - 1; the quantiles are the first two.
    assert (wrong.difference.low, wrong.difference.high) == (-1.0, 0.0)
    assert wrong.reading == "not distinguishable"


def test_what_makes_an_image_hard_for_both_cancels_out() -> None:
    a = {f"q{n}": "parrot" if n % 2 else "dog" for n in range(40)}
    b = {f"q{n}": "parrot" if n % 4 == 1 else "dog" for n in range(40)}
    found = compared(stored(a, questions=40), stored(b, questions=40))
    wrong = found.figures[0]
    assert (wrong.a, wrong.b) == (0.5, 0.25) and wrong.reading == "better"
    assert wrong.difference is not None and wrong.difference.high < 0
    same = compared(stored(a, questions=40), stored(a, questions=40)).figures[0]
    assert same.difference == Interval(value=0, low=0, high=0) and same.reading == "not distinguishable"


def test_the_same_draws_as_the_loop_uses() -> None:
    suite = WorldSuite(Split.DEV, 40)
    told: dict[str, list[Outcome]] = {"right": [], "wrong": []}
    for number, item in enumerate(suite.items()):
        scene = world.scene_of(item.image)
        text = world.true_answer(scene, item.prompt)
        extra = " There are three tents in the top left." if number % 3 else ""
        told["right"].append(world.outcome(item.image_id, scene, item.prompt, text))
        told["wrong"].append(world.outcome(item.image_id, scene, item.prompt, text + extra))
    found = compare_scores(
        scores_of(told["wrong"]),
        scores_of(told["right"]),
        WORLD_COLUMNS,
        WORLD_FIGURES,
        names=("wrong", "right"),
        about="world",
        bootstrap=300,
        seed=7,
    )
    assert found.figures[0].difference == paired_difference(told["right"], told["wrong"], bootstrap=300, seed=7)
    measured = evaluate(told["wrong"], policy="w", split=Split.DEV, bootstrap=300, seed=7, blob="")
    sides = {one.name: one.a for one in found.figures}
    assert sides == {
        "response_rate": measured.response_rate.value,
        "mention_rate": measured.mention_rate.value,
        "recall": measured.recall.value,
        "mean_words": measured.mean_words.value,
    }


def test_the_world_as_a_suite() -> None:
    suite = WorldSuite(Split.TEST, 3)
    truth = {i.id: world.true_answer(world.scene_of(i.image), i.prompt) for i in suite.items()}
    result, _ = measure_suite(suite, truth, policy="truth", bootstrap=100, seed=0)
    values = {f.name: f.interval.value for f in result.figures if f.interval is not None}
    assert (values["response_rate"], values["mention_rate"], values["recall"]) == (0.0, 0.0, 1.0)
    assert result.variant == "test" and WorldSuite(Split.TEST, 4).sources() != suite.sources()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"suite": "pope"}, "A is of suite 'parrots', B of suite 'pope'"),
        ({"variant": "fancy"}, "A is of variant 'plain', B of variant 'fancy'"),
        (
            {"data": (Source(role="questions", name="parrots.json", sha256="ff"),)},
            r"of different data: A of questions parrots.json \(sha256 00\), B of questions parrots.json \(sha256 ff\)",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(change: Mapping[str, object], sentence: str) -> None:
    result = stored({"q0": "x"}).result
    with pytest.raises(DataError, match=sentence):
        require_comparable(result, result.model_copy(update=change))


def test_one_judge_for_both() -> None:
    result = stored({"q0": "x"}).result
    use = JudgeUse(
        model="m",
        prompt_version="1",
        answers=1,
        cached=0,
        unparsable=0,
        prompt_tokens=1,
        completion_tokens=1,
        cost=None,
        first_asked=0,
        last_asked=0,
    )
    one, other = (result.model_copy(update={"judge": use.model_copy(update={"model": m})}) for m in ("m", "n"))
    require_comparable(one, one)
    with pytest.raises(DataError, match=r"A was judged by m \(prompt 1\), B by n \(prompt 1\)"):
        require_comparable(one, other)


def test_nothing_in_common() -> None:
    with pytest.raises(DataError, match="no item of parrots, plain in common"):
        compared(stored({"q0": "x"}, "a"), stored({"q1": "y"}, "b"))
    moved = ItemScore("q0", "elsewhere", "g", (0.0, 0.0, 1.0))
    a = stored({"q0": "x"})
    with pytest.raises(DataError, match="item q0 is about different images"):
        compared(a, StoredResult(a.result, COLUMNS, (moved,)))
    with pytest.raises(DataError, match="different columns"):
        compared(a, StoredResult(a.result, COLUMNS[:2], a.scores))


def difference(name: str, reading: str, value: float, low: float, high: float, unit: str = "share") -> FigureDifference:
    return FigureDifference.model_validate(
        {
            "name": name,
            "a": 0.5,
            "b": 0.5 + value,
            "difference": {"value": value, "low": low, "high": high},
            "unit": unit,
            "better": "lower",
            "reading": reading,
        }
    )


def test_the_verdict_says_what_intervals_support() -> None:
    better = difference("rate", "better", -0.1, -0.2, -0.05)
    recall = difference("recall", "worse", -0.02, -0.03, -0.01)
    words = difference("mean_words", "not distinguishable", 0.5, -1, 2, "count")
    aside = difference("aside", "worse", 1, 1, 1)
    assert verdict([better, recall, words, aside]) == (
        "B is better: it has a lower rate than A, by 10.00 points (95 % interval 5.00 to 20.00). "
        "B's recall is lower, by 2.00 points (95 % interval 1.00 to 3.00). "
        "B's mean_words cannot be told apart from A's: between -1.00 and +2.00 (95 % interval)."
    )
    unclear = difference("rate", "not distinguishable", 0.01, -0.01, 0.03)
    assert verdict([unclear]) == (
        "A and B cannot be told apart by rate: the difference lies between -1.00 and +3.00 points (95 % interval)."
    )
    neither = difference("score", "higher", 0.2, 0.1, 0.3, "score")
    assert verdict([neither]) == "B has a higher score than A, by 0.20 (95 % interval 0.10 to 0.30)."
