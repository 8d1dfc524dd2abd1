"""What people decide about policy versions, in place of the loop."""

from __future__ import annotations

from enum import StrEnum

from redraft.blobs import Blobs
from redraft.errors import StorageError
from redraft.records import PolicyStatus, PolicyVersion
from redraft.store import Store
from redraft.store.policies import check_reason


class Decision(StrEnum):
    """What a person may do with a version."""

    PROMOTE = "promote"
    REJECT = "reject"
    ROLL_BACK = "roll back"


_OPEN_TO: dict[PolicyStatus, tuple[Decision, ...]] = {
    PolicyStatus.CANDIDATE: (Decision.PROMOTE, Decision.REJECT),
    PolicyStatus.SUPERSEDED: (Decision.ROLL_BACK,),
    PolicyStatus.REJECTED: (Decision.ROLL_BACK,),
}


def decisions(policy: PolicyVersion) -> tuple[Decision, ...]:
    """What can be decided about a version as it stands; the first one is never rejected: nothing would be left."""
    return tuple(d for d in _OPEN_TO.get(policy.status, ()) if d is not Decision.REJECT or policy.parent)


def overrule(
    store: Store, blobs: Blobs, policy_id: str, decision: Decision, reason: str, *, actor: str
) -> PolicyVersion:
    """Carry out a person's decision; the version as it stands then.

    Raises:
        DataError: the reason is empty or too long.
        StorageError: there is no such version, its standing does not allow it, or its checkpoint is gone.
    """
    policy = store.policy(policy_id)
    if decision is Decision.REJECT:
        if policy.parent is None:
            raise StorageError(f"policy version {policy_id} is the one that the run starts from: it cannot be rejected")
        store.reject(policy_id, [_said(actor, reason)], actor=actor)
        return store.policy(policy_id)
    if policy.status is not PolicyStatus.EXTERNAL and not blobs.exists(policy.blob):
        raise StorageError(f"the checkpoint {policy.blob} of policy version {policy_id} is gone: choose another")
    if decision is Decision.PROMOTE:
        store.promote(policy_id, [_said(actor, reason)], actor=actor)
    else:
        store.roll_back(policy_id, reason, actor=actor)
    return store.policy(policy_id)


def _said(actor: str, reason: str) -> str:
    return f"Decided by {actor}: {check_reason(reason)}"
