"""A person retypes a text; the record keeps what they changed, no more."""

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from redraft.records import Edit, HallucinationType
from redraft.segments import apply_edits
from redraft_ui.edits_from_text import edits_from_box, edits_from_text, suggest_type

OBJECT, NUMBER = HallucinationType.OBJECT, HallucinationType.NUMBER
ATTRIBUTE, POSITION = HallucinationType.ATTRIBUTE, HallucinationType.POSITION

words = st.sampled_from(
    ["a", "cat", "two", "red", "left", "it's", ".", ",", " ", "  ", "\n", "naïve", "🐈", "é", "e\u0301"]
)
sentences = st.lists(words, max_size=14).map(" ".join)
texts = st.one_of(sentences, st.text(max_size=40))


@given(texts, texts)
@example("red ", " red")
@example("a b", "b a")
def test_the_edits_give_exactly_the_retyped_text(original: str, retyped: str) -> None:
    assert apply_edits(original, edits_from_text(original, retyped)) == retyped


@given(texts, texts)
def test_edits_are_in_order_and_a_word_lies_between_any_two(original: str, retyped: str) -> None:
    edits = edits_from_text(original, retyped)
    for one, two in pairwise(edits):
        assert original[one.end : two.start].strip()


@given(texts, texts)
def test_no_edit_puts_back_what_it_takes_away(original: str, retyped: str) -> None:
    for edit in edits_from_text(original, retyped):
        old, new = original[edit.start : edit.end], edit.replacement
        assert old != new
        if old and new:
            assert not (old[0] == new[0] and old[0].isspace())
            assert not (old[-1] == new[-1] and old[-1].isspace())


def test_a_wrong_word_is_replaced_whole() -> None:
    assert edits_from_text("There is a cat on the mat.", "There are cats on the mat.") == (
        Edit(start=6, end=14, replacement="are cats", type=NUMBER),
    )


def test_two_far_changes_are_two_edits() -> None:
    edits = edits_from_text("Two red cups stand on the left.", "Three red cups stand on the right.")
    assert [(edit.replacement, edit.type) for edit in edits] == [("Three", NUMBER), ("right", POSITION)]


def test_positions_are_code_points() -> None:
    (edit,) = edits_from_text("🐈🐈 a red mat", "🐈🐈 a blue mat")
    assert (edit.start, edit.end, edit.replacement, edit.type) == (5, 8, "blue", ATTRIBUTE)


def test_a_long_text_of_repeated_words_keeps_its_anchors() -> None:
    original = "the dog and the cat and " * 100
    retyped = original.replace("dog", "cow", 1)
    assert [(edit.start, edit.replacement) for edit in edits_from_text(original, retyped)] == [(4, "cow")]


def test_types_are_suggested_by_what_differs() -> None:
    for old, new, expected in [
        ("two cups", "one cup", NUMBER),
        ("cup", "cups", NUMBER),
        ("3", "4", NUMBER),
        ("a", "two", NUMBER),
        ("red", "blue", ATTRIBUTE),
        ("on the left", "on the right", POSITION),
        ("top-left", "top-right", POSITION),
        ("on", "under", POSITION),
        ("on", "in", POSITION),
        ("dog", "cat", OBJECT),
        (" and two red cups", "", OBJECT),
        ("", " and a spoon", OBJECT),
        (".", "!", OBJECT),
    ]:
        assert suggest_type(old, new) is expected, (old, new)


def test_an_untouched_box_has_no_edits_whatever_its_line_ends() -> None:
    original = " One cat.\r\nTwo dogs.\rA\n\r\nfish. "
    shown = original.replace("\r\n", "\n").replace("\r", "\n")
    assert edits_from_box(original, shown) == ()
    assert edits_from_box(original, shown.strip() + "\n\n") == ()


@given(st.lists(st.sampled_from(["a", "cat", " ", "\n", "\r", "\r\n"]), max_size=12).map("".join), sentences)
def test_a_box_gives_the_typed_text_up_to_line_ends_and_outer_space(original: str, typed: str) -> None:
    result = apply_edits(original, edits_from_box(original, typed))
    assert result.replace("\r\n", "\n").replace("\r", "\n").strip() == typed.strip()


def test_edits_in_a_box_point_into_the_original() -> None:
    original = "One cat.\r\nTwo dogs."
    (edit,) = edits_from_box(original, "One cat.\nTwo cows.")
    assert original[edit.start : edit.end] == "dogs"
    assert apply_edits(original, [edit]) == "One cat.\r\nTwo cows."
