"""Datasets made of corrections, and policies made of datasets."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from redraft.records.base import Record, Span


class PreferencePair(Record):
    """Chosen (corrected) over rejected (original), with the characters that differ on each side.

    Spans are ``None`` when the pair came without edits (other people's data): the token diff is then computed.
    ``smoothing`` is the chance that the preference is the wrong way round, ``None`` where nobody estimated it.
    """

    id: str
    correction_id: str
    image_id: str
    blob: str
    prompt: str
    chosen: str
    rejected: str
    chosen_spans: tuple[Span, ...] | None
    rejected_spans: tuple[Span, ...] | None
    annotator: str
    round: int
    kind: Literal["correction", "ranking"] = "correction"
    smoothing: float | None = Field(default=None, ge=0, lt=0.5)


class DatasetVersion(Record):
    """An immutable set of preference pairs; ``id`` is the hash of its rows.

    ``blob`` is the folder key of the Parquet files; ``reference`` is the policy whose log-probabilities they hold.
    """

    id: str
    round: int
    blob: str
    pairs: int
    corrections: tuple[str, ...]
    reference: str
    created_at: float


class PolicyStatus(StrEnum):
    """A policy version's standing; exactly one version is promoted at a time.

    ``EXTERNAL`` stands for a model that is not here: the writer of imported responses, without a checkpoint.
    """

    CANDIDATE = "candidate"
    PROMOTED = "promoted"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"
    EXTERNAL = "external"


class PolicyVersion(Record):
    """A checkpoint, where it came from, and how it stands.

    ``blob`` is the folder key of the Hugging Face checkpoint; the first policy has no parent and no dataset.
    """

    id: str
    round: int
    parent: str | None
    dataset: str | None
    blob: str
    status: PolicyStatus
    reasons: tuple[str, ...] = ()
    config_hash: str
    code_version: str
    seed: int
    created_at: float
