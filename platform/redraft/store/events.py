"""What the loop did, how long that took, and with which versions: a line a step, for queries."""

from __future__ import annotations

import json

import sqlalchemy as sa
from pydantic import Field

from redraft.records import Record
from redraft.store import tables
from redraft.store.engine import Database
from redraft.store.rows import add, check_text, to_row

_events = tables.events
_KEY = ("run", "at", "round", "step")


class Event(Record):
    """A step of a run that ended at ``at``: what it was about, for how long, and the memory it took."""

    at: float
    round: int
    step: str
    run: str = ""
    policy: str | None = None
    dataset: str | None = None
    seconds: float | None = None
    rss_gib: float | None = None
    detail: dict[str, float | int | str] = Field(default_factory=dict)


class EventPart:
    """The part of the store that keeps events."""

    _db: Database

    def add_event(self, event: Event) -> None:
        """Append an event; one that is there already (the same step of the run at the same time) stays as it is.

        Raises:
            DataError: a text that not every database can store.
        """
        row = to_row(_events, event) | {"detail": json.dumps(event.detail)}
        with self._db.write() as connection:
            add(connection, _events, [row], *_KEY)

    def events(
        self,
        *,
        run: str | None = None,
        round: int | None = None,
        step: str | None = None,
        policy: str | None = None,
        limit: int | None = None,
    ) -> list[Event]:
        """The last ``limit`` events (all without one) of a run, a round, a step, a policy version; oldest first."""
        wanted = {"run": run, "round": round, "step": step, "policy": policy}
        query = sa.select(_events).order_by(_events.c.seq.desc())
        for name, value in wanted.items():
            if value is not None:
                check_text(f"the {name}", str(value))
                query = query.where(_events.c[name] == value)
        with self._db.read() as connection:
            rows = connection.execute(query.limit(limit)).mappings().all()
        return [_event(row) for row in reversed(rows)]


def _event(row: sa.RowMapping) -> Event:
    values = {name: row[name] for name in Event.model_fields}
    return Event.model_validate(values | {"detail": json.loads(row["detail"])})
