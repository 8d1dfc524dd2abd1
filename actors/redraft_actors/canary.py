"""PROMOTING, before the decision: a candidate that measured well answers a share of people's requests for a while.

canaries/ID-begun.json ──► the candidate is served beside the incumbent, and watched ──► canaries/ID.json
the verdict so far         in memory: killed, it is watched anew                         how it did
"""

from __future__ import annotations

import logging
import time

from redraft.canary import Watch
from redraft.records import Canary, Phase, PolicyStatus, RoundRow, ServerTally, Verdict
from redraft.runs import Event
from redraft_actors.context import RunContext

_log = logging.getLogger(__name__)


class CanaryStep:
    """The candidate that is watched by this process; what is committed lies among the blobs."""

    def __init__(self, run: RunContext) -> None:
        self.run = run
        self.watch: Watch | None = None

    def begin(self, row: RoundRow, measured: Verdict) -> bool:
        """Send a candidate that measured well on its way, once; whether it is on its way now."""
        key = _begun_key(measured.candidate)
        if measured.promoted and _undecided(self.run, row) and not self.run.blobs.exists(key):
            self.run.blobs.put(key, measured.model_dump_json(indent=1).encode())
        return canary_under_way(self.run, row)

    def look(self, row: RoundRow, tally: ServerTally | None) -> None:
        """Take what the server has counted; once that is enough, commit how the candidate did."""
        candidate, now = str(row.candidate), time.monotonic()
        if self.watch is None or self.watch.candidate != candidate:
            self.watch = Watch(candidate, row.incumbent, self.run.config.serve, now)
            _log.info("a canary: %s answers a share of the requests beside %s", candidate, row.incumbent)
        self.watch.saw(tally, now)
        canary = self.watch.ended(now)
        if canary is None:
            return
        _log.log(logging.INFO if canary.well else logging.WARNING, "%s", canary.reason)
        counts = {"asked": canary.candidate_tally.asked, "bad": canary.candidate_tally.bad, "well": int(canary.well)}
        self.run.record(
            Event(
                at=time.time(),
                round=row.number,
                step="canary",
                policy=candidate,
                dataset=row.dataset,
                seconds=canary.seconds,
                detail={**counts, "cut": canary.candidate_tally.cut},
            )
        )
        self.run.blobs.put(_key(candidate), canary.model_dump_json(indent=1).encode())
        self.watch = None


def canary_under_way(run: RunContext, row: RoundRow) -> bool:
    """Whether the round's candidate is being watched."""
    return _has_begun(run, row) and canary_of(run, row) is None


def canary_of(run: RunContext, row: RoundRow) -> Canary | None:
    """How the round's candidate did; None if it was not tried out, or not to the end."""
    key = _key(str(row.candidate))
    return Canary.model_validate_json(run.blobs.get(key)) if run.blobs.exists(key) else None


def served_beside(run: RunContext) -> str | None:
    """The candidate that has a share of the requests: until it is decided on, unless it did badly."""
    if not run.config.serve.canary_minutes:
        return None
    rows = run.store.rounds()
    if not rows or not _has_begun(run, rows[-1]):
        return None
    canary = canary_of(run, rows[-1])
    return rows[-1].candidate if canary is None or canary.well else None


def _has_begun(run: RunContext, row: RoundRow) -> bool:
    return _undecided(run, row) and run.blobs.exists(_begun_key(str(row.candidate)))


def _undecided(run: RunContext, row: RoundRow) -> bool:
    """Whether the loop has yet to decide: a person may have decided on the candidate, or replaced the incumbent."""
    if not run.config.serve.canary_minutes or row.phase is not Phase.PROMOTING or row.candidate is None:
        return False
    promoted = run.store.promoted()
    free = run.store.policy(row.candidate).status is PolicyStatus.CANDIDATE
    return free and promoted is not None and promoted.id == row.incumbent


def _begun_key(candidate: str) -> str:
    return f"canaries/{candidate}-begun.json"


def _key(candidate: str) -> str:
    return f"canaries/{candidate}.json"
