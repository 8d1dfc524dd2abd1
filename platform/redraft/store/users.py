"""People: a name, a role, an address, what they work on, and whether they may still work."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import sqlalchemy as sa

from redraft.errors import DataError, NotAllowed
from redraft.records import Role, User, WorkFilter
from redraft.store import tables
from redraft.store.audit import note
from redraft.store.engine import Database
from redraft.store.rows import add, check_text, fetch, from_row, to_row

_users = tables.users
_SIMULATED = re.compile(r"oracle\b.*", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")


class UserPart:
    """The part of the store that knows people."""

    _db: Database

    def ensure_user(self, name: str, role: Role = Role.ANNOTATOR) -> User:
        """The user of that name, made if there is none; one who is there already keeps the role they have.

        Raises:
            DataError: the name is not 1-64 printable characters without spaces at its ends, or the role is unknown.
        """
        _check_name(name)
        row = {"name": name, "role": _role(role).value, "disabled": False, "created_at": self._db.clock()}
        with self._db.write() as connection:
            add(connection, _users, [row], "name")
            return get_user(connection, name)

    def add_user(self, name: str, role: Role, *, email: str | None = None, actor: str) -> User:
        """A new user; the name is kept composed (NFC) and with single spaces.

        Raises:
            DataError: the name, the address or the role will not do, or somebody has the name or the address.
        """
        name = " ".join(unicodedata.normalize("NFC", name).split())
        _check_name(name)
        if is_simulated(name):
            raise DataError(f"the name {name!r} belongs to the simulated annotators: choose another")
        user = User(name=name, role=_role(role), disabled=False, email=_checked_email(email))
        with self._db.write() as connection:
            self._db.lock(connection, "users")
            if _find(connection, _users.c.name == name) is not None:
                raise DataError(f"there is a user {name!r} already: choose another name")
            _refuse_taken_email(connection, user)
            connection.execute(_users.insert().values(to_row(_users, user) | {"created_at": self._db.clock()}))
            note(connection, self._db.clock(), actor, "add_user", f"{name} as {user.role}")
        return user

    def user(self, name: str) -> User | None:
        """The user of that name, or None."""
        check_text("the user's name", name)
        with self._db.read() as connection:
            return _find(connection, _users.c.name == name)

    def user_by_email(self, email: str) -> User | None:
        """The user of that address in any letter case, or None."""
        check_text("the address", email)
        with self._db.read() as connection:
            return _find(connection, _users.c.email == email.strip().lower())

    def users(self) -> list[User]:
        """Everybody, by name."""
        with self._db.read() as connection:
            return fetch(connection, User, sa.select(_users).order_by(_users.c.name))

    def set_role(self, name: str, role: Role, *, actor: str) -> None:
        """Give the user another role, from their next request on.

        Raises:
            NotAllowed: there is no such user, or nobody would be left to administer.
            DataError: the role is unknown.
        """
        role = _role(role)
        with self._db.write() as connection:
            if role is not Role.ADMIN:
                self._keep_an_admin(connection, name)
            _change(connection, name, role=role.value)
            note(connection, self._db.clock(), actor, "set_role", f"{name} to {role}")

    def set_email(self, name: str, email: str | None, *, actor: str) -> None:
        """Say by which address an identity provider knows the user; None: by none.

        Raises:
            NotAllowed: there is no such user.
            DataError: the address is malformed, or somebody else's.
        """
        checked = _checked_email(email)
        with self._db.write() as connection:
            self._db.lock(connection, "users")
            _refuse_taken_email(connection, get_user(connection, name).model_copy(update={"email": checked}))
            _change(connection, name, email=checked)
            note(connection, self._db.clock(), actor, "set_email", f"{name} to {checked or 'none'}")

    def set_work(self, name: str, work: WorkFilter, *, actor: str) -> None:
        """Say which tasks the user is given from now on; a task that they hold stays theirs.

        Raises:
            NotAllowed: there is no such user.
            DataError: the filter names a project that there is none of.
        """
        with self._db.write() as connection:
            known = set(connection.scalars(sa.select(tables.projects.c.id)))
            for project in work.projects:
                if project not in known:
                    raise DataError(f"there is no project {project!r}: it is one of {', '.join(sorted(known))}")
            _change(connection, name, work=work.model_dump_json())
            note(connection, self._db.clock(), actor, "set_work", f"{name}: {work.model_dump_json()}")

    def disable_user(self, name: str, *, actor: str) -> None:
        """From now on the user gets no task, nothing they send is taken, and no secret of theirs is worth anything.

        Raises:
            NotAllowed: there is no such user, or nobody would be left to administer.
        """
        with self._db.write() as connection:
            self._keep_an_admin(connection, name)
            _change(connection, name, disabled=True)
            connection.execute(tables.tokens.delete().where(tables.tokens.c.user == name))
            note(connection, self._db.clock(), actor, "disable_user", name)

    def enable_user(self, name: str, *, actor: str) -> None:
        """Let a disabled user work again, once they have been invited anew.

        Raises:
            NotAllowed: there is no such user.
        """
        with self._db.write() as connection:
            _change(connection, name, disabled=False)
            note(connection, self._db.clock(), actor, "enable_user", name)

    def _keep_an_admin(self, connection: sa.Connection, name: str) -> None:
        self._db.lock(connection, "admins")
        able = sa.and_(_users.c.role == Role.ADMIN.value, sa.not_(_users.c.disabled))
        if connection.scalars(sa.select(_users.c.name).where(able)).all() == [name]:
            raise NotAllowed(f"{name!r} is the last admin: make somebody else an admin first")


def is_simulated(name: str) -> bool:
    """Whether the name belongs to the annotators that a run simulates."""
    return _SIMULATED.fullmatch(name) is not None


def get_user(connection: sa.Connection, name: str) -> User:
    """The user of that name; NotAllowed if there is none."""
    found = _find(connection, _users.c.name == name)
    if found is None:
        raise NotAllowed(f"there is no user {name!r}")
    return found


def refuse_disabled(connection: sa.Connection, name: str) -> None:
    """Raise NotAllowed if the user is disabled; annotators without an account (oracles) may work."""
    if connection.scalar(sa.select(_users.c.disabled).where(_users.c.name == name)):
        raise NotAllowed(f"the account {name!r} is disabled: ask an admin")


def _find(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> User | None:
    row = connection.execute(sa.select(_users).where(condition)).mappings().first()
    return None if row is None else from_row(User, row)


def _change(connection: sa.Connection, name: str, **values: Any) -> None:
    check_text("the user's name", name)
    if connection.execute(_users.update().where(_users.c.name == name).values(values)).rowcount != 1:
        raise NotAllowed(f"there is no user {name!r}")


def _refuse_taken_email(connection: sa.Connection, user: User) -> None:
    other = None if user.email is None else _find(connection, _users.c.email == user.email)
    if other is not None and other.name != user.name:
        raise DataError(f"the address {user.email} belongs to {other.name!r} already: give each person their own")


def _role(role: str) -> Role:
    if role not in list(Role):
        raise DataError(f"unknown role {role!r}: it is one of {', '.join(Role)}")
    return Role(role)


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= 64 or not name.isprintable() or name != name.strip():
        raise DataError(
            f"a name has 1 to 64 printable characters and no spaces at its ends; {name[:80]!r} has {len(name)}"
        )


def _checked_email(email: str | None) -> str | None:
    if email is None:
        return None
    address = email.strip().lower()
    check_text("the address", address)
    if not _EMAIL.fullmatch(address) or not address.isprintable():
        raise DataError(f"{email[:80]!r} is no e-mail address: write it as name@example.org")
    return address
