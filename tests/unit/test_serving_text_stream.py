"""What is streamed of a row is how its answer begins, and with the rest it is the answer, whatever the tokenizer."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from redraft.policy import Policy
from redraft.policy.columns import generation_of
from redraft.policy.stops import first_stop, spoken
from redraft.serving.alternatives import Namer
from redraft.serving.answers import Piece, answer_of
from redraft.serving.text_stream import TextStream, Token, Vocabulary
from redraft.world import builtin_policy

SPECIAL = {"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3}
WORDS = (" ", "a", " cup", "s", ".", "\n", "  ", " the", "é", "你", "好", "👍🏽", "th", "e", "\0", "\ufffd", "C")


def byte_level(clean_up: bool = False) -> PreTrainedTokenizerFast:
    """As GPT-2's: a token is some bytes, and a character may take several."""
    units = {word: pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False) for word in WORDS}
    spelled = ["".join(part for part, _ in units[word].pre_tokenize_str(word)) for word in WORDS]
    vocabulary = dict(SPECIAL)
    for word in [*sorted(pre_tokenizers.ByteLevel.alphabet()), *spelled]:
        vocabulary.setdefault(word, len(vocabulary))
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return fast(tokenizer, clean_up)


def byte_fallback(clean_up: bool = False) -> PreTrainedTokenizerFast:
    """As Llama's: words begin with a mark, and characters without a token are spelled in bytes."""
    vocabulary = dict(SPECIAL) | {f"<0x{byte:02X}>": len(SPECIAL) + byte for byte in range(256)}
    for word in WORDS:
        vocabulary.setdefault(word.replace(" ", "▁"), len(vocabulary))
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], byte_fallback=True, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return fast(tokenizer, clean_up)


def fast(tokenizer: Tokenizer, clean_up: bool) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        clean_up_tokenization_spaces=clean_up,
    )


@cache
def speaker(kind: str, lead: str = "") -> Policy:
    """A policy that is a tokenizer and nothing else."""
    from redraft.policy import load_policy

    make = byte_level if kind.startswith("bytes") else byte_fallback
    policy = load_policy(builtin_policy(), device="cpu", weights=False)
    return replace(policy, tokenizer=make(kind.endswith("cleaned")), lead=lead, eos_id=SPECIAL["</s>"])


def streamed(policy: Policy, ids: list[int], stops: tuple[str, ...]) -> tuple[list[Piece], list[Piece], str]:
    """What was told while the tokens came, what was left, and the whole text."""
    stream, told, written = TextStream(Vocabulary(policy), stops), list[Piece](), list[int]()
    for number, id in enumerate(ids):
        written.append(id)
        told += stream.push(Token(id, -float(number)))
        if first_stop(spoken(policy, written), stops) is not None or id == policy.eos_id:
            break
    logprobs = [-float(number) for number in range(len(written))]
    answer = answer_of(generation_of(policy, written, logprobs, logprobs, stops), policy.eos_id)
    rest = list(stream.rest(answer))
    assert [piece.logprob for piece in told + rest] == [piece.logprob for piece in answer.pieces]
    return told, rest, answer.text


@given(
    kind=st.sampled_from(["bytes", "fallback", "bytes cleaned", "fallback cleaned"]),
    lead=st.sampled_from(["", " ", "a "]),
    picks=st.lists(st.one_of(st.integers(0, 5000), st.integers(250, 300)), min_size=1, max_size=60),
    stops=st.lists(st.tuples(st.integers(0, 100), st.integers(1, 6)), max_size=3),
)
@example("fallback", "", [4 + 0xE4, 4 + 0xBD, 4 + 0xA0, 4 + 0xE4], [])
@example("fallback", "", [4 + 0x41, 3, 4 + 0xE4, 260], [])
@example("bytes", " ", [260, 261, 262, 263, 270], [(1, 2)])
@settings(max_examples=400, deadline=None)
def test_what_is_told_never_changes(kind: str, lead: str, picks: list[int], stops: list[tuple[int, int]]) -> None:
    policy = speaker(kind, lead)
    ids = [pick % len(policy.tokenizer) for pick in picks]
    whole = spoken(policy, ids)
    told, rest, text = streamed(policy, ids, tuple(whole[at : at + size] for at, size in stops if at < len(whole)))
    assert "".join(piece.text for piece in told + rest) == text


def test_words_are_told_at_once_and_halves_are_not() -> None:
    policy = speaker("bytes")
    ids = {word: policy.tokenizer.convert_tokens_to_ids(word.replace(" ", "Ġ")) for word in (" cup", "a", "s", ".")}
    smile = [policy.tokenizer.convert_tokens_to_ids(sign) for sign in ("ð", "Ł", "ĳ", "į")]
    stream = TextStream(Vocabulary(policy), ())
    said = [[p.text for p in stream.push(Token(id, 0.0))] for id in (ids["a"], ids[" cup"], *smile, ids["."])]
    assert said == [["a"], [" cup"], [], [], [], ["", "", "", "👍"], ["."]]


def test_what_may_begin_a_stop_waits_until_it_does_not() -> None:
    policy = speaker("bytes")
    a, cup, s = (policy.tokenizer.convert_tokens_to_ids(word) for word in ("a", "Ġcup", "s"))
    stream = TextStream(Vocabulary(policy), (" cups.",))
    said = ["".join(p.text for p in stream.push(Token(id, 0.0))) for id in (a, cup, s, a)]
    assert said == ["a", "", "", " cupsa"]


@pytest.mark.parametrize("kind", ["bytes", "fallback"])
def test_alternatives_are_what_they_would_have_added(kind: str) -> None:
    policy = speaker(kind)
    mark = "Ġ" if kind == "bytes" else "▁"
    cup, a, s = (policy.tokenizer.convert_tokens_to_ids(word) for word in (f"{mark}cup", "a", "s"))
    named = Namer(policy).name([a], [cup, s, policy.eos_id], [-0.5, -1.0, float("-inf")])
    assert [one.text for one in named] == [" cup", "s", "</s>"]
    assert [one.logprob for one in named] == [-0.5, -1.0, -9999.0]
    assert [one.text for one in Namer(policy).name([], [cup], [-0.5])] == ["cup"]
