"""What an annotator does with one task at a time, without the page around it.

    take ──► keep, keep, … ──► answer
               │                 │
               └──── LeaseLost ──┴──► the typed text stays with the annotator

Every function that writes asks the store who the annotator is before it does.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, replace

from redraft.errors import EditError
from redraft.records import Answer, Correction, Edit, Lease, Submission
from redraft.segments import apply_edits
from redraft.store import Store
from redraft_ui.session import authorised

STRAY_CLICK_SECONDS = 0.6
"""Nobody can have judged a task this soon: such an answer is the second half of a double click on the one before."""


@dataclass(frozen=True)
class Held:
    """A leased task as one browser session holds it.

    ``nonce`` makes answering it twice the same as once; ``shown_at`` is on the monotonic clock.
    """

    lease: Lease
    nonce: str
    shown_at: float

    def seconds_left(self, now: float) -> float:
        """How long the lease still runs at ``now`` (UTC seconds); negative once it has run out."""
        return self.lease.expires_at - now


def take(store: Store, name: str, seconds: float) -> Held | None:
    """Lease the next task for ``seconds``; ``None`` if there is nothing to do.

    Raises:
        NotAllowed: if the annotator may not work.
    """
    authorised(store, name)
    lease = store.lease(name, seconds)
    return Held(lease, secrets.token_hex(16), time.monotonic()) if lease else None


def keep(store: Store, held: Held, seconds: float) -> Held:
    """The same task, leased for ``seconds`` from now.

    Raises:
        LeaseLost: if it has gone back to the worklist.
        NotAllowed: if the annotator may not work.
    """
    authorised(store, held.lease.annotator)
    return replace(held, lease=store.renew(held.lease.task.id, held.lease.annotator, seconds))


def answer(store: Store, held: Held, given: Answer, edits: tuple[Edit, ...] = ()) -> Correction:
    """Submit an answer to the task held.

    Raises:
        EditError: if a correction changes nothing or leaves nothing.
        LeaseLost: if the task has gone back to the worklist.
        NotAllowed: if the annotator may not work.
    """
    if given is Answer.CORRECTED:
        if not edits:
            raise EditError("You have not changed any word yet. If nothing is wrong, press “No hallucination”.")
        if not apply_edits(held.lease.task.text, edits).strip():
            raise EditError("Nothing is left of the text. Please leave what is true, or press “Skip”.")
    elif given is Answer.CLEAN and edits:
        raise EditError("You have changed some words. Press “Submit correction”, or undo your changes first.")
    authorised(store, held.lease.annotator)
    return store.submit(
        Submission(
            nonce=held.nonce,
            task_id=held.lease.task.id,
            annotator=held.lease.annotator,
            answer=given,
            edits=edits if given is Answer.CORRECTED else (),
            seconds=time.monotonic() - held.shown_at,
        )
    )


def done_by(store: Store, name: str) -> int:
    """How many tasks this annotator has answered, skipped ones not counted."""
    return sum(
        correction.annotator == name and correction.answer is not Answer.SKIPPED for correction in store.corrections()
    )


def is_stray(held: Held) -> bool:
    """Whether an answer now comes too soon to be meant for this task."""
    return time.monotonic() - held.shown_at < STRAY_CLICK_SECONDS
