"""A row against the policy that will learn from it: its picture decodes, its tokens fit, its changes are marked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from redraft.blobs import content_key
from redraft.config import TrainConfig
from redraft.errors import DataError
from redraft.images import decode_image
from redraft.pairs import pair_to_row
from redraft.policy import EncodedPrompt, Policy, encode_prompts
from redraft.records import PreferencePair, stable_id
from redraft.sources.pictures import suffix_of
from redraft.sources.rows import BadRow, SourcePair, SourceRow
from redraft.train.encode import TRAINING_SCHEMA, PairTokens, encode_pair

ANNOTATOR = "import"
_REMEMBERED = 4096

PREPARED_SCHEMA = pa.schema(
    [
        pa.field("source_index", pa.int64(), nullable=False),
        *(field for field in TRAINING_SCHEMA if not field.name.endswith("_reference")),
    ]
)
"""Columns of prepared pairs: a dataset version's without the reference's log-probabilities, and the source's row."""


@dataclass(frozen=True)
class PreparedPair:
    """A pair that can be trained on, with its tokens; ``prompt_tokens`` counts those of the picture, too.

    ``pair.blob`` is the key that its picture is to be stored under; storing it is the caller's business.
    """

    index: int
    pair: PreferencePair
    prompt_tokens: int
    chosen: PairTokens
    rejected: PairTokens

    @property
    def longest(self) -> int:
        """Tokens of the prompt with the longer response."""
        return self.prompt_tokens + max(len(self.chosen.ids), len(self.rejected.ids))


class RowChecker:
    """Checks rows for one policy and one training config, and remembers the prompts of pictures it has seen.

    A picture is decoded, and laid out in tokens, once for every question about it.
    """

    def __init__(self, policy: Policy, train: TrainConfig, max_pixels: int) -> None:
        self._policy, self._train, self._max_pixels = policy, train, max_pixels
        self._special = _special_tokens(policy.tokenizer)
        self._prompts: dict[tuple[str, str], EncodedPrompt] = {}

    def check(self, row: SourceRow) -> PreparedPair | BadRow:
        """The row with its tokens, or why it cannot be trained on; a bad row stays as it is."""
        if isinstance(row, BadRow):
            return row
        try:
            return self._prepared(row)
        except DataError as e:
            return BadRow(index=row.index, where=row.where, reason=str(e))

    def _prepared(self, row: SourcePair) -> PreparedPair:
        for what, text in (("prompt", row.prompt), ("chosen", row.chosen), ("rejected", row.rejected)):
            if found := self._special.search(text):
                raise DataError(f"{what} holds {found[0]!r}, which this policy takes for a mark and not for text")
        image_id = hashlib.sha256(row.image).hexdigest()
        prompt = self._prompt(image_id, row)
        pair = _pair(row, image_id)
        train = self._train
        chosen, rejected = encode_pair(
            self._policy, pair, prompt, diff=train.objective.diff, max_tokens=train.max_tokens
        )
        return PreparedPair(row.index, pair, len(prompt.input_ids), chosen, rejected)

    def _prompt(self, image_id: str, row: SourcePair) -> EncodedPrompt:
        key = image_id, row.prompt
        prompt = self._prompts.pop(key, None) or self._encoded(row)
        self._prompts[key] = prompt
        if len(self._prompts) > _REMEMBERED:
            del self._prompts[next(iter(self._prompts))]
        return prompt

    def _encoded(self, row: SourcePair) -> EncodedPrompt:
        """The prompt without its picture, which would be megabytes to remember."""
        try:
            image = decode_image(row.image, self._max_pixels)
        except DataError as e:
            raise DataError(f"image {e}") from e
        try:
            return replace(encode_prompts(self._policy, [image], [row.prompt])[0], images={})
        except ValueError as e:
            raise DataError(f"image of {image.width} x {image.height} pixels does not suit the policy ({e})") from e


def check_row(policy: Policy, row: SourceRow, train: TrainConfig, max_pixels: int) -> PreparedPair | BadRow:
    """One row on its own; for many, a ``RowChecker`` spares work on pictures that come again."""
    return RowChecker(policy, train, max_pixels).check(row)


def prepared_table(pairs: Sequence[PreparedPair]) -> pa.Table:
    """One row of ``PREPARED_SCHEMA`` a pair."""
    rows: list[dict[str, Any]] = [
        {
            "source_index": prepared.index,
            **pair_to_row(prepared.pair),
            "chosen_ids": prepared.chosen.ids,
            "rejected_ids": prepared.rejected.ids,
            "chosen_changed": prepared.chosen.changed,
            "rejected_changed": prepared.rejected.changed,
        }
        for prepared in pairs
    ]
    return pa.Table.from_pylist(rows, schema=PREPARED_SCHEMA)


def _pair(row: SourcePair, image_id: str) -> PreferencePair:
    return PreferencePair(
        id=stable_id("pair", image_id, row.prompt, row.chosen, row.rejected),
        correction_id=f"{row.source}:{row.index}",
        image_id=image_id,
        blob=content_key("images", row.image, suffix_of(row.image)),
        prompt=row.prompt,
        chosen=row.chosen,
        rejected=row.rejected,
        chosen_spans=row.chosen_spans,
        rejected_spans=row.rejected_spans,
        annotator=ANNOTATOR,
        round=0,
        kind=row.kind,
        smoothing=row.smoothing,
    )


def _special_tokens(tokenizer: Any) -> re.Pattern[str]:
    """What the tokenizer would read as a token of its own kind: an end of text, the place of a picture."""
    added = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    return re.compile(
        "|".join(re.escape(text) for text in sorted(added, key=lambda t: (-len(t), t)) if text) or r"(?!)"
    )
