"""How prompts and responses are laid out in rows for one forward pass.

    one response a row      [ prompt | response ]
    shared prefix           [ prompt | common prefix | rest of response 1 | rest of response 2 ]

In the shared form a query sees keys at or before it in the trunk (prompt and common prefix) or in its own branch, and
positions go on from the fork in every branch, so each token sees exactly what it would see in a row of its own. The
last token of a response predicts nothing and is left out of the branches. Tokens of the common prefix stand in the row
once and are predicted once; every response that shares them reads the same log-probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from redraft.policy.attention import PADDING, TRUNK
from redraft.policy.prompts import EncodedPrompt


@dataclass(frozen=True)
class TokenBatch:
    """S responses to P prompts in B rows of T tokens.

    Attributes:
        input_ids: ``[B, T]``.
        positions: ``[A, B, T]``; A is 1, or 3 where image tokens lie on a grid.
        branch: ``[B, T]``: ``PADDING``, ``TRUNK`` or the number of the branch from 1.
        prompt_lengths: ``[B]``.
        image_rows: ``[B]``, the prompt whose image a row holds.
        sources: ``[N]``, where in the flattened ``[B * T]`` rows a token is predicted.
        targets: ``[N]``, the tokens predicted there.
        index: ``[S, R]`` into N, for each token of each response; 0 on padding.
        mask: ``[S, R]``, False on padding.

    Responses are ordered by side: the first response to every prompt, then the second.
    """

    input_ids: torch.Tensor
    positions: torch.Tensor
    branch: torch.Tensor
    prompt_lengths: torch.Tensor
    image_rows: tuple[int, ...]
    sources: torch.Tensor
    targets: torch.Tensor
    index: torch.Tensor
    mask: torch.Tensor

    def to(self, device: torch.device) -> TokenBatch:
        """The batch on ``device``."""
        moved: dict[str, Any] = {name: value.to(device) for name, value in vars(self).items() if name != "image_rows"}
        return replace(self, **moved)

    @property
    def prompt(self) -> torch.Tensor:
        """Bool ``[B, T]``: the tokens of prompts."""
        order = torch.arange(self.input_ids.shape[1], device=self.input_ids.device)
        return order < self.prompt_lengths[:, None]


def lay_out(
    prompts: Sequence[EncodedPrompt], responses: Sequence[Sequence[Sequence[int]]], pad_id: int, *, share: bool
) -> TokenBatch:
    """Lay out ``responses[i]``, one or more non-empty responses to ``prompts[i]`` and equally many for every prompt.

    Args:
        share: one row a prompt, in which its responses branch; otherwise one row a response.
    """
    sides = len(responses[0])
    if share and sides > 1:
        groups = [(p, list(range(sides))) for p in range(len(prompts))]
    else:
        groups = [(p, [s]) for s in range(sides) for p in range(len(prompts))]
    rows = [_row(prompts[p], [responses[p][s] for s in members]) for p, members in groups]
    width = max(len(row.ids) for row in rows)
    axes = prompts[0].positions.shape[0]
    ids = torch.full((len(rows), width), pad_id)
    positions = torch.zeros((axes, len(rows), width), dtype=torch.long)
    branch = torch.full((len(rows), width), PADDING)
    longest = max(len(r) for group in responses for r in group)
    index = torch.zeros((sides * len(prompts), longest), dtype=torch.long)
    mask = torch.zeros_like(index, dtype=torch.bool)
    sources, targets, predicted = [], [], 0
    for b, (row, (p, members)) in enumerate(zip(rows, groups, strict=True)):
        ids[b, : len(row.ids)] = torch.tensor(row.ids)
        positions[:, b, : len(row.ids)] = row.positions
        branch[b, : len(row.ids)] = row.branch
        sources.append(row.sources + b * width)
        targets.append(row.targets)
        for side, own in zip(members, row.index, strict=True):
            index[side * len(prompts) + p, : len(own)] = own + predicted
            mask[side * len(prompts) + p, : len(own)] = True
        predicted += len(row.targets)
    return TokenBatch(
        input_ids=ids,
        positions=positions,
        branch=branch,
        prompt_lengths=torch.tensor([len(prompts[p].input_ids) for p, _ in groups]),
        image_rows=tuple(p for p, _ in groups),
        sources=torch.cat(sources),
        targets=torch.cat(targets),
        index=index,
        mask=mask,
    )


@dataclass(frozen=True)
class _Row:
    """One row before padding; ``index[j]`` says for each token of response j which of ``targets`` it is."""

    ids: list[int]
    positions: torch.Tensor
    branch: torch.Tensor
    sources: torch.Tensor
    targets: torch.Tensor
    index: list[torch.Tensor]


def _row(prompt: EncodedPrompt, responses: Sequence[Sequence[int]]) -> _Row:
    shared = common_prefix(responses) if len(responses) > 1 else len(responses[0]) - 1
    length = len(prompt.input_ids)
    fork = length + shared
    ids = [*prompt.input_ids, *responses[0][:shared]]
    branch, offsets = [TRUNK] * fork, list(range(fork))
    sources, targets = list(range(length - 1, fork - 1)), list(responses[0][:shared])
    index = []
    for number, response in enumerate(responses, start=1):
        start, rest = len(ids), len(response) - shared
        ids += response[shared:-1]
        branch += [number] * (rest - 1)
        offsets += range(fork, fork + rest - 1)
        index.append([*range(shared), *range(len(targets), len(targets) + rest)])
        sources += [fork - 1, *range(start, start + rest - 1)]
        targets += response[shared:]
    after = prompt.positions.max() + 1 + torch.tensor(offsets[length:], dtype=torch.long) - length
    return _Row(
        ids=ids,
        positions=torch.cat([prompt.positions, after.expand(prompt.positions.shape[0], -1)], dim=1),
        branch=torch.tensor(branch),
        sources=torch.tensor(sources),
        targets=torch.tensor(targets),
        index=[torch.tensor(own) for own in index],
    )


def common_prefix(responses: Sequence[Sequence[int]]) -> int:
    """How many tokens all responses begin with, less so many that each keeps one of its own."""
    shortest = min(len(response) for response in responses)
    first = responses[0]
    for i in range(shortest - 1):
        if any(response[i] != first[i] for response in responses[1:]):
            return i
    return shortest - 1
