"""What people ask of the loop: to stop, to pause, when to train."""

from __future__ import annotations

from redraft.records import Schedule
from redraft.store import Store


def test_a_stop_is_seen_until_it_is_taken_back(store: Store) -> None:
    assert not store.stop_requested()
    store.request_stop()
    store.request_stop()
    assert store.stop_requested()
    store.clear_stop()
    assert not store.stop_requested()


def test_a_pause_is_seen_until_it_is_lifted_and_the_log_tells_who(store: Store) -> None:
    assert not store.paused()
    store.pause(actor="eve")
    assert store.paused() and not store.stop_requested()
    store.unpause(actor="adam")
    store.unpause(actor="adam")
    assert not store.paused()
    assert [(entry.actor, entry.action) for entry in store.audit()] == [("eve", "pause"), ("adam", "unpause")]


def test_a_schedule_is_kept_whole_until_the_config_has_its_way_again(store: Store) -> None:
    assert store.schedule() is None
    nightly = Schedule(train_after=50, train_every_minutes=720.5, train_hours=(22, 6))
    store.set_schedule(nightly, actor="eve")
    assert store.schedule() == nightly
    store.set_schedule(Schedule(), actor="adam")
    assert store.schedule() == Schedule(), "a schedule without any trigger is one, too"
    assert not store.paused() and not store.stop_requested()
    store.set_schedule(None, actor="eve")
    assert store.schedule() is None
    assert [(entry.actor, entry.action, entry.detail) for entry in store.audit()] == [
        ("eve", "schedule", '{"train_after":50,"train_every_minutes":720.5,"train_hours":[22,6]}'),
        ("adam", "schedule", "{}"),
        ("eve", "schedule", "as configured"),
    ]
