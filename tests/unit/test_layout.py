"""Rows with branches: every token is predicted from where it would be in a row of its own."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from redraft.policy import EncodedPrompt, lay_out
from redraft.policy.attention import PADDING, TRUNK
from redraft.policy.layout import common_prefix

TOKENS = st.lists(st.integers(5, 8), min_size=1, max_size=8)


def prompt(length: int, axes: int = 1) -> EncodedPrompt:
    ids = tuple(range(100, 100 + length))
    return EncodedPrompt("", ids, {}, 0, torch.arange(length).expand(axes, -1))


def test_a_pair_by_hand() -> None:
    """Prompt 100 101, chosen 7 5 2 and rejected 7 6 6 2: one token is shared, the last of each is never read."""
    batch = lay_out([prompt(2)], [((7, 5, 2), (7, 6, 6, 2))], pad_id=0, share=True)
    assert batch.input_ids.tolist() == [[100, 101, 7, 5, 6, 6]]
    assert batch.branch.tolist() == [[TRUNK, TRUNK, TRUNK, 1, 2, 2]]
    assert batch.positions.tolist() == [[[0, 1, 2, 3, 3, 4]]]
    assert batch.targets.tolist() == [7, 5, 2, 6, 6, 2]
    assert batch.sources.tolist() == [1, 2, 3, 2, 4, 5]
    assert batch.index[batch.mask].tolist() == [0, 1, 2, 0, 3, 4, 5]


@given(st.lists(st.tuples(st.integers(1, 4), TOKENS, TOKENS), min_size=1, max_size=4), st.booleans())
@settings(max_examples=80, deadline=None)
def test_every_token_is_predicted_from_its_own_past(pairs: list[tuple[int, list[int], list[int]]], share: bool) -> None:
    """Follow what a prediction may see back to the row's beginning: it must be the prompt and the response so far."""
    prompts = [prompt(length) for length, _, _ in pairs]
    responses = [(tuple(chosen), tuple(rejected)) for _, chosen, rejected in pairs]
    batch = lay_out(prompts, responses, pad_id=0, share=share)
    width = batch.input_ids.shape[1]
    for side in range(2):
        for p, own in enumerate(responses):
            row = side * len(pairs) + p
            assert int(batch.mask[row].sum()) == len(own[side])
            for i, token in enumerate(own[side]):
                at = int(batch.index[row, i])
                assert int(batch.targets[at]) == token
                b, source = divmod(int(batch.sources[at]), width)
                branch = batch.branch[b]
                seen = [
                    int(batch.input_ids[b, k]) for k in range(source + 1) if branch[k] in (TRUNK, int(branch[source]))
                ]
                assert seen == [*prompts[p].input_ids, *own[side][:i]]
                assert int(batch.positions[0, b, source]) == len(seen) - 1


@given(TOKENS, TOKENS)
def test_common_prefix_leaves_each_a_token(a: list[int], b: list[int]) -> None:
    shared = common_prefix((a, b))
    assert a[:shared] == b[:shared]
    assert shared < min(len(a), len(b))
    assert shared == min(len(a), len(b)) - 1 or a[shared] != b[shared]


def test_padding_is_marked_and_grid_positions_go_on_from_the_largest() -> None:
    grid = torch.tensor([[0, 1, 1], [0, 1, 2], [0, 1, 3]])
    on_grid = EncodedPrompt("", (1, 2, 3), {}, 0, grid)
    batch = lay_out([on_grid, prompt(1, axes=3)], [((9, 9, 9),), ((9,),)], pad_id=0, share=False)
    assert batch.positions[:, 0].tolist() == [[0, 1, 1, 4, 5], [0, 1, 2, 4, 5], [0, 1, 3, 4, 5]]
    assert batch.branch[1].tolist() == [TRUNK, PADDING, PADDING, PADDING, PADDING]


@pytest.mark.parametrize("share", [True, False])
def test_identical_responses_are_each_predicted_whole(share: bool) -> None:
    batch = lay_out([prompt(2)], [((7, 8, 2), (7, 8, 2))], pad_id=0, share=share)
    for row in range(2):
        assert [int(batch.targets[i]) for i in batch.index[row][batch.mask[row]]] == [7, 8, 2]
