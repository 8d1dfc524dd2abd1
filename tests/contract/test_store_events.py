"""The loop's events are kept in order, found by what they are about, and never doubled."""

from __future__ import annotations

from typing import Any

import pytest

from redraft.errors import DataError
from redraft.store import Event, Store


def event(at: float, step: str = "sample", **fields: Any) -> Event:
    return Event.model_validate({"at": at, "round": 1, "step": step, "run": "mine"} | fields)


@pytest.fixture
def events(store: Store) -> list[Event]:
    made = [
        event(10.0, "evaluate", round=0, policy="r00-base"),
        event(20.0, policy="r00-base", seconds=8.5, rss_gib=1.25, detail={"images": 24, "share": 0.5, "by": "Zoë"}),
        event(30.0, "train", policy="r01-abc", dataset="d1", seconds=60.0),
        event(25.0, "evaluate", policy="r01-abc"),
        event(40.0, round=2, policy="r01-abc"),
        event(50.0, run="another", policy="r00-base"),
    ]
    for one in made:
        store.add_event(one)
    return made


def test_events_come_back_as_they_were_in_the_order_in_which_they_came(store: Store, events: list[Event]) -> None:
    assert store.events() == events
    assert store.events(run="another") == events[5:]


def test_events_are_found_by_round_step_and_policy(store: Store, events: list[Event]) -> None:
    assert store.events(round=0) == events[:1]
    assert store.events(step="evaluate") == [events[0], events[3]]
    assert store.events(policy="r01-abc") == events[2:5]
    assert store.events(round=1, step="sample", run="mine") == [events[1]]
    assert store.events(policy="nobody") == []


def test_a_limit_keeps_the_last_ones_oldest_first(store: Store, events: list[Event]) -> None:
    assert store.events(limit=2) == events[-2:]
    assert store.events(policy="r00-base", limit=2) == [events[1], events[5]]
    assert store.events(limit=0) == []


def test_an_event_that_is_told_twice_is_one(store: Store, events: list[Event]) -> None:
    store.add_event(events[1])
    store.add_event(events[1].model_copy(update={"seconds": 1.0}))
    assert store.events() == events


def test_a_text_that_not_every_database_takes_is_refused(store: Store) -> None:
    with pytest.raises(DataError, match="NUL"):
        store.add_event(event(1.0, "a\0b"))
    with pytest.raises(DataError, match="NUL"):
        store.events(step="a\0b")
    store.add_event(event(1.0, detail={"said": "a\0b"}))
    assert store.events()[0].detail == {"said": "a\0b"}
