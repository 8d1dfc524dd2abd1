"""Rounds of the loop, each step committed by compare-and-set, and what people ask of it: to stop, pause, train when."""

from __future__ import annotations

import sqlalchemy as sa

from redraft.errors import StorageError
from redraft.records import Phase, RoundRow, Schedule
from redraft.store import tables
from redraft.store.audit import note
from redraft.store.engine import Database
from redraft.store.rows import add, fetch, from_row, put, to_row

_rounds = tables.rounds
_control = tables.control
_STOP, _PAUSE, _SCHEDULE = "stop", "pause", "schedule"


class RoundPart:
    """The part of the store that the controller keeps its place in."""

    _db: Database

    def rounds(self) -> list[RoundRow]:
        """All rounds begun so far, in order."""
        with self._db.read() as connection:
            return fetch(connection, RoundRow, sa.select(_rounds).order_by(_rounds.c.number))

    def begin_round(self, number: int, phase: Phase, incumbent: str) -> RoundRow:
        """Begin a round; one that is begun already is returned as it stands.

        Raises:
            StorageError: the incumbent is not a stored policy version.
        """
        fresh = RoundRow(number=number, phase=phase, incumbent=incumbent, started_at=self._db.clock())
        with self._db.write() as connection:
            add(connection, _rounds, [to_row(_rounds, fresh)], "number")
            row = connection.execute(sa.select(_rounds).where(_rounds.c.number == number)).mappings().one()
            return from_row(RoundRow, row)

    def advance(
        self,
        number: int,
        expected: Phase,
        to: Phase,
        *,
        dataset: str | None = None,
        candidate: str | None = None,
        promoted: bool | None = None,
    ) -> bool:
        """Move a round from ``expected`` on, recording what the step made; False if it was not at ``expected``.

        A step that is run again after a crash thus commits once: whoever comes second changes nothing.

        Raises:
            StorageError: the round was never begun, or the dataset or candidate is not stored.
        """
        made = {"dataset": dataset, "candidate": candidate, "promoted": promoted}
        values = {name: value for name, value in made.items() if value is not None}
        ended_at = self._db.clock() if to is Phase.DONE else None
        here = sa.and_(_rounds.c.number == number, _rounds.c.phase == expected.value)
        step = _rounds.update().where(here).values(phase=to.value, ended_at=ended_at, **values)
        with self._db.write() as connection:
            if connection.execute(step).rowcount == 1:
                return True
            if connection.scalar(sa.select(_rounds.c.number).where(_rounds.c.number == number)) is None:
                raise StorageError(f"round {number} was never begun")
            return False

    def request_stop(self) -> None:
        """Ask the controller to stop after the step it is in."""
        self._raise(_STOP)

    def clear_stop(self) -> None:
        """Take the request back."""
        self._lower(_STOP)

    def stop_requested(self) -> bool:
        """Whether the controller was asked to stop."""
        return self._is_raised(_STOP)

    def pause(self, *, actor: str) -> None:
        """Ask the controller to begin no further step until ``unpause``; people work on."""
        self._raise(_PAUSE, actor)

    def unpause(self, *, actor: str) -> None:
        """Let the controller go on."""
        self._lower(_PAUSE, actor)

    def paused(self) -> bool:
        """Whether the loop is paused."""
        return self._is_raised(_PAUSE)

    def set_schedule(self, schedule: Schedule | None, *, actor: str) -> None:
        """Say when rounds train from now on, whatever the config says; None leaves it to the config again."""
        with self._db.write() as connection:
            if schedule is None:
                connection.execute(_control.delete().where(_control.c.flag == _SCHEDULE))
            else:
                row = {"flag": _SCHEDULE, "at": self._db.clock(), "detail": schedule.model_dump_json()}
                put(connection, _control, row, "flag")
            told = "as configured" if schedule is None else schedule.model_dump_json(exclude_none=True)
            note(connection, self._db.clock(), actor, _SCHEDULE, told)

    def schedule(self) -> Schedule | None:
        """When rounds train, as a person has set it; None where nobody has."""
        with self._db.read() as connection:
            found = connection.scalar(sa.select(_control.c.detail).where(_control.c.flag == _SCHEDULE))
        return None if found is None else Schedule.model_validate_json(found)

    def _raise(self, flag: str, actor: str | None = None) -> None:
        with self._db.write() as connection:
            put(connection, _control, {"flag": flag, "at": self._db.clock()}, "flag")
            if actor is not None:
                note(connection, self._db.clock(), actor, flag, "the loop")

    def _lower(self, flag: str, actor: str | None = None) -> None:
        with self._db.write() as connection:
            gone = connection.execute(_control.delete().where(_control.c.flag == flag)).rowcount
            if actor is not None and gone:
                note(connection, self._db.clock(), actor, f"un{flag}", "the loop")

    def _is_raised(self, flag: str) -> bool:
        with self._db.read() as connection:
            return connection.scalar(sa.select(_control.c.flag).where(_control.c.flag == flag)) is not None
