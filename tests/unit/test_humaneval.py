"""Blind studies: who is compared with whom on what, and the figures by hand arithmetic."""

from __future__ import annotations

from collections import Counter

import pytest

from redraft.errors import DataError
from redraft.evaluate.humaneval import measure_study
from redraft.evaluate.study import Study, StudyItem, plan_study, unjudged
from redraft.gold import CLEAN_SHARE, explain, known_answers
from redraft.records import (
    Answer,
    Arm,
    Correction,
    Edit,
    HallucinationType,
    Mark,
    Outcome,
    Response,
    Span,
    Split,
    TokenTrace,
)
from redraft.segments import apply_edits
from redraft.world import DESCRIBE, judge, origin, scene_at, scene_of, true_description

OBJECT, NUMBER = HallucinationType.OBJECT, HallucinationType.NUMBER


def outcome(image: str, text: str, prompt: str = DESCRIBE, present: int = 1) -> Outcome:
    return Outcome(
        image_id=image,
        prompt=prompt,
        scene="park",
        text=text,
        mentions=1,
        errors=0,
        error_types=(),
        found=1,
        present=present,
        words=len(text.split()),
    )


def judged(task: str, annotator: str, *wrong: tuple[int, int, HallucinationType], **more: object) -> Correction:
    """An answer to a study's task: the characters marked, none for a clean one."""
    marks = tuple(Mark(span=Span(start=start, end=end), type=kind) for start, end, kind in wrong)
    text = TEXTS[task]
    fields = {
        "id": f"{task}-{annotator}",
        "task_id": task,
        "round": 0,
        "annotator": annotator,
        "answer": Answer.MARKED if marks else Answer.CLEAN,
        "original": text,
        "corrected": text,
        "edits": (),
        "arm": Arm.RANDOM,
        "seconds": 30.0,
        "submitted_at": 0.0,
        "marks": marks,
        "project": "study",
    }
    return Correction.model_validate(fields | more)


TEXTS = {
    "a1": "one two three four five",
    "b1": "one two three four",
    "ab2": "one two three four five six seven eight nine ten",
    "a3": "one two three four five",
    "b3": "one two three four five six",
}


def item(task: str, image: str, *policies: str) -> StudyItem:
    return StudyItem(task=task, image_id=image, prompt=DESCRIBE, text=TEXTS[task], policies=policies)


STUDY = Study(
    project="study",
    split=Split.TEST,
    policies=("A", "B"),
    seed=0,
    overlap=2,
    items=(
        item("b3", "i3", "B"),
        item("a1", "i1", "A"),
        item("ab2", "i2", "A", "B"),
        item("b1", "i1", "B"),
        item("a3", "i3", "A"),
    ),
)
ANSWERS = [
    judged("a1", "ann", (0, 3, OBJECT), (8, 13, NUMBER)),
    judged("a1", "bob", (0, 3, OBJECT)),
    judged("b1", "ann"),
    judged("b1", "bob", (4, 7, OBJECT)),
    judged("ab2", "ann"),
    judged("ab2", "bob", (0, 3, NUMBER)),
    judged("a3", "ann", (0, 3, OBJECT)),
    judged("a3", "bob", (0, 3, OBJECT)),
    judged("b3", "ann"),
    judged("b3", "bob"),
]


def test_figures_by_hand() -> None:
    """A is wrong in 2/2, 1/2 and 2/2 answers, with 3/2, 1/2 and 1 segments in 20 words; B in 1/2, 1/2 and 0."""
    a, b = measure_study(STUDY, ANSWERS, bootstrap=500, seed=1, closed_at=9.0)
    assert a.response_rate.value == pytest.approx((1 + 0.5 + 1) / 3)
    assert b.response_rate.value == pytest.approx((0.5 + 0.5 + 0) / 3)
    assert a.segments.value == pytest.approx(100 * 3 / 20)
    assert b.segments.value == pytest.approx(100 * 1 / 20)
    assert a.by_type[OBJECT] == pytest.approx(100 * 2 / 20)
    assert a.by_type[NUMBER] == pytest.approx(100 * 1 / 20)
    assert sum(a.by_type.values()) == pytest.approx(a.segments.value)
    assert (a.responses, a.judged, a.answers, a.annotators, a.words) == (3, 3, 6, 2, 20)
    assert (a.seconds, a.closed_at, a.split) == (30.0, 9.0, Split.TEST)
    assert a.agreement is not None and a.agreement == b.agreement
    for one in (a, b):
        assert one.response_rate.low <= one.response_rate.value <= one.response_rate.high


def test_policies_are_compared_picture_by_picture() -> None:
    """A minus B is 1/2, 0, 1 on the three pictures: no resample of them can give less than 0."""
    a, b = measure_study(STUDY, ANSWERS, bootstrap=500, seed=1, closed_at=0.0)
    (ours,), (theirs,) = a.differences, b.differences
    assert (ours.other, theirs.other) == ("B", "A")
    assert ours.response_rate.value == pytest.approx(0.5)
    assert ours.response_rate.low >= 0 and ours.response_rate.high <= 1
    assert theirs.response_rate.value == pytest.approx(-0.5)
    assert ours.segments.value == pytest.approx(100 * (3 / 20 - 1 / 20))
    assert theirs.segments.value == pytest.approx(-ours.segments.value)


def test_a_text_that_both_wrote_counts_for_both() -> None:
    same = Study(**STUDY.model_dump() | {"items": (item("ab2", "i2", "A", "B"),)})
    a, b = measure_study(same, ANSWERS, bootstrap=100, seed=0, closed_at=0.0)
    assert a.response_rate == b.response_rate
    assert a.differences[0].response_rate.value == a.differences[0].response_rate.high == 0


def test_a_review_stands_alone() -> None:
    review = judged("a3", "rev", review=True)
    a, _ = measure_study(STUDY, [*ANSWERS, review], bootstrap=100, seed=0, closed_at=0.0)
    assert a.response_rate.value == pytest.approx((1 + 0.5 + 0) / 3)
    skipped = review.model_copy(update={"answer": Answer.SKIPPED})
    a, _ = measure_study(STUDY, [*ANSWERS, skipped], bootstrap=100, seed=0, closed_at=0.0)
    assert a.response_rate.value == pytest.approx((1 + 0.5 + 1) / 3)


def test_marks_that_say_right_and_reopened_answers_do_not_count() -> None:
    right = judged("b3", "ann", marks=(Mark(span=Span(start=0, end=3)),), answer=Answer.MARKED)
    stale = judged("b3", "ann", (0, 3, OBJECT), current=False)
    _, b = measure_study(STUDY, [*ANSWERS[:-2], stale, right], bootstrap=100, seed=0, closed_at=0.0)
    assert b.response_rate.value == pytest.approx((0.5 + 0.5 + 0) / 3)


def test_only_pictures_judged_for_every_policy_are_measured() -> None:
    without = [answer for answer in ANSWERS if answer.task_id != "b3"]
    a, b = measure_study(STUDY, without, bootstrap=100, seed=0, closed_at=0.0)
    assert (a.responses, a.judged, b.judged) == (3, 2, 2)
    assert a.response_rate.value == pytest.approx((1 + 0.5) / 2)
    with pytest.raises(DataError, match="no picture in project study"):
        measure_study(STUDY, ANSWERS[:2], bootstrap=100, seed=0, closed_at=0.0)


def test_what_is_left_to_judge() -> None:
    assert unjudged(STUDY, ANSWERS) == []
    once = [answer for answer in ANSWERS if answer.annotator == "ann"]
    assert len(unjudged(STUDY, once)) == 5
    assert len(unjudged(STUDY, [*once, judged("a1", "rev", review=True)])) == 4


ALL = {
    "A": [outcome(f"i{n}", f"A about {n}") for n in range(6)] + [outcome("i0", "Yes.", "Is there?", present=0)],
    "B": [outcome(f"i{n}", "both" if n == 3 else f"B about {n}") for n in range(2, 8)],
}
ALL["A"][3] = outcome("i3", "both")


def test_a_study_shows_the_same_pictures_for_every_policy_once() -> None:
    study = plan_study("s", Split.DEV, ALL, images=4, seed=1, overlap=2)
    assert study.images == ("i2", "i3", "i4", "i5"), "only those that both described"
    assert Counter(len(item.policies) for item in study.items) == {1: 6, 2: 1}
    assert {item.prompt for item in study.items} == {DESCRIBE}
    assert len({item.task for item in study.items}) == 7
    assert plan_study("s", Split.DEV, ALL, images=4, seed=1, overlap=2) == study
    orders = {
        tuple(i.task for i in plan_study("s", Split.DEV, ALL, images=4, seed=n, overlap=2).items) for n in range(9)
    }
    assert len(orders) > 1, "another seed is another order"


def test_too_few_pictures() -> None:
    with pytest.raises(DataError, match="4 pictures of the dev split were described by every one of the policies"):
        plan_study("s", Split.DEV, ALL, images=5, seed=0, overlap=1)


def test_explanations_say_what_to_do_and_why() -> None:
    text = "Two dogs sit on the couch."
    edits = [
        Edit(start=0, end=3, replacement="Three", type=NUMBER),
        Edit(start=12, end=25, replacement="", type=OBJECT),
        Edit(start=26, end=26, replacement=" A cat is there.", type=HallucinationType.OTHER),
    ]
    assert explain(text, edits) == (
        "“Two” should be “Three”: the number is wrong. "
        "“on the couch” has to go: the object is not in the picture. “A cat is there.” is missing."
    )
    assert explain(text, []).startswith("Nothing is wrong")


def said(index: int, text: str) -> tuple[Response, str]:
    response = Response(
        id=f"r{index}",
        image_id=f"i{index}",
        prompt=DESCRIBE,
        text=text,
        policy="base",
        round=1,
        sample=0,
        seed=0,
        temperature=1.0,
        top_p=1.0,
        finished=True,
        trace=TokenTrace(token_ids=(), starts=(), ends=(), logprobs=(), entropies=()),
    )
    return response, origin(0, Split.POOL, index)


def test_known_answers_are_exact_and_some_are_clean() -> None:
    responses = []
    for index in range(12):
        truth = true_description(scene_at(0, Split.POOL, index))
        responses.append(said(index, truth if index % 2 else truth + " There are three toilets in the top left."))
    known = known_answers(responses, count=8, seed=3, project="main", round=2, now=5.0)
    assert len(known) == 8
    assert sum(not one.gold.edits for one in known) == 8 * CLEAN_SHARE
    for one in known:
        assert one.task.gold and one.gold.task_id == one.task.id
        scene = scene_of(dict((r.id, where) for r, where in responses)[one.response.id])
        mended = apply_edits(one.task.text, one.gold.edits)
        assert not [claim for claim in judge(scene, DESCRIBE, mended) if claim.error]
        assert one.gold.explanation == explain(one.task.text, one.gold.edits)
    assert known_answers(responses[::-1], count=8, seed=3, project="main", round=2, now=5.0) == known
    assert len(known_answers(responses, count=99, seed=3, project="main", round=2, now=5.0)) == 12
