"""Who works here, on what, and how they prove who they are."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from redraft.records.base import Record

MAIN_PROJECT = "main"
"""The project that the loop of a run fills and learns from."""


class Role(StrEnum):
    """What a person may do; each role may do what those before it may."""

    ANNOTATOR = "annotator"
    REVIEWER = "reviewer"
    RESEARCHER = "researcher"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Whether this role may do all that ``other`` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class WorkFilter(Record):
    """Which tasks a person is given: of these projects (none: of every open one), no longer than ``longest``.

    ``longest`` is in characters of the response.
    """

    projects: tuple[str, ...] = ()
    longest: int | None = Field(default=None, ge=1)


class User(Record):
    """Somebody who signs in; ``email`` is how an identity provider knows them."""

    name: str
    role: Role
    disabled: bool
    email: str | None = None
    work: WorkFilter = WorkFilter()


class ProjectKind(StrEnum):
    """What is asked of annotators: to correct, or only to mark what is wrong, blind to the policy (MHumanEval)."""

    CORRECTION = "correction"
    EVALUATION = "evaluation"


class Project(Record):
    """A body of tasks; no more are handed out once ``budget`` answers are in, or while it is closed.

    ``guidelines`` is plain text that annotators see beside the general ones.
    """

    id: str
    title: str
    kind: ProjectKind = ProjectKind.CORRECTION
    guidelines: str = ""
    budget: int | None = Field(default=None, ge=1)
    open: bool = True
    created_at: float


class TokenKind(StrEnum):
    """What a secret lets its holder do: sign in once, stay signed in, call the desk's API, or ask the served policy."""

    INVITE = "invite"
    SESSION = "session"
    API = "api"
    POLICY = "policy"


class Token(Record):
    """What is known of a secret; the secret itself is shown once and stored as a hash.

    ``id`` is the beginning of that hash. An invitation that was ``used_at`` some time does not work again.
    """

    id: str
    user: str
    kind: TokenKind
    label: str
    created_at: float
    expires_at: float
    used_at: float | None = None
