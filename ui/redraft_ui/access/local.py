"""Whoever starts the app on their own machine: they are its admin, and in at once without a password."""

from __future__ import annotations

import getpass
import os
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path

from redraft.errors import DataError
from redraft.records import Role, User
from redraft.store import Store

_NAMELESS = "admin"


def account() -> str:
    """The name of the account that runs this program; ``admin`` if it has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return _NAMELESS


def local_admin(store: Store) -> User:
    """The user with this account's name, made if there is none; an admin, unless the run has another.

    Whoever can open the run's database could make themselves an admin anyway.
    """
    name = account()
    try:
        user = store.user(name) or store.add_user(name, Role.ADMIN, actor=name)
    except DataError:  # such as an account called oracle
        user = store.user(_NAMELESS) or store.add_user(_NAMELESS, Role.ADMIN, actor=_NAMELESS)
    if user.role is not Role.ADMIN and not any(other.role is Role.ADMIN for other in store.users()):
        store.set_role(user.name, Role.ADMIN, actor=user.name)
        user = user.model_copy(update={"role": Role.ADMIN})
    return user


@contextmanager
def shown_in_browser(root: Path, link: str) -> Iterator[None]:
    """Open ``link`` in the browser.

    Other accounts of the machine can read a program's arguments, so the browser is given a page that only this account
    can read, and that leads to the link. It is gone when the block ends.
    """
    page = root / "ui-open.html"
    page.unlink(missing_ok=True)
    with open(os.open(page, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as f:
        f.write(f'<!doctype html><title>Redraft</title><meta http-equiv="refresh" content="0; url={escape(link)}">')
    try:
        webbrowser.open(page.resolve().as_uri())
        yield
    finally:
        page.unlink(missing_ok=True)


def has_screen() -> bool:
    """Whether a browser would be seen; without a screen, one in the terminal might start instead."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
