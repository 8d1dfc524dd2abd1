"""A candidate on trial: what is counted, when that is enough, and what it does to the verdict."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from redraft.canary import LOADING_SECONDS, Watch, with_canary
from redraft.config import ServeConfig
from redraft.records import Canary, Interval, ServerTally, Tally, Verdict

SERVE = ServeConfig(canary_share=0.2, canary_minutes=2)
MINUTES = 60 * SERVE.canary_minutes


def watch() -> Watch:
    return Watch("new", "old", SERVE, began=1000.0)


def server(name: str = "a", *, loaded: bool = True, **tallies: Tally) -> ServerTally:
    return ServerTally(server=name, versions=("old", "new") if loaded else ("old",), tallies=tallies)


def ended(trial: Watch, now: float) -> Canary:
    canary = trial.ended(now)
    assert canary is not None
    return canary


def test_time_counts_from_when_it_is_loaded_and_requests_from_when_the_watch_began() -> None:
    trial = watch()
    trial.saw(server(loaded=False, old=Tally(asked=500, failed=400)), 1000.0)
    trial.saw(server(old=Tally(asked=510, failed=400)), 1050.0)
    trial.saw(server(old=Tally(asked=600, failed=401, cut=9), new=Tally(asked=20, cut=3)), 1040.0 + MINUTES)
    assert trial.ended(1049.0 + MINUTES) is None
    canary = ended(trial, 1050.0 + MINUTES)
    assert (canary.well, canary.seconds) == (True, 50 + MINUTES)
    assert canary.incumbent_tally == Tally(asked=100, failed=1, cut=9)
    assert canary.reason == (
        "Passed: as a canary it was asked 20 times (0 failed, 0 given up, 0 empty, 3 cut off), and old meanwhile "
        "100 times (1 failed, 0 given up, 0 empty, 9 cut off); no share may be higher beyond doubt."
    )


def test_a_server_that_is_started_again_counts_on() -> None:
    trial = watch()
    trial.saw(server("a", old=Tally(asked=7)), 1000.0)
    trial.saw(server("a", old=Tally(asked=57), new=Tally(asked=5)), 1010.0)
    trial.saw(None, 1012.0)
    trial.saw(server("b", old=Tally(asked=30), new=Tally(asked=4)), 1020.0)
    trial.saw(server("b", old=Tally(asked=40), new=Tally(asked=6)), 1030.0)
    assert (trial.counted("old").asked, trial.counted("new").asked) == (90, 11)


def test_what_fails_people_beyond_doubt_is_refused_at_once_and_in_doubt_at_the_end_or_not_at_all() -> None:
    for bad in (
        Tally(asked=30, failed=30),
        Tally(asked=30, left=20),
        Tally(asked=30, empty=25),
        Tally(asked=30, cut=30),
    ):
        trial = watch()
        trial.saw(server(), 1000.0)
        trial.saw(server(old=Tally(asked=90, cut=2), new=bad), 1002.0)
        canary = ended(trial, 1002.0)
        assert not canary.well and canary.reason.startswith("Failed: as a canary it was asked 30 times")
    for failed, well in ((3, False), (1, True)):
        trial = watch()
        trial.saw(server(), 1000.0)
        trial.saw(server(old=Tally(asked=90), new=Tally(asked=30, failed=failed)), 1002.0)
        assert trial.ended(1002.0) is None, "it is looked at again and again, so only what is beyond all doubt counts"
        assert ended(trial, 1000.0 + MINUTES).well == well


def test_nobody_who_asks_is_no_fault_and_a_version_that_cannot_be_loaded_is_one() -> None:
    asked_by_nobody, no_server, unloaded = watch(), watch(), watch()
    asked_by_nobody.saw(server(), 1000.0)
    assert ended(asked_by_nobody, 1000.0 + MINUTES).well
    no_server.saw(None, 1001.0)
    unloaded.saw(server(loaded=False), 1001.0)
    for trial, well in ((no_server, True), (unloaded, False)):
        assert trial.ended(999.0 + LOADING_SECONDS) is None
        assert ended(trial, 1000.0 + LOADING_SECONDS).well == well


@given(st.integers(0, 400), st.integers(0, 400), st.floats(0, 1), st.floats(0, 1))
def test_a_candidate_that_fails_no_more_often_is_never_refused(one: int, two: int, share: float, more: float) -> None:
    old, new = round(one * (share + (1 - share) * more)), int(two * share)
    trial = watch()
    trial.saw(server(), 1000.0)
    trial.saw(server(old=Tally(asked=one, failed=old), new=Tally(asked=two, failed=new)), 1001.0)
    canary = ended(trial, 1000.0 + MINUTES)
    assert canary.well or new / two > old / one


def test_the_verdict_has_one_more_reason_and_may_turn() -> None:
    measured = Verdict(
        candidate="new", incumbent="old", promoted=True, difference=Interval(value=-1, low=-2, high=0), reasons=("one",)
    )
    assert with_canary(measured, None) == measured
    trial = watch()
    trial.saw(server(), 1000.0)
    well = ended(trial, 1000.0 + MINUTES)
    bad = well.model_copy(update={"well": False, "reason": "Failed: two."})
    assert with_canary(measured, well).promoted and with_canary(measured, well).reasons == ("one", well.reason)
    refused = with_canary(measured, bad)
    assert (refused.promoted, refused.reasons) == (False, ("one", "Failed: two."))
    assert not with_canary(measured.model_copy(update={"promoted": False}), well).promoted
