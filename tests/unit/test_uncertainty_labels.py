"""What people did becomes labels of claims."""

from __future__ import annotations

from redraft.records import Answer, Arm, Correction
from redraft.uncertainty.labels import Example, LabelSource, label

from .uncertain_answers import TEXT, answer, response, sampled, task

MINE = response(TEXT)


def labelled(*answers: Correction) -> Example:
    (found,) = label(answers, [task(MINE, Arm.UNCERTAIN)], {MINE.id: sampled(MINE)})
    return found


def by_word(found: Example) -> dict[str, tuple[bool, LabelSource]]:
    return {TEXT[c.span.start : c.span.end]: (c.wrong, c.source) for c in found.claims}


def test_a_correction_labels_every_claim() -> None:
    found = labelled(answer(MINE, Answer.CORRECTED, [("two", "three")], right=["cups"]))
    assert found.wrong
    assert (found.arm, found.policy) == (Arm.UNCERTAIN, "p0")
    assert by_word(found) == {
        "two": (True, LabelSource.EDITED),
        "red": (False, LabelSource.UNEDITED),
        "cups": (False, LabelSource.CHECKED),
    }


def test_a_clean_answer_makes_all_claims_right() -> None:
    found = labelled(answer(MINE, Answer.CLEAN))
    assert not found.wrong
    assert set(by_word(found).values()) == {(False, LabelSource.CLEAN)}


def test_what_is_only_missing_makes_no_claim_wrong() -> None:
    found = labelled(answer(MINE, Answer.CORRECTED, inserted=" The centre shows a dog."))
    assert found.wrong
    assert not any(claim.wrong for claim in found.claims)


def test_a_review_stands_for_all_and_of_several_people_half_are_enough() -> None:
    swap = answer(MINE, Answer.CORRECTED, [("two", "three")], by="a")
    clean, too = answer(MINE, Answer.CLEAN, by="b"), answer(MINE, Answer.CLEAN, by="c")
    assert by_word(labelled(swap, clean))["two"] == (True, LabelSource.EDITED)
    assert by_word(labelled(swap, clean, too))["two"] == (False, LabelSource.UNEDITED)
    review = answer(MINE, Answer.CLEAN, by="boss", review=True)
    assert not labelled(swap, review).wrong


def test_skips_flags_and_responses_without_samples_label_nothing() -> None:
    skipped = [answer(MINE, kind) for kind in (Answer.SKIPPED, Answer.FLAGGED)]
    assert label(skipped, [task(MINE)], {MINE.id: sampled(MINE)}) == []
    assert label([answer(MINE, Answer.CLEAN)], [task(MINE)], {}) == []
