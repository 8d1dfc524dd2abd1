"""Edits become text, spans and token indices that agree with each other."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redraft.errors import ConfigError, EditError
from redraft.records import Edit, HallucinationType, Span
from redraft.segments import (
    apply_edits,
    changed_mask,
    changed_spans,
    changed_tokens,
    diff_edits,
    diff_spans,
    snap_edits,
    snap_to_words,
)

TEXTS = st.text(alphabet="ab s.'-\u2019é🐕", max_size=30)


def edit(start: int, end: int, replacement: str) -> Edit:
    return Edit(start=start, end=end, replacement=replacement, type=HallucinationType.OBJECT)


def cut(text: str, spans: tuple[Span, ...]) -> list[str]:
    return [text[s.start : s.end] for s in spans]


@st.composite
def corrections(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    """A text and edits that fit it, in any order."""
    text = draw(TEXTS)
    points = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True)))
    edits = []
    for start, end in zip(points[::2], points[1::2], strict=False):
        end = draw(st.sampled_from([start, end]))
        replacement = draw(st.text(alphabet="bx s'", min_size=int(start == end), max_size=6))
        edits.append(edit(start, end, replacement))
    return text, draw(st.permutations(edits))


class TestApplyEdits:
    def test_replaces_inserts_and_deletes_in_one_go(self) -> None:
        text = "two red cups and a dog."
        edits = [edit(12, 22, ""), edit(0, 3, "three"), edit(23, 23, " Nice!")]
        assert apply_edits(text, edits) == "three red cups. Nice!"

    def test_counts_code_points_not_utf16_units(self) -> None:
        assert apply_edits("🐕🐕 cat", [edit(3, 6, "dog")]) == "🐕🐕 dog"

    def test_insertion_touching_a_replacement_keeps_its_side(self) -> None:
        assert apply_edits("abcd", [edit(1, 3, "X"), edit(1, 1, "<"), edit(3, 3, ">")]) == "a<X>d"

    @pytest.mark.parametrize(
        ("edits", "message"),
        [
            ([edit(2, 5, "x")], "past the text"),
            ([edit(9, 9, "x")], "past the text"),
            ([edit(0, 3, "x"), edit(2, 4, "y")], "overlap"),
            ([edit(0, 3, "x"), edit(1, 1, "y")], "overlap"),
            ([edit(1, 1, "x"), edit(1, 1, "y")], "insert at character 1"),
        ],
    )
    def test_refuses_what_does_not_fit(self, edits: list[Edit], message: str) -> None:
        with pytest.raises(EditError, match=message):
            apply_edits("abcd", edits)

    @given(corrections())
    def test_order_of_the_list_does_not_matter(self, correction: tuple[str, list[Edit]]) -> None:
        text, edits = correction
        assert apply_edits(text, edits) == apply_edits(text, sorted(edits, key=lambda e: e.start))


class TestChangedSpans:
    def test_deletion_marks_rejected_and_insertion_marks_chosen_alone(self) -> None:
        text = "a dog and a cat"
        assert changed_spans(text, [edit(5, 15, "")]) == ((Span(start=5, end=15),), ())
        assert changed_spans(text, [edit(2, 2, "big ")]) == ((), (Span(start=2, end=6),))

    def test_later_spans_are_shifted_by_earlier_edits(self) -> None:
        text = "two cups, one dog, three cats"
        edits = [edit(0, 3, "eleven"), edit(8, 17, ""), edit(25, 29, "apes")]
        corrected = apply_edits(text, edits)
        rejected, chosen = changed_spans(text, edits)
        assert cut(text, rejected) == ["two", ", one dog", "cats"]
        assert cut(corrected, chosen) == ["eleven", "apes"]

    def test_putting_back_what_was_there_marks_nothing(self) -> None:
        assert changed_spans("a dog", [edit(2, 5, "dog")]) == ((), ())

    @given(corrections())
    def test_what_is_not_marked_is_the_same_in_both_texts(self, correction: tuple[str, list[Edit]]) -> None:
        text, edits = correction
        for used in (edits, snap_edits(text, edits)):
            rejected, chosen = changed_spans(text, used)
            assert without(text, rejected) == without(apply_edits(text, edits), chosen)


def without(text: str, spans: tuple[Span, ...]) -> str:
    return "".join(c for i, c in enumerate(text) if not any(s.start <= i < s.end for s in spans))


class TestSnapping:
    def test_an_edit_inside_a_word_becomes_a_replaced_word(self) -> None:
        text = "two cup here"
        (snapped,) = snap_edits(text, [edit(7, 7, "s")])
        assert (text[snapped.start : snapped.end], snapped.replacement) == ("cup", "cups")

    def test_joining_two_words_takes_both(self) -> None:
        (snapped,) = snap_edits("a foot ball", [edit(6, 7, "")])
        assert (snapped.start, snapped.end, snapped.replacement) == (2, 11, "football")

    def test_two_edits_in_one_word_become_one(self) -> None:
        (snapped,) = snap_edits("a yellow-green cup", [edit(2, 8, "blue"), edit(9, 14, "grey")])
        assert (snapped.start, snapped.end, snapped.replacement) == (2, 14, "blue-grey")

    def test_whole_word_edits_stay_as_they_are(self) -> None:
        edits = (edit(0, 3, "three"), edit(4, 7, "blue"), edit(12, 12, " and a dog"))
        assert snap_edits("two red cups", edits) == edits

    @given(corrections())
    @settings(max_examples=300)
    def test_the_corrected_text_is_untouched_and_snapping_again_changes_nothing(
        self, correction: tuple[str, list[Edit]]
    ) -> None:
        text, edits = correction
        snapped = snap_edits(text, edits)
        assert apply_edits(text, snapped) == apply_edits(text, edits)
        assert snap_edits(text, snapped) == snapped

    def test_spans_grow_to_words_lose_outer_space_and_merge(self) -> None:
        text = "two red cups and a dog."
        spans = [Span(start=5, end=6), Span(start=12, end=17), Span(start=6, end=9), Span(start=19, end=23)]
        assert cut(text, snap_to_words(text, spans)) == ["red cups", "and", "dog."]

    def test_a_span_of_space_alone_stays(self) -> None:
        assert snap_to_words("a  b", [Span(start=1, end=3)]) == (Span(start=1, end=3),)


class TestDiffOfTexts:
    def test_hand_cases(self) -> None:
        rejected = "The top left shows two red cups. There is a dog. The sky is blue."
        chosen = "The top left shows three red cups. The sky is clear blue."
        on_rejected, on_chosen = diff_spans(rejected, chosen)
        assert cut(rejected, on_rejected) == ["two", ". There is a dog"]
        assert cut(chosen, on_chosen) == ["three", "clear"]

    def test_a_replaced_phrase_stays_in_one_piece(self) -> None:
        on_rejected, on_chosen = diff_spans("I see two red cups here.", "I see one green dog here.")
        assert (on_rejected, on_chosen) == ((Span(start=6, end=18),), (Span(start=6, end=19),))

    def test_a_long_repetitive_text_marks_only_what_changed(self) -> None:
        rejected = "there is a cup and " * 60 + "a dog"
        on_rejected, on_chosen = diff_spans(rejected, rejected.replace("dog", "cat"))
        assert cut(rejected, on_rejected) == ["dog"]
        assert len(on_chosen) == 1

    @given(TEXTS, TEXTS)
    def test_edits_turn_one_text_into_the_other(self, rejected: str, chosen: str) -> None:
        assert apply_edits(rejected, diff_edits(rejected, chosen)) == chosen


class TestChangedMask:
    def test_a_token_is_changed_if_it_shares_a_character(self) -> None:
        # " two| red| cu|ps|.|" with the leading space inside each token's offsets
        starts, ends = [0, 4, 8, 11, 13, 14], [4, 8, 11, 13, 14, 14]
        assert changed_mask(starts, ends, [Span(start=1, end=4), Span(start=12, end=13)]) == [
            True,
            False,
            False,
            True,
            False,
            False,
        ]

    def test_touching_is_not_overlapping_and_end_of_sequence_is_unchanged(self) -> None:
        assert changed_mask([0, 3, 6], [3, 6, 6], [Span(start=3, end=6)]) == [False, True, False]
        assert changed_mask([0, 2], [4, 2], [Span(start=0, end=4)]) == [True, False]

    def test_columns_of_different_length_are_a_bug(self) -> None:
        with pytest.raises(ValueError, match="shorter"):
            changed_mask([0, 1], [1], [])


def slow_blocks(a: list[int], b: list[int], autojunk: bool) -> list[tuple[int, int, int]]:
    """Ratcliff-Obershelp by exhaustive search: the longest run, leftmost in a and then in b, then both sides of it."""
    popular = {x for x in b if autojunk and len(b) >= 200 and b.count(x) > len(b) // 100 + 1}

    def longest(alo: int, ahi: int, blo: int, bhi: int) -> tuple[int, int, int]:
        best = (alo, blo, 0)
        for i in range(alo, ahi):
            for j in range(blo, bhi):
                n = 0
                while i + n < ahi and j + n < bhi and a[i + n] == b[j + n] and a[i + n] not in popular:
                    n += 1
                if n > best[2]:
                    best = (i, j, n)
        i, j, n = best
        while i > alo and j > blo and a[i - 1] == b[j - 1]:
            i, j, n = i - 1, j - 1, n + 1
        while i + n < ahi and j + n < bhi and a[i + n] == b[j + n]:
            n += 1
        return i, j, n

    def search(alo: int, ahi: int, blo: int, bhi: int) -> list[tuple[int, int, int]]:
        i, j, n = longest(alo, ahi, blo, bhi)
        if n == 0:
            return []
        return [*search(alo, i, blo, j), (i, j, n), *search(i + n, ahi, j + n, bhi)]

    return search(0, len(a), 0, len(b))


def slow_released(a: list[int], b: list[int]) -> tuple[list[int], list[int]]:
    """The released diff spelled out on masks: join touching blocks, keep runs of 3 or more, weigh two-sided gaps."""
    pairs = [(i + t, j + t) for i, j, n in slow_blocks(a, b, autojunk=True) for t in range(n)]
    runs: list[list[tuple[int, int]]] = []
    for i, j in pairs:
        if runs and runs[-1][-1] == (i - 1, j - 1):
            runs[-1].append((i, j))
        else:
            runs.append([(i, j)])
    kept = [(-1, -1), *(p for run in runs if len(run) >= 3 for p in run), (len(a), len(b))]
    in_a: list[int] = []
    in_b: list[int] = []
    for (i, j), (k, n) in pairwise(kept):
        gap_a, gap_b = list(range(i + 1, k)), list(range(j + 1, n))
        if gap_a and gap_b:
            in_a += gap_a
            in_b += gap_b
    return in_a, in_b


def slow_every(a: list[int], b: list[int]) -> tuple[list[int], list[int]]:
    matched = [(i + t, j + t) for i, j, n in slow_blocks(a, b, autojunk=False) for t in range(n)]
    in_a, in_b = {i for i, _ in matched}, {j for _, j in matched}
    return [i for i in range(len(a)) if i not in in_a], [j for j in range(len(b)) if j not in in_b]


TOKENS = st.lists(st.integers(0, 6), max_size=24)


class TestChangedTokens:
    def test_released_weighs_two_sided_replacements_alone(self) -> None:
        rejected = [1, 2, 3, 9, 4, 5, 6, 7, 8, 10, 11, 12]
        chosen = [1, 2, 3, 4, 5, 6, 7, 8, 20, 21, 10, 11, 12]  # 9 deleted, 20 21 inserted
        assert changed_tokens(rejected, chosen, preset="released") == ([], [])
        assert changed_tokens(rejected, chosen, preset="paper") == ([3], [8, 9])

    def test_released_swallows_matches_shorter_than_three(self) -> None:
        rejected = [1, 2, 3, 90, 4, 5, 91, 6, 7, 8]
        chosen = [1, 2, 3, 80, 4, 5, 81, 6, 7, 8]
        assert changed_tokens(rejected, chosen, preset="released") == ([3, 4, 5, 6], [3, 4, 5, 6])
        assert changed_tokens(rejected, chosen, preset="recommended") == ([3, 6], [3, 6])

    def test_released_weighs_what_follows_the_last_match(self) -> None:
        assert changed_tokens([1, 2, 3, 4], [1, 2, 3, 5, 6], preset="released") == ([3], [3, 4])
        assert changed_tokens([1, 2, 3, 4], [1, 2, 3], preset="released") == ([], [])
        assert changed_tokens([1, 2], [3], preset="released") == ([0, 1], [0])

    def test_rejected_is_the_first_sequence_of_the_diff(self) -> None:
        rejected, chosen = [0, 0, 0, 1, 2, 2, 2], [2, 2, 2, 1, 0, 0, 0]  # ties go to the leftmost run of rejected
        assert changed_tokens(rejected, chosen, preset="released") == ([], [])
        assert changed_tokens(rejected, chosen, preset="paper") == ([3, 4, 5, 6], [0, 1, 2, 3])

    def test_autojunk_spoils_long_sequences_under_released_alone(self) -> None:
        body = [i % 5 for i in range(230)]  # every token frequent
        rejected, chosen = [*body[:100], 77, *body[100:]], [*body[:100], 88, *body[100:]]
        assert changed_tokens(rejected, chosen, preset="paper") == ([100], [100])
        rest = list(range(100, 231))  # nothing can anchor a match behind the edit
        assert changed_tokens(rejected, chosen, preset="released") == (rest, rest)
        assert changed_tokens(rejected[60:140], chosen[60:140], preset="released") == ([40], [40])

    @pytest.mark.parametrize("seed", range(4))
    def test_released_agrees_with_the_slow_version_on_long_sequences(self, seed: int) -> None:
        rng = random.Random(seed)
        rejected = [rng.choice([*range(4), *range(4, 120)]) if rng.random() < 0.5 else i for i in range(215)]
        chosen = list(rejected)
        for _ in range(8):
            at = rng.randrange(len(chosen) - 3)
            chosen[at : at + rng.randrange(3)] = [rng.randrange(4) for _ in range(rng.randrange(3))]
        chosen += [0, 1] * 10
        assert len(chosen) >= 200
        assert changed_tokens(rejected, chosen, preset="released") == slow_released(rejected, chosen)

    @given(TOKENS, TOKENS)
    @settings(max_examples=300)
    def test_agrees_with_the_slow_versions(self, rejected: list[int], chosen: list[int]) -> None:
        assert changed_tokens(rejected, chosen, preset="released") == slow_released(rejected, chosen)
        assert changed_tokens(rejected, chosen, preset="paper") == slow_every(rejected, chosen)
        assert changed_tokens(rejected, chosen, preset="recommended") == slow_every(rejected, chosen)

    def test_an_unknown_preset_is_named_with_the_valid_ones(self) -> None:
        with pytest.raises(ConfigError, match=r"'relased'.*paper, recommended, released"):
            changed_tokens([1], [2], preset="relased")
