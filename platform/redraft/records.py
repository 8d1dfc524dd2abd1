"""The vocabulary: one frozen record for everything that crosses a boundary.

Character positions are Unicode code points, half-open ``[start, end)``. Times are UTC seconds since the epoch.
Identifiers are strings; those of stored content are derived from the content, so that repeating a step writes
the same rows instead of new ones.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Record(BaseModel):
    """Base of all records: frozen, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


def stable_id(*parts: object) -> str:
    """A 24-hex-digit identifier that depends on ``parts`` alone."""
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()[:24]


class HallucinationType(StrEnum):
    """What a wrong segment is wrong about (RLHF-V, section 3.1, plus number split from attribute)."""

    OBJECT = "object"
    POSITION = "position"
    NUMBER = "number"
    ATTRIBUTE = "attribute"
    ACTION = "action"
    OTHER = "other"


class Split(StrEnum):
    """What an image may be used for; an image never changes split."""

    POOL = "pool"
    DEV = "dev"
    TEST = "test"


class Arm(StrEnum):
    """Why a response was routed to a person."""

    UNCERTAIN = "uncertain"
    RANDOM = "random"


class TaskState(StrEnum):
    """Where a task stands; a lease is held by exactly one annotator."""

    OPEN = "open"
    LEASED = "leased"
    DONE = "done"
    RETIRED = "retired"


class Answer(StrEnum):
    """What an annotator did with a task."""

    CORRECTED = "corrected"
    CLEAN = "clean"
    SKIPPED = "skipped"


class PolicyStatus(StrEnum):
    """A policy version's standing; exactly one version is promoted at a time."""

    CANDIDATE = "candidate"
    PROMOTED = "promoted"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"


class Phase(StrEnum):
    """The step a round is in; the value is the step that runs next."""

    SAMPLING = "sampling"
    ANNOTATING = "annotating"
    BUILDING = "building"
    TRAINING = "training"
    EVALUATING = "evaluating"
    PROMOTING = "promoting"
    DONE = "done"


class Span(Record):
    """A half-open range of characters."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"span ends at {self.end}, before its start {self.start}")
        return self

    def overlaps(self, other: Span) -> bool:
        """Whether the two share at least one character."""
        return self.start < other.end and other.start < self.end


class ImageItem(Record):
    """One image that may be shown to a policy.

    ``id`` is the SHA-256 of the encoded bytes; ``origin`` says where they came from: ``world:SEED:SPLIT:INDEX``
    for the picture world, else a path or URL. ``blob`` is the key of the bytes in the blob store.
    """

    id: str
    origin: str
    split: Split
    blob: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)


class TokenTrace(Record):
    """What the policy thought while it wrote a response, one entry a token, end-of-sequence included.

    ``starts``/``ends`` are the token's characters in the response text; ``logprobs`` and ``entropies`` (nats) are of
    the distribution at temperature 1.
    """

    token_ids: tuple[int, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    logprobs: tuple[float, ...]
    entropies: tuple[float, ...]

    @model_validator(mode="after")
    def _aligned(self) -> Self:
        lengths = {len(x) for x in (self.token_ids, self.starts, self.ends, self.logprobs, self.entropies)}
        if len(lengths) != 1:
            raise ValueError(f"a token trace needs columns of one length, got {sorted(lengths)}")
        return self


class Response(Record):
    """One text that one policy version wrote about one image and prompt."""

    id: str
    image_id: str
    prompt: str
    text: str
    policy: str
    round: int
    sample: int
    seed: int
    temperature: float
    top_p: float
    finished: bool
    trace: TokenTrace


class SpanScore(Record):
    """How unsure the policy is about one span of a response, in ``[0, 1]``."""

    span: Span
    score: float = Field(ge=0, le=1)


class ResponseScore(Record):
    """How unsure the policy is about one response; higher means more likely to hold an error.

    ``score`` orders responses; ``entropy`` (largest span mean, nats) and ``disagreement`` (share of the other samples
    that do not make the most contested claim) are what it was made of.
    """

    response_id: str
    score: float
    entropy: float
    disagreement: float
    spans: tuple[SpanScore, ...]


class Task(Record):
    """One response waiting for a person."""

    id: str
    round: int
    response_id: str
    image_id: str
    prompt: str
    text: str
    spans: tuple[SpanScore, ...]
    arm: Arm
    priority: float
    policy: str
    state: TaskState = TaskState.OPEN


class Lease(Record):
    """A task that one annotator holds until ``expires_at``."""

    task: Task
    annotator: str
    expires_at: float


class Edit(Record):
    """Replace ``original[start:end]`` by ``replacement``; an empty range inserts, an empty replacement deletes."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    replacement: str
    type: HallucinationType

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"edit ends at {self.end}, before its start {self.start}")
        if self.start == self.end and not self.replacement:
            raise ValueError(f"edit at {self.start} changes nothing")
        return self


class Submission(Record):
    """What an annotator sends: the nonce makes sending it twice the same as sending it once."""

    nonce: str = Field(min_length=8, max_length=64)
    task_id: str
    annotator: str
    answer: Answer
    edits: tuple[Edit, ...] = ()
    seconds: float = Field(default=0.0, ge=0)


class Correction(Record):
    """A submission as stored, with the text that its edits give."""

    id: str
    task_id: str
    round: int
    annotator: str
    answer: Answer
    original: str
    corrected: str
    edits: tuple[Edit, ...]
    arm: Arm
    seconds: float
    submitted_at: float


class PreferencePair(Record):
    """Chosen (corrected) over rejected (original), with the characters that differ on each side.

    Spans are ``None`` when the pair came without edits (other people's data): the token diff is then computed.
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


class Interval(Record):
    """An estimate with the ends of its confidence interval."""

    value: float
    low: float
    high: float


class Outcome(Record):
    """What one evaluated response held; the unit that bootstraps and paired tests resample.

    ``mentions`` counts claims about objects, ``errors`` the wrong ones (by type in ``error_types``); ``found`` of
    ``present`` objects were named; ``words`` is the length. A short question has ``present`` 0. ``mentioned`` are the
    objects that the response names, in order and with repetitions; ``invented`` those that are nowhere in the picture.
    """

    image_id: str
    prompt: str
    scene: str
    text: str
    mentions: int
    errors: int
    error_types: tuple[HallucinationType, ...]
    found: int
    present: int
    words: int
    mentioned: tuple[str, ...] = ()
    invented: tuple[str, ...] = ()


class SceneRate(Record):
    """Over-generalisation in one scene: how often its typical objects are invented inside it and elsewhere."""

    scene: str
    inside: float
    inside_mentions: int
    elsewhere: float
    elsewhere_mentions: int


class Evaluation(Record):
    """One policy version measured on one split; ``blob`` holds the outcomes as Parquet."""

    policy: str
    split: Split
    responses: int
    response_rate: Interval
    mention_rate: Interval
    recall: Interval
    mean_words: Interval
    question_accuracy: Interval | None
    by_type: dict[HallucinationType, float]
    by_scene: dict[str, float]
    over_generalisation: tuple[SceneRate, ...]
    blob: str


class Verdict(Record):
    """Whether a candidate replaces the incumbent, and why."""

    candidate: str
    incumbent: str
    promoted: bool
    difference: Interval
    reasons: tuple[str, ...]


class StepSpeed(Record):
    """What an optimiser step took, over all workers; ``memory_gib`` and ``mfu`` are one worker's."""

    ended_at: float
    seconds: float
    pairs_per_second: float
    tokens_per_second: float
    memory_gib: float
    mfu: float | None = None


class TrainStep(Record):
    """What one optimiser step saw, averaged over its pairs.

    ``alarm`` says that the chosen responses have become less likely than ``train.chosen_alarm`` allows.
    """

    step: int
    loss: float
    accuracy: float
    margin: float
    chosen_logp: float
    rejected_logp: float
    chosen_reference_logp: float
    rejected_reference_logp: float
    lr: float
    grad_norm: float
    alarm: bool = False
    speed: StepSpeed | None = None


class RoundRow(Record):
    """One round of the loop as committed so far."""

    number: int
    phase: Phase
    incumbent: str
    dataset: str | None = None
    candidate: str | None = None
    promoted: bool | None = None
    started_at: float
    ended_at: float | None = None
