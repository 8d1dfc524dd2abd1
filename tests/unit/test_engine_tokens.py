"""Remote tokens: which characters each covers, and how little entropy there can have been."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redraft.engines.tokens import Alternative, ChosenToken, character_ranges, entropy_bound, trace_of


def token(
    text: str, logprob: float = -0.5, raw: bytes | None = None, top: dict[str, float] | None = None
) -> ChosenToken:
    return ChosenToken(
        token=text,
        logprob=logprob,
        bytes=None if raw is None else list(raw),
        top_logprobs=[Alternative(token=t, logprob=lp) for t, lp in (top or {}).items()],
    )


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffd"), max_size=30).map(str.strip)


@settings(deadline=None, max_examples=50)
@given(texts, st.lists(st.integers(0, 200), max_size=12))
def test_ranges_cover_each_character_whatever_the_cuts(text: str, cuts: list[int]) -> None:
    data = text.encode()
    at = sorted({0, len(data), *(c for c in cuts if c < len(data))})
    pieces = [data[a:b] for a, b in itertools.pairwise(at)]
    ranges = character_ranges(text, pieces)
    assert ranges is not None
    for (a, b), piece in zip(ranges, pieces, strict=True):
        covered = text[a:b].encode()
        assert piece in covered, "a piece lies within the characters it covers"
        assert len(covered) - len(piece) <= 6, "and covers no character that it has no byte of"
    assert "".join(text[i] for i in sorted({i for a, b in ranges for i in range(a, b)})) == text


def test_parts_of_a_character_cover_it() -> None:
    kite = "🪁".encode()
    pieces = [b"A ", kite[:1], kite[1:3], kite[3:] + b"!", b" fin"]
    assert character_ranges("A 🪁! fin", pieces) == [(0, 2), (2, 3), (2, 3), (2, 4), (4, 8)]


def test_what_lies_beyond_the_text_has_an_empty_range() -> None:
    pieces = [b" Two", b" cups", b".", b"\n", b"<|im_end|>"]
    assert character_ranges("Two cups.", pieces) == [(0, 3), (3, 8), (8, 9), (9, 9), (9, 9)]
    assert character_ranges("Two", [b" Two", b"\n\n"]) == [(0, 3), (3, 3)], "a stop text was cut off"
    assert character_ranges("", [b" ", b"</s>"]) == [(0, 0), (0, 0)]


def test_a_response_that_was_cut_within_a_character() -> None:
    assert character_ranges("a\ufffd", [b"a", "🪁".encode()[:2]]) == [(0, 1), (1, 2)]


def test_servers_that_send_replacement_characters_for_parts() -> None:
    bad = "\ufffd".encode()
    assert character_ranges("A 🪁 and 🪁", [b"A", b" " + bad, bad, b" and", b" " + bad, bad]) == [
        (0, 1), (1, 3), (1, 3), (3, 7), (7, 9), (7, 9),
    ]  # fmt: skip
    assert character_ranges("a🪁", [b"a", bad, bad, b"</s>"]) == [(0, 1), (1, 2), (1, 2), (2, 2)]


def test_tokens_that_spell_another_text_are_refused() -> None:
    assert character_ranges("Two cups.", [b"Three", b" cups", b"."]) is None
    assert trace_of("Two cups.", [token("Two")], None) is None


def test_a_trace_has_the_servers_ids_or_none() -> None:
    tokens = [token("Two", -0.25), token(" cups", 1e-9)]
    trace = trace_of("Two cups", tokens, [17, 4])
    assert trace is not None
    assert (trace.token_ids, trace.starts, trace.ends) == ((17, 4), (0, 3), (3, 8))
    assert trace.logprobs == (-0.25, 0.0)
    for ids in (None, [1, 2, 3]):
        unknown = trace_of("Two cups", tokens, ids)
        assert unknown is not None
        assert unknown.token_ids == (-1, -1)


def test_entropy_by_hand() -> None:
    half, quarter = math.log(0.5), math.log(0.25)
    told = token("a", half, top={"a": half, "b": quarter})
    assert entropy_bound(told) == pytest.approx(0.5 * math.log(2) + 2 * 0.25 * math.log(4))
    alone = token("a", half)
    assert entropy_bound(alone) == pytest.approx(math.log(2)), "chosen or not, nothing else is known"
    outside = token("c", quarter, top={"a": half})
    assert entropy_bound(outside) == pytest.approx(0.5 * math.log(2) + 2 * 0.25 * math.log(4))
    assert entropy_bound(token("a", 0.0)) == 0
    assert entropy_bound(token("a", -9999.0, top={"b": 0.0})) == 0


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=12), st.integers(0, 12), st.integers(0, 11))
def test_entropy_is_never_over_the_true_one(weights: list[float], shown: int, chosen: int) -> None:
    p = [w / math.fsum(weights) for w in weights]
    names = [f"t{i}" for i in range(len(p))]
    order = sorted(range(len(p)), key=lambda i: -p[i])[:shown]
    chosen %= len(p)
    told = token(names[chosen], math.log(p[chosen]), top={names[i]: math.log(p[i]) for i in order})
    true = -math.fsum(x * math.log(x) for x in p)
    assert entropy_bound(told) <= true + 1e-9
    if shown >= len(p):
        assert entropy_bound(told) == pytest.approx(true, abs=1e-9)
