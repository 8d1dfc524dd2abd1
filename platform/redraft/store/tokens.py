"""Secrets that people sign in with. Only their hashes are stored, so whoever reads the database cannot use them.

issue_token ──► invitation ──redeem_invite, once──► session ──expiry, revoke, disable──► worth nothing
            └─► API token, policy token ──expiry, revoke, disable──► worth nothing
"""

from __future__ import annotations

import secrets
from hashlib import sha256

import sqlalchemy as sa

from redraft.errors import DataError, NotAllowed
from redraft.records import Token, TokenKind, User
from redraft.store import tables
from redraft.store.audit import note
from redraft.store.engine import Database
from redraft.store.rows import check_text, fetch, from_row
from redraft.store.users import get_user, is_simulated, refuse_disabled

SECRET_BYTES = 32
"""A secret is so many random bytes, 256 bits, written as 43 characters that need no escaping in a URL."""

_LONGEST_LABEL = 80
_LONGEST_SECRET = 200
_tokens = tables.tokens


class TokenPart:
    """The part of the store that knows who a secret belongs to."""

    _db: Database

    def issue_token(self, user: str, kind: TokenKind, *, seconds: float, label: str = "", actor: str) -> str:
        """A new secret of the user, good for ``seconds``; nobody can show it again.

        Raises:
            NotAllowed: there is no such user, or the user is disabled or simulated.
            DataError: the label is too long or unprintable, or ``seconds`` is not positive.
        """
        if len(label) > _LONGEST_LABEL or not (label.isprintable() or not label):
            raise DataError(f"a label has at most {_LONGEST_LABEL} printable characters: shorten {label[:20]!r}")
        if not 0 < seconds < 1e10:
            raise DataError(f"a secret that is good for {seconds} s is of no use: name a positive time")
        if is_simulated(user):
            raise NotAllowed(f"{user!r} is a simulated annotator, who never signs in")
        with self._db.write() as connection:
            get_user(connection, user)
            refuse_disabled(connection, user)
            self._forget_expired(connection, user)
            secret = self._insert(connection, user, kind, seconds, label)
            note(connection, self._db.clock(), actor, "issue_token", _told(user, kind, secret, label))
        return secret

    def redeem_invite(self, secret: str, *, seconds: float) -> tuple[User, str]:
        """Use an invitation up: its user, and the secret of a session that is good for ``seconds``.

        Raises:
            NotAllowed: the invitation is unknown, used or expired, or its user is disabled.
        """
        with self._db.write() as connection:
            now = self._db.clock()
            invite = _hash(secret)
            fresh = sa.and_(_tokens.c.hash == invite, _tokens.c.kind == TokenKind.INVITE.value)
            unused = sa.and_(fresh, _tokens.c.used_at.is_(None), _tokens.c.expires_at > now)
            if connection.execute(_tokens.update().where(unused).values(used_at=now)).rowcount != 1:
                raise NotAllowed(_why_not(connection, fresh))
            name = str(connection.scalar(sa.select(_tokens.c.user).where(fresh)))
            refuse_disabled(connection, name)
            session = self._insert(connection, name, TokenKind.SESSION, seconds, "")
            self._forget_expired(connection, name)
            note(connection, now, name, "sign_in", f"invitation {invite[:12]}, session {token_id(session)}")
            return get_user(connection, name), session

    def holder(self, secret: str, *kinds: TokenKind) -> User | None:
        """Whose secret of one of these kinds this is; None if it is nobody's, expired, or its user is disabled."""
        query = (
            sa.select(tables.users)
            .join(_tokens, _tokens.c.user == tables.users.c.name)
            .where(
                _tokens.c.hash == _hash(secret),
                _tokens.c.kind.in_([kind.value for kind in kinds]),
                _tokens.c.expires_at > self._db.clock(),
                sa.not_(tables.users.c.disabled),
            )
        )
        with self._db.read() as connection:
            row = connection.execute(query).mappings().first()
            return None if row is None else from_row(User, row)

    def tokens(self, user: str | None = None) -> list[Token]:
        """What is known of the secrets that are still good (of one user), newest first."""
        query = sa.select(_tokens).where(_tokens.c.expires_at > self._db.clock())
        query = query.order_by(_tokens.c.created_at.desc(), _tokens.c.hash)
        if user is not None:
            check_text("the user's name", user)
            query = query.where(_tokens.c.user == user)
        with self._db.read() as connection:
            return fetch(connection, Token, query)

    def revoke_token(self, id: str, *, actor: str) -> None:
        """Make one secret worthless.

        Raises:
            NotAllowed: there is none of that id.
        """
        check_text("the id", id)
        with self._db.write() as connection:
            row = connection.execute(sa.select(_tokens).where(_tokens.c.id == id)).mappings().first()
            if row is None:
                raise NotAllowed(f"there is no token {id!r}: it may have expired, or been revoked already")
            connection.execute(_tokens.delete().where(_tokens.c.id == id))
            note(connection, self._db.clock(), actor, "revoke_token", f"{row['kind']} {id} of {row['user']}")

    def end_session(self, secret: str) -> None:
        """Sign out the holder of a session's secret; nothing happens if it is nobody's."""
        mine = sa.and_(_tokens.c.hash == _hash(secret), _tokens.c.kind == TokenKind.SESSION.value)
        with self._db.write() as connection:
            name = connection.scalar(sa.select(_tokens.c.user).where(mine))
            if name is not None:
                connection.execute(_tokens.delete().where(mine))
                note(connection, self._db.clock(), name, "sign_out", f"session {token_id(secret)}")

    def end_sessions(self, name: str, *, actor: str) -> int:
        """Sign the user out everywhere; returns of how many sessions.

        Raises:
            NotAllowed: there is no such user.
        """
        mine = sa.and_(_tokens.c.user == name, _tokens.c.kind == TokenKind.SESSION.value)
        with self._db.write() as connection:
            get_user(connection, name)
            ended = connection.execute(_tokens.delete().where(mine)).rowcount
            note(connection, self._db.clock(), actor, "end_sessions", f"{ended} of {name}")
            return ended

    def _insert(self, connection: sa.Connection, user: str, kind: TokenKind, seconds: float, label: str) -> str:
        secret = secrets.token_urlsafe(SECRET_BYTES)
        now = self._db.clock()
        row = {"hash": _hash(secret), "id": token_id(secret), "user": user, "kind": kind.value, "label": label}
        connection.execute(_tokens.insert().values(row | {"created_at": now, "expires_at": now + seconds}))
        return secret

    def _forget_expired(self, connection: sa.Connection, user: str) -> None:
        late = sa.and_(_tokens.c.user == user, _tokens.c.expires_at <= self._db.clock())
        connection.execute(_tokens.delete().where(late))


def token_id(secret: str) -> str:
    """The public name of a secret: the beginning of its hash."""
    return _hash(secret)[:12]


def _hash(secret: str) -> str:
    """A secret is 256 random bits, so it needs no slow hash; a text that cannot be one hashes to nothing."""
    return sha256(secret.encode()).hexdigest() if len(secret) <= _LONGEST_SECRET and secret.isascii() else ""


def _why_not(connection: sa.Connection, invite: sa.ColumnElement[bool]) -> str:
    row = connection.execute(sa.select(_tokens).where(invite)).mappings().first()
    if row is None:
        return "this link is not known, or no longer good: ask for a new one"
    if row["used_at"] is not None:
        return "this link has been used already, and works only once: ask for a new one"
    return "this link has expired: ask for a new one"


def _told(user: str, kind: TokenKind, secret: str, label: str) -> str:
    return f"{kind} {token_id(secret)} for {user}" + (f" ({label})" if label else "")
