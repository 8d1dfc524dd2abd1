"""The reference policy's log-probabilities of tokenised pairs, by the path that training uses."""

from __future__ import annotations

import pyarrow as pa

from redraft.blobs import Blobs
from redraft.config import Config
from redraft.images import decode_image
from redraft.policy import Policy
from redraft.train.encode import TRAINING_SCHEMA, blank_image, reference_logprobs


class ReferencePass:
    """Adds the reference columns of ``TRAINING_SCHEMA`` to tables that have the others."""

    def __init__(self, policy: Policy, blobs: Blobs, config: Config) -> None:
        self.policy, self.blobs, self.config = policy, blobs, config

    def add(self, tokens: pa.Table) -> pa.Table:
        """``tokens`` with ``chosen_reference``, ``rejected_reference`` and, where the objective asks for it,
        ``blank_reference``; in ``TRAINING_SCHEMA``, further columns left out."""
        rows = tokens.to_pylist()
        size = self.config.train.micro_batch
        # Alike in length, so that little is padded.
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]["chosen_ids"]) + len(rows[i]["rejected_ids"]))
        for start in range(0, len(rows), size):
            self._score([rows[i] for i in order[start : start + size]])
        return pa.Table.from_pylist(rows, schema=TRAINING_SCHEMA)

    def _score(self, rows: list[dict[str, object]]) -> None:
        train = self.config.train
        images = [decode_image(self.blobs.get(str(row["blob"])), self.config.images.max_pixels) for row in rows]
        prompts = [str(row["prompt"]) for row in rows]
        chosen = [_ids(row["chosen_ids"]) for row in rows]
        both = [(c, _ids(row["rejected_ids"])) for c, row in zip(chosen, rows, strict=True)]
        references = reference_logprobs(self.policy, images, prompts, both, share=train.layout == "auto")
        for row, (of_chosen, of_rejected) in zip(rows, references, strict=True):
            row |= {"chosen_reference": of_chosen, "rejected_reference": of_rejected, "blank_reference": None}
        if train.objective.image_ablated:
            grey = [blank_image(image) for image in images]
            blanks = reference_logprobs(self.policy, grey, prompts, [(c,) for c in chosen])
            for row, (blank,) in zip(rows, blanks, strict=True):
                row["blank_reference"] = blank


def _ids(value: object) -> tuple[int, ...]:
    assert isinstance(value, list)
    return tuple(value)
