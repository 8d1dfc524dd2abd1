"""What a correction would train: the pieces of both texts that the loss weighs by gamma.

The policy's own tokenizer cuts the texts, without the policy: neither torch nor transformers is imported here. A
policy whose ``tokenizer.json`` is not in the blob store is shown in words. Training tokenises a response behind its
prompt, so the very first token may be cut otherwise there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from tokenizers import Tokenizer

from redraft.blobs import Blobs
from redraft.config.training import ObjectiveConfig
from redraft.records import Edit, PolicyStatus, PolicyVersion
from redraft.segments import (
    WORD,
    apply_edits,
    changed_mask,
    changed_spans,
    changed_tokens,
    snap_edits,
    snap_to_words,
)
from redraft_ui.annotating.views import Piece, PreviewView

_WORDS = re.compile(WORD.pattern + r"|[^\w\s]")
_KEPT = 8
"""Tokenizers held in memory: annotators work on the responses of few policies at a time."""


@dataclass(frozen=True)
class _Cut:
    """A text's tokens: their ids (none for words) and the characters ``[start, end)`` of each."""

    text: str
    ids: Sequence[int]
    starts: Sequence[int]
    ends: Sequence[int]


def tokenizer_of(blobs: Blobs, policy: PolicyVersion) -> Tokenizer | None:
    """The tokenizer of a policy, or None if it is not in the blob store.

    Raises:
        StorageError: the blob store cannot be read.
    """
    key = f"{policy.blob}/tokenizer.json"
    if policy.status is PolicyStatus.EXTERNAL or not blobs.exists(key):
        return None
    return _load(str(blobs.path(key)))


def preview(
    original: str, edits: Sequence[Edit], tokenizer: Tokenizer | None, objective: ObjectiveConfig
) -> PreviewView:
    """The pieces of the original (rejected) and of the corrected text (chosen), with those that count as changed.

    Args:
        tokenizer: None to cut at words.

    Raises:
        EditError: the edits do not fit the text.
    """
    rejected, chosen = (_cut(text, tokenizer) for text in (original, apply_edits(original, edits)))
    if objective.diff == "released" and tokenizer is not None:
        masks = _released_masks(rejected, chosen)
    else:
        on_rejected, on_chosen = changed_spans(original, snap_edits(original, edits))
        masks = (
            changed_mask(rejected.starts, rejected.ends, snap_to_words(rejected.text, on_rejected)),
            changed_mask(chosen.starts, chosen.ends, snap_to_words(chosen.text, on_chosen)),
        )
    return PreviewView(
        gamma=objective.gamma,
        unit="word" if tokenizer is None else "token",
        chosen=_pieces(chosen, masks[1]),
        rejected=_pieces(rejected, masks[0]),
    )


@lru_cache(maxsize=_KEPT)
def _load(file: str) -> Tokenizer:
    tokenizer = Tokenizer.from_file(file)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _cut(text: str, tokenizer: Tokenizer | None) -> _Cut:
    if tokenizer is None:
        words = [match.span() for match in _WORDS.finditer(text)]
        return _Cut(text, (), [start for start, _ in words], [end for _, end in words])
    found = tokenizer.encode(text, add_special_tokens=False)
    return _Cut(text, found.ids, [start for start, _ in found.offsets], [end for _, end in found.offsets])


def _released_masks(rejected: _Cut, chosen: _Cut) -> tuple[list[bool], list[bool]]:
    in_rejected, in_chosen = map(set, changed_tokens(rejected.ids, chosen.ids, preset="released"))
    return (
        [at in in_rejected for at in range(len(rejected.ids))],
        [at in in_chosen for at in range(len(chosen.ids))],
    )


def _pieces(cut: _Cut, changed: Sequence[bool]) -> tuple[Piece, ...]:
    """White space belongs to the token behind it; tokens that share a character make one piece."""
    pieces: list[Piece] = []
    at = 0
    for end, weighed in zip(accumulate(cut.ends, max), changed, strict=True):
        if end > at:
            pieces.append(Piece(text=cut.text[at:end], changed=weighed))
            at = end
        elif weighed and pieces:
            pieces[-1] = pieces[-1].model_copy(update={"changed": True})
    if at < len(cut.text):
        pieces.append(Piece(text=cut.text[at:], changed=False))
    return tuple(pieces)
