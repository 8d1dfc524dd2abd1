"""Objects that a judge lists: read, reduced to head nouns, each once an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redraft.evaluate.coco import CocoData, CocoImage
from redraft.evaluate.judging.protocol import JudgeQuestion
from redraft.evaluate.judging.scripted import ScriptedJudge
from redraft.evaluate.objhal import Extractor, GroundTruth, ObjHal
from redraft.evaluate.objhal.answers import item_about
from redraft.evaluate.objhal.extraction import PROMPT_VERSION, objects_named, read_list
from redraft.evaluate.objhal.suite import UNPARSABLE
from redraft.evaluate.suite import measure

IMAGE = CocoImage("1", "1.jpg", frozenset({"dog", "cup"}), ())
TRUTH = GroundTruth(CocoData({"1": IMAGE}, {}, ()))


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ('["dog", "wine glass"]', ("dog", "wine glass")),
        ('```json\n["dog"]\n```', ("dog",)),
        ('Objects [see below]: ["dog"] and [1]', ("dog",)),
        ("[]", ()),
        ('[1, "dog"]', None),
        ('{"objects": "dog"}', None),
        ("()", None),
        ('["dog', None),
        ("", None),
        ("[" * 100_000, None),
    ],
)
def test_the_first_list_of_names_is_read(answer: str, names: tuple[str, ...] | None) -> None:
    assert read_list(answer) == names


@given(st.text())
def test_any_answer_can_be_read(answer: str) -> None:
    found = read_list(answer)
    assert found is None or objects_named(found) is not None


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["dogs", "dog", "puppy"], ["dog", "puppy"]),
        (["bottle of wine", "kitchen table", "baby elephant"], ["bottle", "table", "elephant"]),
        (["the man's hat", "hot dog stand", "wine glasses"], ["man", "wine glass"]),
        (["orange plate", "toy", "", "!"], []),
        (["toilet seat", "seat", "toilet"], ["toilet"]),
        (["man in a suit next to the buses"], ["man", "bus"]),
    ],
)
def test_head_nouns_count_once(names: list[str], found: list[str]) -> None:
    assert [mention.word for mention in objects_named(names)] == found


def test_rates_by_hand() -> None:
    texts = {"a": "A dog with a dog, near an orange ball.", "b": "What a view.", "c": "", "d": "Cats."}
    lists = {"a": '["dog", "dog", "ball"]', "b": "I see nothing to list", "d": '["cats"]'}

    def says(question: JudgeQuestion) -> str:
        assert question.prompt_version == PROMPT_VERSION
        (said,) = [lists[key] for key, text in texts.items() if text and text in question.text]
        return said

    judge = ScriptedJudge(says, prices=(1.0, 2.0), now=50.0)
    items = [item_about(IMAGE, key) for key in texts]
    suite = ObjHal(TRUTH, items, Extractor(judge))
    scores = suite.score({item.id: texts[item.prompt] for item in items})
    assert suite.variant == f"extracted {PROMPT_VERSION} by scripted"
    assert [read.objects for read in suite.read()] == [("dog", "sports ball"), (), (), ("cat",)]
    values = {f.name: f.interval and f.interval.value for f in measure(suite, scores, bootstrap=100, seed=0)}
    # Both answers with an object are wrong; of 3 mentions the ball and the cat; 1 of 4 x 2 classes; 13 words in all.
    assert values == pytest.approx(
        {"response_rate": 1.0, "mention_rate": 2 / 3, "recall": 1 / 8, "mean_words": 13 / 4, UNPARSABLE.name: 1 / 4}
    )
    use = suite.judge_use()
    assert use is not None
    # Three answers, and one more where the first was no list; the empty text is never asked about.
    assert (use.answers, use.unparsable, use.last_asked) == (4, 1, 50.0)
    assert [read.mentions is None for read in suite.read()] == [False, True, False, False]


def test_lexical_and_extracted_are_never_the_same_suite() -> None:
    lexical, extracted = ObjHal(TRUTH, []), ObjHal(TRUTH, [], Extractor(ScriptedJudge(lambda _: "[]")))
    assert lexical.variant == "lexical" != extracted.variant
    assert lexical.judge_use() is None
