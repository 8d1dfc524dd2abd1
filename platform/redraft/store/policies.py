"""Policy versions: who descends from whom, who is promoted, and what each was trained on.

CANDIDATE ──promote──► PROMOTED ──another takes its place──► SUPERSEDED
    │                     ▲                                      │
    └─reject──► REJECTED ─┴───────────── roll_back ◄─────────────┘

The loop decides by ``settle``, which gives way to people: they may promote, reject and roll back at any time.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from redraft.errors import DataError, StorageError
from redraft.records import Correction, DatasetVersion, PolicyStatus, PolicyVersion, Record, Verdict
from redraft.store import tables
from redraft.store.audit import note
from redraft.store.datasets import load_datasets
from redraft.store.engine import Database
from redraft.store.rows import add, check_text, fetch, from_row, get, to_row

LONGEST_REASON = 2000
CHANGED_MEANWHILE = "The promoted policy was changed by a person meanwhile, so this candidate was not compared with it."

_policies = tables.policies


class Lineage(Record):
    """Everything that made a policy version.

    ``ancestors`` are nearest first; ``datasets`` follow the same order, the policy's own first; ``corrections`` are
    oldest first; ``annotators`` are the people who made them, sorted.
    """

    policy: PolicyVersion
    ancestors: tuple[PolicyVersion, ...]
    datasets: tuple[DatasetVersion, ...]
    corrections: tuple[Correction, ...]
    annotators: tuple[str, ...]


class PolicyPart:
    """The policy registry."""

    _db: Database

    def add_policy(self, policy: PolicyVersion) -> None:
        """Register a version; one that is there already stays as it is.

        Raises:
            StorageError: its parent or dataset version is not stored, or it claims to be promoted while another is.
        """
        with self._db.write() as connection:
            add(connection, _policies, [to_row(_policies, policy)], "id")

    def policy(self, id: str) -> PolicyVersion:
        """One version; StorageError if there is none of that id."""
        with self._db.read() as connection:
            return get(connection, _policies, PolicyVersion, id)

    def policies(self) -> list[PolicyVersion]:
        """All versions, oldest first."""
        with self._db.read() as connection:
            return fetch(connection, PolicyVersion, sa.select(_policies).order_by(_policies.c.seq))

    def promoted(self) -> PolicyVersion | None:
        """The version that samples, is served and is to beat; None before the first promotion."""
        with self._db.read() as connection:
            row = connection.execute(sa.select(_policies).where(_is_promoted())).mappings().first()
            return None if row is None else from_row(PolicyVersion, row)

    def promote(self, id: str, reasons: Sequence[str] = (), *, actor: str = "loop") -> None:
        """Make a candidate the promoted version and supersede the present one; again changes nothing.

        Raises:
            StorageError: there is no such version, or it is no candidate.
        """
        with self._db.write() as connection:
            if _standing(self._db, connection, id) is PolicyStatus.PROMOTED:
                return
            _expect(connection, id, "promoted", PolicyStatus.CANDIDATE)
            _take_over(connection, id, reasons)
            note(connection, self._db.clock(), actor, "promote", _told(id, reasons))

    def reject(self, id: str, reasons: Sequence[str], *, actor: str = "loop") -> None:
        """Keep a candidate as rejected, with the reasons; again changes nothing.

        Raises:
            StorageError: there is no such version, or it is no candidate.
        """
        with self._db.write() as connection:
            if _standing(self._db, connection, id) is PolicyStatus.REJECTED:
                return
            _expect(connection, id, "rejected", PolicyStatus.CANDIDATE)
            _decide(connection, id, PolicyStatus.REJECTED, reasons)
            note(connection, self._db.clock(), actor, "reject", _told(id, reasons))

    def settle(self, verdict: Verdict, *, actor: str = "loop") -> Verdict:
        """Do what the verdict on a candidate says, unless a person was faster; returns the verdict that stands.

        A candidate that was decided already keeps its standing and its reasons. One whose incumbent is no longer the
        promoted version is rejected, whatever the figures say: they compare it with a policy that people gave up.

        Raises:
            StorageError: there is no such candidate.
        """
        with self._db.write() as connection:
            standing = _standing(self._db, connection, verdict.candidate)
            if standing is not PolicyStatus.CANDIDATE:
                decided = get(connection, _policies, PolicyVersion, verdict.candidate)
                promoted = standing is not PolicyStatus.REJECTED
                return verdict.model_copy(update={"promoted": promoted, "reasons": decided.reasons})
            if connection.scalar(sa.select(_policies.c.id).where(_is_promoted())) != verdict.incumbent:
                reasons = (CHANGED_MEANWHILE, *verdict.reasons)
                verdict = verdict.model_copy(update={"promoted": False, "reasons": reasons})
            if verdict.promoted:
                _take_over(connection, verdict.candidate, verdict.reasons)
            else:
                _decide(connection, verdict.candidate, PolicyStatus.REJECTED, verdict.reasons)
            deed = "promote" if verdict.promoted else "reject"
            note(connection, self._db.clock(), actor, deed, _told(verdict.candidate, verdict.reasons))
            return verdict

    def roll_back(self, policy_id: str, reason: str, *, actor: str) -> None:
        """Put a superseded or rejected version in the place of the promoted one; again changes nothing.

        The reason is added to those that the version has. Corrections that only the version given up was trained on
        count as unused again.

        Raises:
            StorageError: there is no such version, or it is a candidate or external.
            DataError: the reason is empty or too long.
        """
        said = check_reason(reason)
        with self._db.write() as connection:
            if _standing(self._db, connection, policy_id) is PolicyStatus.PROMOTED:
                return
            _expect(connection, policy_id, "rolled back to", PolicyStatus.SUPERSEDED, PolicyStatus.REJECTED)
            given_up = connection.scalar(sa.select(_policies.c.id).where(_is_promoted()))
            before = get(connection, _policies, PolicyVersion, policy_id).reasons
            _take_over(connection, policy_id, (*before, f"Rolled back to by {actor}: {said}"))
            note(connection, self._db.clock(), actor, "roll_back", f"{policy_id} instead of {given_up}: {said}")

    def lineage(self, policy_id: str) -> Lineage:
        """What made a version; StorageError if there is none of that id."""
        with self._db.read() as connection:
            policy = get(connection, _policies, PolicyVersion, policy_id)
            ancestors = _ancestors(connection, policy)
            used = [p.dataset for p in (policy, *ancestors) if p.dataset]
            datasets = load_datasets(connection, used)
            corrections = _corrections_of(connection, used)
        return Lineage(
            policy=policy,
            ancestors=tuple(ancestors),
            datasets=tuple(datasets),
            corrections=tuple(corrections),
            annotators=tuple(sorted({c.annotator for c in corrections})),
        )

    def policies_trained_on(self, correction_id: str) -> list[PolicyVersion]:
        """The versions that a correction went into, directly or through an ancestor, oldest first."""
        members = tables.dataset_corrections
        holding = sa.select(members.c.dataset_id).where(members.c.correction_id == correction_id)
        trained = sa.select(_policies.c.id).where(_policies.c.dataset.in_(holding)).cte("trained", recursive=True)
        trained = trained.union(sa.select(_policies.c.id).join(trained, _policies.c.parent == trained.c.id))
        query = sa.select(_policies).where(_policies.c.id.in_(sa.select(trained.c.id))).order_by(_policies.c.seq)
        with self._db.read() as connection:
            return fetch(connection, PolicyVersion, query)


def check_reason(reason: str) -> str:
    """A person's reason without the white space around it.

    Raises:
        DataError: it is empty, too long, or holds what cannot be stored.
    """
    said = reason.strip()
    if not said:
        raise DataError("a decision about a policy needs a reason: say in a sentence why")
    if len(said) > LONGEST_REASON:
        raise DataError(f"the reason has {len(said)} characters: say it in at most {LONGEST_REASON}")
    check_text("the reason", said)
    return said


def promoted_ancestry() -> sa.CTE:
    """The promoted version and its ancestors: ``id``, ``parent`` and ``dataset`` of each."""
    columns = (_policies.c.id, _policies.c.parent, _policies.c.dataset)
    lineage = sa.select(*columns).where(_is_promoted()).cte("lineage", recursive=True)
    return lineage.union(sa.select(*columns).join(lineage, _policies.c.id == lineage.c.parent))


def _is_promoted() -> sa.ColumnElement[bool]:
    return _policies.c.status == PolicyStatus.PROMOTED.value


def _standing(db: Database, connection: sa.Connection, id: str) -> PolicyStatus:
    """The status, which nobody else can change until the transaction ends."""
    db.lock(connection, "policies")
    return get(connection, _policies, PolicyVersion, id).status


def _expect(connection: sa.Connection, id: str, to_be: str, *allowed: PolicyStatus) -> None:
    status = get(connection, _policies, PolicyVersion, id).status
    if status not in allowed:
        only = " or ".join(allowed)
        raise StorageError(f"policy version {id} is {status} and cannot be {to_be}: only a {only} one can")


def _take_over(connection: sa.Connection, id: str, reasons: Sequence[str]) -> None:
    connection.execute(_policies.update().where(_is_promoted()).values(status=PolicyStatus.SUPERSEDED.value))
    _decide(connection, id, PolicyStatus.PROMOTED, reasons)


def _decide(connection: sa.Connection, id: str, status: PolicyStatus, reasons: Sequence[str]) -> None:
    policy = get(connection, _policies, PolicyVersion, id)
    row = to_row(_policies, policy.model_copy(update={"status": status, "reasons": tuple(reasons)}))
    connection.execute(_policies.update().where(_policies.c.id == id).values(row))


def _told(id: str, reasons: Sequence[str]) -> str:
    return f"{id}: {' '.join(reasons)}" if reasons else id


def _ancestors(connection: sa.Connection, policy: PolicyVersion) -> list[PolicyVersion]:
    ancestors: list[PolicyVersion] = []
    parent = policy.parent
    while parent is not None:
        ancestors.append(get(connection, _policies, PolicyVersion, parent))
        parent = ancestors[-1].parent
    return ancestors


def _corrections_of(connection: sa.Connection, datasets: Sequence[str]) -> list[Correction]:
    members, corrections = tables.dataset_corrections, tables.corrections
    chosen = sa.select(members.c.correction_id).where(members.c.dataset_id.in_(datasets))
    query = sa.select(corrections).where(corrections.c.id.in_(chosen))
    return fetch(connection, Correction, query.order_by(corrections.c.submitted_at, corrections.c.seq))
