"""People: a name, a role, and whether they may still work."""

from __future__ import annotations

from typing import Literal, get_args

import sqlalchemy as sa

from redraft.errors import DataError, NotAllowed
from redraft.records import Record
from redraft.store import tables
from redraft.store.audit import note
from redraft.store.engine import Database
from redraft.store.rows import add, check_text, fetch, from_row

Role = Literal["annotator", "reviewer", "researcher", "admin"]

_users = tables.users


class User(Record):
    """Somebody who signs in."""

    name: str
    role: Role
    disabled: bool


class UserPart:
    """The part of the store that knows people."""

    _db: Database

    def ensure_user(self, name: str, role: Role = "annotator") -> User:
        """The user of that name, made if there is none; one who is there already keeps the role they have.

        Raises:
            DataError: the name is not 1-64 printable characters without spaces at its ends, or the role is unknown.
        """
        _check_name(name)
        if role not in get_args(Role):
            raise DataError(f"unknown role {role!r}: it is one of {', '.join(get_args(Role))}")
        row = {"name": name, "role": role, "disabled": False, "created_at": self._db.clock()}
        with self._db.write() as connection:
            add(connection, _users, [row], "name")
            return from_row(User, connection.execute(_named(name)).mappings().one())

    def user(self, name: str) -> User | None:
        """The user of that name, or None."""
        check_text("the user's name", name)
        with self._db.read() as connection:
            row = connection.execute(_named(name)).mappings().first()
            return None if row is None else from_row(User, row)

    def users(self) -> list[User]:
        """Everybody, by name."""
        with self._db.read() as connection:
            return fetch(connection, User, sa.select(_users).order_by(_users.c.name))

    def disable_user(self, name: str, *, actor: str) -> None:
        """From now on the user gets no task, and nothing they send is taken.

        Raises:
            NotAllowed: there is no such user.
        """
        with self._db.write() as connection:
            changed = connection.execute(_users.update().where(_users.c.name == name).values(disabled=True))
            if changed.rowcount != 1:
                raise NotAllowed(f"there is no user {name!r}")
            note(connection, self._db.clock(), actor, "disable_user", name)


def refuse_disabled(connection: sa.Connection, name: str) -> None:
    """Raise NotAllowed if the user is disabled; annotators without an account (oracles) may work."""
    if connection.scalar(sa.select(_users.c.disabled).where(_users.c.name == name)):
        raise NotAllowed(f"the account {name!r} is disabled: ask an admin")


def _named(name: str) -> sa.Select[tuple[object, ...]]:
    return sa.select(_users).where(_users.c.name == name)


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= 64 or not name.isprintable() or name != name.strip():
        raise DataError(
            f"a name has 1 to 64 printable characters and no spaces at its ends; {name[:80]!r} has {len(name)}"
        )
