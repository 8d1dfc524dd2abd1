"""Whether a candidate fails people who ask it: counted on a share of their requests, before it is promoted.

ServerTally ──saw──► Watch ──ended──► Canary ──with_canary──► Verdict
every few seconds    counts since     once time is up,        one more reason
                     it began         or doubt is over
"""

from __future__ import annotations

from redraft.config import ServeConfig
from redraft.quality.shares import least_rise, wilson
from redraft.records import Canary, ServerTally, Tally, Verdict

LOADING_SECONDS = 900.0
"""How long a server may take to load a candidate; its share of the requests begins then."""

_AT_THE_END, _MEANWHILE = 1.96, 3.29
"""Standard deviations: 95 % once time is up, 99.9 % before, because then it is looked at again and again."""


class Watch:
    """A candidate's share of the requests; what was counted before ``began``, seconds of any clock, does not count."""

    def __init__(self, candidate: str, incumbent: str, serve: ServeConfig, began: float) -> None:
        self.candidate, self.incumbent, self.began = candidate, incumbent, began
        self._seconds = 60 * serve.canary_minutes
        self._first: ServerTally | None = None
        self._last: dict[str, ServerTally] = {}
        self._loaded_at: float | None = None

    def saw(self, tally: ServerTally | None, now: float) -> None:
        """Take what a server has counted by now; None where none answers. One that came later counts from its start."""
        if tally is None:
            return
        if self._first is None:
            self._first = tally
        self._last[tally.server] = tally
        if self._loaded_at is None and self.candidate in tally.versions:
            self._loaded_at = now

    def counted(self, version: str) -> Tally:
        """What became of a version's requests, on all servers that were seen."""
        total = Tally()
        for tally in self._last.values():
            total = total.plus(tally.tallies.get(version, Tally()))
        before = self._first.tallies.get(version) if self._first is not None else None
        return total.since(before) if before is not None else total

    def ended(self, now: float) -> Canary | None:
        """What came of it at ``now``; None while it has to go on."""
        if self._loaded_at is None:
            return self._never_loaded(now) if now - self.began >= LOADING_SECONDS else None
        candidate, incumbent = self.counted(self.candidate), self.counted(self.incumbent)
        time_is_up = now - self._loaded_at >= self._seconds
        worse = _worse(candidate, incumbent, _AT_THE_END if time_is_up else _MEANWHILE)
        if not time_is_up and not worse:
            return None
        told = f"as a canary it was asked {_told(candidate)}, and {self.incumbent} meanwhile {_told(incumbent)}"
        return self._canary(now, not worse, f"{told}; no share may be higher beyond doubt")

    def _never_loaded(self, now: float) -> Canary:
        """A server that lacks the candidate is its fault; that there is no server is not."""
        minutes = f"{LOADING_SECONDS / 60:g} minutes"
        if self._last:
            return self._canary(now, False, f"as a canary it was not loaded by the server within {minutes}")
        return self._canary(now, True, f"as a canary it was asked nothing, because no server answered for {minutes}")

    def _canary(self, now: float, well: bool, told: str) -> Canary:
        return Canary(
            candidate=self.candidate,
            incumbent=self.incumbent,
            seconds=round(now - self.began, 1),
            candidate_tally=self.counted(self.candidate),
            incumbent_tally=self.counted(self.incumbent),
            well=well,
            reason=f"{'Passed' if well else 'Failed'}: {told}.",
        )


def with_canary(verdict: Verdict, canary: Canary | None) -> Verdict:
    """The verdict on a candidate that was also tried out."""
    if canary is None:
        return verdict
    promoted = verdict.promoted and canary.well
    return verdict.model_copy(update={"promoted": promoted, "reasons": (*verdict.reasons, canary.reason)})


def _worse(candidate: Tally, incumbent: Tally, z: float) -> bool:
    """Whether more of the candidate's requests went without a readable answer, or were cut off, beyond doubt."""
    if not candidate.asked or not incumbent.asked:
        return False
    return any(
        least_rise(wilson(before, incumbent.asked, z), wilson(after, candidate.asked, z)) > 0
        for before, after in ((incumbent.bad, candidate.bad), (incumbent.cut, candidate.cut))
    )


def _told(tally: Tally) -> str:
    parts = f"{tally.failed} failed, {tally.left} given up, {tally.empty} empty, {tally.cut} cut off"
    return f"{tally.asked} times ({parts})"
