"""Scores point at the doubtful words and order responses by their worst one."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redraft.records import Response, ResponseScore, TokenTrace
from redraft.uncertainty import score_response


def response(
    text: str, doubts: dict[str, float] | None = None, *, id: str = "mine", prompt: str = "Describe."
) -> Response:
    """One token a word, its leading space included, then end-of-sequence; ``doubts`` are entropies by word."""
    tokens = list(re.finditer(r"\s*(\w+|[^\w\s])", text))
    entropies = tuple((doubts or {}).get(t[1], 0.0) for t in tokens)
    return Response(
        id=id,
        image_id="image",
        prompt=prompt,
        text=text,
        policy="p0",
        round=1,
        sample=0,
        seed=0,
        temperature=1.0,
        top_p=1.0,
        finished=True,
        trace=TokenTrace(
            token_ids=tuple(range(len(tokens) + 1)),
            starts=(*(t.start() for t in tokens), len(text)),
            ends=(*(t.end() for t in tokens), len(text)),
            logprobs=(0.0,) * (len(tokens) + 1),
            entropies=(*entropies, 9.0),
        ),
    )


def others(*texts: str) -> list[Response]:
    return [response(text, id=f"other-{i}") for i, text in enumerate(texts)]


def by_word(scored: ResponseScore, text: str) -> dict[str, float]:
    return {text[s.span.start : s.span.end]: s.score for s in scored.spans}


def test_by_hand() -> None:
    text = "The top left shows two red cups."
    mine = response(text, {"two": math.log(2), "cups": math.log(4), "The": 5.0})
    seen = others(
        "In the top left there are two red cups.",
        "The top left shows three red cups.",
        "The top left shows three red cups.",
        "The top left is empty.",
    )
    scored = score_response(mine, seen, 0.5)
    # entropy: 1 - 1/2, 0, 1 - 1/4; disagreement: 3/4, 1/4, 1/4
    assert by_word(scored, text) == pytest.approx({"two": 0.625, "red": 0.125, "cups": 0.5})
    assert scored.score == pytest.approx(0.625)
    assert scored.entropy == pytest.approx(math.log(4))
    assert scored.disagreement == 0.75
    assert scored.response_id == "mine"


@pytest.mark.parametrize(("weight", "expected"), [(1.0, 0.5), (0.0, 1.0), (0.25, 0.875)])
def test_the_weight_shifts_between_entropy_and_disagreement(weight: float, expected: float) -> None:
    mine = response("There is a dog.", {"dog": math.log(2)})
    assert score_response(mine, others("There is a cat."), weight).score == pytest.approx(expected)


def test_without_other_samples_entropy_decides() -> None:
    scored = score_response(response("There is a dog.", {"dog": math.log(2)}), [], 0.2)
    assert scored.score == pytest.approx(0.5)
    assert scored.disagreement == 0.0


def test_a_response_that_claims_nothing_scores_zero() -> None:
    scored = score_response(response("", {}), others("There is a dog."), 0.5)
    assert (scored.score, scored.spans) == (0.0, ())


def test_entropy_of_function_words_and_end_of_sequence_does_not_count() -> None:
    mine = response("There is a dog.", {"There": 3.0, "is": 3.0, ".": 3.0})
    assert score_response(mine, others("There is a dog."), 0.5).score == 0.0


def test_pieces_of_a_word_are_averaged() -> None:
    mine = response("toothbrush")
    trace = TokenTrace(
        token_ids=(1, 2, 3), starts=(0, 5, 10), ends=(5, 10, 10), logprobs=(0.0,) * 3, entropies=(1.0, 0.5, 7.0)
    )
    assert score_response(mine.model_copy(update={"trace": trace}), [], 1.0).entropy == pytest.approx(0.75)


def test_other_samples_have_to_be_about_the_same_image_and_prompt() -> None:
    mine = response("There is a dog.")
    with pytest.raises(ValueError, match="other sample"):
        score_response(mine, [response("Yes.", id="x", prompt="Is there a dog?")], 0.5)
    with pytest.raises(ValueError, match="other sample"):
        score_response(mine, [mine], 0.5)


WORDS = st.lists(st.sampled_from(["red", "cups", "two", "the", "dog", "top", "no", "."]), max_size=10).map(" ".join)


@given(WORDS, st.lists(WORDS, max_size=4), st.floats(0, 1), st.floats(0, 12))
def test_scores_stay_in_range_and_the_worst_word_decides(
    text: str, other_texts: list[str], weight: float, entropy: float
) -> None:
    scored = score_response(response(text, {"dog": entropy, "two": 0.1}), others(*other_texts), weight)
    scores = [s.score for s in scored.spans]
    assert all(0 <= s <= 1 for s in scores)
    assert scored.score == max(scores, default=0.0)
    assert 0 <= scored.disagreement <= 1
