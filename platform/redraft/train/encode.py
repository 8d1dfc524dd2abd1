"""Preference pairs to tokens: ids, which of them changed, and the reference policy's log-probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import torch
from PIL import Image

from redraft.errors import DataError
from redraft.pairs import PAIR_SCHEMA
from redraft.policy import (
    EncodedPrompt,
    ModelInput,
    Policy,
    TokenLogProbs,
    encode_prompts,
    encode_response,
    lay_out,
    may_share_prefix,
)
from redraft.records import PreferencePair, Span
from redraft.segments import changed_mask, changed_tokens, diff_spans, snap_to_words

TRAINING_SCHEMA = pa.schema(
    [
        *PAIR_SCHEMA,
        pa.field("chosen_ids", pa.list_(pa.int32())),
        pa.field("rejected_ids", pa.list_(pa.int32())),
        pa.field("chosen_changed", pa.list_(pa.bool_())),
        pa.field("rejected_changed", pa.list_(pa.bool_())),
        pa.field("chosen_reference", pa.list_(pa.float32())),
        pa.field("rejected_reference", pa.list_(pa.float32())),
        pa.field("blank_reference", pa.list_(pa.float32())),
    ]
)
"""Columns of a dataset version: a pair, its tokens, and the reference log-probability of each of them.

``blank_reference`` is that of the chosen tokens after a blank image, null unless the objective asks for it."""


@dataclass(frozen=True)
class PairTokens:
    """One side of a pair: token ids (end-of-sequence included) and which of them are changed."""

    ids: tuple[int, ...]
    changed: tuple[bool, ...]


@dataclass(frozen=True)
class TrainingExample:
    """A row of a dataset version as the trainer needs it; ``smoothing`` is 0 where nobody estimated it."""

    pair_id: str
    blob: str
    prompt: str
    chosen: PairTokens
    rejected: PairTokens
    chosen_reference: tuple[float, ...]
    rejected_reference: tuple[float, ...]
    blank_reference: tuple[float, ...] = ()
    smoothing: float = 0.0


def encode_pair(
    policy: Policy, pair: PreferencePair, prompt: EncodedPrompt, *, diff: str, max_tokens: int
) -> tuple[PairTokens, PairTokens]:
    """Tokens of chosen and rejected, with the changed ones marked.

    ``diff="edits"`` marks tokens that overlap an edit, grown to whole words; ``diff="released"`` repeats the released
    code's token diff, which runs over prompt and response together, shifted by one. In a ranking no token is changed:
    two responses of their own have no segments in common.

    Raises:
        DataError: if prompt and response exceed ``max_tokens``; nothing is ever cut.
    """
    chosen, rejected = encode_response(policy, pair.chosen), encode_response(policy, pair.rejected)
    longest = len(prompt.input_ids) + max(len(chosen.token_ids), len(rejected.token_ids))
    if longest > max_tokens:
        raise DataError(
            f"pair {pair.id} has {longest} tokens with its prompt, over train.max_tokens {max_tokens}: "
            "raise the limit or leave the pair out"
        )
    if pair.kind == "ranking":
        return _unchanged(chosen.token_ids), _unchanged(rejected.token_ids)
    if diff == "released":
        in_rejected, in_chosen = _released_diff(prompt, rejected.token_ids, chosen.token_ids)
        return PairTokens(chosen.token_ids, in_chosen), PairTokens(rejected.token_ids, in_rejected)
    rejected_spans, chosen_spans = _edit_spans(pair)
    return (
        PairTokens(chosen.token_ids, tuple(changed_mask(chosen.starts, chosen.ends, chosen_spans))),
        PairTokens(rejected.token_ids, tuple(changed_mask(rejected.starts, rejected.ends, rejected_spans))),
    )


@torch.inference_mode()
def reference_logprobs(
    policy: Policy,
    images: Sequence[Image.Image],
    prompts: Sequence[str],
    responses: Sequence[Sequence[tuple[int, ...]]],
    *,
    share: bool = True,
) -> list[tuple[tuple[float, ...], ...]]:
    """Log-probabilities of each prompt's responses under ``policy``, by the path that training uses.

    Args:
        responses: for each prompt equally many responses' tokens.
        share: whether they branch from one row, where the policy's family allows it.

    Returns:
        For each prompt, for each response, one number a token.
    """
    encoded = encode_prompts(policy, images, prompts)
    longest = max(len(e.input_ids) + sum(map(len, r)) for e, r in zip(encoded, responses, strict=True))
    share = share and may_share_prefix(policy.model, policy.family, longest)
    tokens = lay_out(encoded, responses, policy.pad_id, share=share).to(policy.device)
    logps = TokenLogProbs(policy.model, policy.family)(ModelInput(tokens, tuple(encoded))).float().cpu()
    rows = [tuple(row[mask].tolist()) for row, mask in zip(logps, tokens.mask.cpu(), strict=True)]
    return [tuple(rows[p :: len(encoded)]) for p in range(len(encoded))]


def blank_image(image: Image.Image) -> Image.Image:
    """A grey image of the same size: what is left to say without looking."""
    return Image.new("RGB", image.size, (128, 128, 128))


def _unchanged(ids: tuple[int, ...]) -> PairTokens:
    return PairTokens(ids, (False,) * len(ids))


def _edit_spans(pair: PreferencePair) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    if pair.rejected_spans is None or pair.chosen_spans is None:
        rejected, chosen = diff_spans(pair.rejected, pair.chosen)
    else:
        rejected, chosen = pair.rejected_spans, pair.chosen_spans
    return snap_to_words(pair.rejected, rejected), snap_to_words(pair.chosen, chosen)


def _released_diff(
    prompt: EncodedPrompt, rejected: tuple[int, ...], chosen: tuple[int, ...]
) -> tuple[tuple[bool, ...], tuple[bool, ...]]:
    shifted = prompt.input_ids[1:]
    in_rejected, in_chosen = changed_tokens(
        [*shifted, *rejected],
        [*shifted, *chosen],
        preset="released",
    )

    def response_part(indices: Sequence[int], length: int) -> tuple[bool, ...]:
        marked = set(indices)
        return tuple(len(shifted) + i in marked for i in range(length))

    return response_part(in_rejected, len(rejected)), response_part(in_chosen, len(chosen))
