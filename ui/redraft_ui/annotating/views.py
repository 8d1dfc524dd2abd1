"""What the desk shows, in the browser and over HTTP.

    TaskView                     what an editor needs to show a task
    DraftSaved, Renewed, Outcome     what became of a draft, a lease, an answer; Feedback while training
    PreviewView                  what a correction would train
    AnswerView                   one's earlier answers
    ReviewRow, ReviewView        answers side by side
    Problem                      every refusal

``bodies.py`` holds what callers send. Positions are Unicode code points, half-open ``[start, end)``; times are UTC
seconds.
"""

from __future__ import annotations

from typing import Final, Literal

from redraft.records import Answer, Edit, HallucinationType, Mark, ProjectKind, Record, Role, TaskState, Typing

API_PREFIX: Final = "/api/v1"
"""Where the HTTP calls are mounted."""


class Problem(Record):
    """Why a call was refused: ``code`` for programs, ``message`` for people.

    With code ``question`` a guard rail asks whether the answer is meant: send it again with ``question`` added to
    ``confirmed``.
    """

    code: str
    message: str
    question: str | None = None


class Me(Record):
    """Who calls, the tasks left for them (1000 stands for more), and those that they have answered or reviewed."""

    name: str
    role: Role
    left: int
    done: int


class ScoredSpan(Record):
    """A part of the response, and how much the policy doubts it, in [0, 1]."""

    start: int
    end: int
    score: float


class ImageView(Record):
    """Where the picture of a task is fetched, and its full size in pixels."""

    url: str
    width: int
    height: int


class TypeView(Record):
    """A type of hallucination as the editor offers it: what it is called, the key that chooses it, what it means."""

    id: HallucinationType
    label: str
    key: str
    hint: str


class Vocabulary(Record):
    """Lower-case words that tell what kind of mistake a change mends; plurals in -s are left out."""

    number: tuple[str, ...]
    attribute: tuple[str, ...]
    position: tuple[str, ...]
    action: tuple[str, ...]


class DraftView(Record):
    """An unfinished answer as it was last saved."""

    revision: int
    edits: tuple[Edit, ...]
    marks: tuple[Mark, ...]
    typing: Typing | None
    seconds: float
    saved_at: float


class TaskView(Record):
    """A task as its annotator sees it.

    ``spans`` is empty unless the task is ``shaded``. ``expires_at`` is when the lease runs out, None without one;
    ``now`` is the server's time. ``training`` says that feedback follows. ``left`` and ``done`` count this person's
    tasks. With ``revising``, the task was answered before, by that correction, and ``draft`` starts from it.
    ``max_change`` is the share of changed characters beyond which a correction counts as a rewrite (every edit counts
    the longer of what goes and what comes).
    """

    id: str
    project: str
    kind: ProjectKind
    prompt: str
    text: str
    spans: tuple[ScoredSpan, ...]
    shaded: bool
    threshold: float
    image: ImageView
    expires_at: float | None
    now: float
    lease_seconds: float
    draft: DraftView | None
    training: bool
    guidelines: str
    left: int
    done: int
    types: tuple[TypeView, ...]
    vocabulary: Vocabulary
    max_change: float
    revising: str | None = None


class Renewed(Record):
    """Until when the task is reserved now, and the server's time."""

    expires_at: float
    now: float


class DraftSaved(Record):
    """The revision that is stored, and until when the task is reserved: None if it no longer is (the draft is kept)."""

    revision: int
    expires_at: float | None


class Feedback(Record):
    """How an answer compares with the known one, while training.

    ``text`` is the right text, given by ``edits`` of the original; ``span_f1`` compares which characters were changed.
    """

    right: bool
    text: str
    edits: tuple[Edit, ...]
    explanation: str
    span_f1: float


class Outcome(Record):
    """An answer that was taken, as the correction of that id."""

    correction: str
    feedback: Feedback | None = None
    next: TaskView | None = None


class Piece(Record):
    """A token (or word) of a text, with the white space that belongs to it."""

    text: str
    changed: bool


class PreviewView(Record):
    """Which pieces of both texts a correction would weigh by ``gamma``; the pieces of a text put together are it."""

    gamma: float
    unit: Literal["token", "word"]
    chosen: tuple[Piece, ...]
    rejected: tuple[Piece, ...]


class AnswerView(Record):
    """An answer that one gave, and whether it can still be changed; ``why_not`` is a sentence."""

    correction: str
    task: str
    project: str
    prompt: str
    answer: Answer
    original: str
    corrected: str
    edits: tuple[Edit, ...]
    marks: tuple[Mark, ...]
    reason: str
    submitted_at: float
    reopenable: bool
    why_not: str | None


class ReviewRow(Record):
    """A task that waits for a reviewer: how often it was answered, and whether the answers differ or flag it."""

    task: str
    project: str
    kind: ProjectKind
    prompt: str
    text: str
    state: TaskState
    answers: int
    differ: bool
    flagged: bool


class ReviewAnswer(Record):
    """One standing answer to a task under review; ``review`` tells a reviewer's from an annotator's."""

    correction: str
    annotator: str
    answer: Answer
    edits: tuple[Edit, ...]
    marks: tuple[Mark, ...]
    corrected: str
    reason: str
    seconds: float
    shaded: bool
    submitted_at: float
    review: bool
    frozen: bool


class GoldView(Record):
    """The known answer to a task."""

    edits: tuple[Edit, ...]
    text: str
    explanation: str
    author: str


class ReviewView(Record):
    """A task with all its answers; ``why_not`` says why this reviewer may not add theirs, if so."""

    task: TaskView
    state: TaskState
    answers: tuple[ReviewAnswer, ...]
    gold: GoldView | None
    why_not: str | None


class Resolved(Record):
    """Where the task stands now."""

    state: TaskState
