"""Who is signed in to the pages.

The browser holds the secret of a session in a cookie; whom it belongs to, whether it still counts and what they may do
is asked of the store at every rerun, and again by ``authorised`` before every write.
"""

from __future__ import annotations

import time
from html import escape

import streamlit as st

from redraft.errors import ConfigError, NotAllowed
from redraft.records import Role, TokenKind, User
from redraft.store import Store
from redraft_ui.access.join import COOKIE
from redraft_ui.access.oidc import CODE_SECONDS, vouched_address
from redraft_ui.marked_text import plain
from redraft_ui.workplace import Workplace


def session_secret() -> str:
    """The secret that the visitor's browser sent; empty if it sent none."""
    return st.context.cookies.get(COOKIE, "")


def signed_in(work: Workplace) -> User | None:
    """The visitor, as the store knows them now; None if their session is over or their account disabled."""
    secret = session_secret()
    return work.store.holder(secret, TokenKind.SESSION) if secret else None


def authorised(store: Store, name: str, role: Role = Role.ANNOTATOR) -> User:
    """The user of that name, as the store knows them now.

    Raises:
        NotAllowed: if the store does not know the name, the account is disabled, or it lacks the role.
    """
    user = store.user(name)
    if user is None:
        raise NotAllowed(f"Nobody called {name} is known here: please sign in again.")
    if user.disabled:
        raise NotAllowed(f"The account {name} is disabled: ask whoever runs this project.")
    if not user.role.includes(role):
        raise NotAllowed(f"The account {name} is that of a mere {user.role}: ask an admin to make it {_a(role)}.")
    return user


def account_box(work: Workplace, user: User) -> None:
    """Who is signed in, and the way out."""
    with st.popover(plain(user.name), icon=":material/person:"):
        st.text(f"You are {user.name}, {user.role}.")
        if st.button("Sign out", width="stretch"):
            sign_out(work)


def sign_out(work: Workplace) -> None:
    """End the visitor's session, here and wherever else the same cookie is used."""
    work.store.end_session(session_secret())
    if _has_provider() and st.user.is_logged_in:
        st.logout()
        st.stop()  # the provider's word is still fresh: drawing the page again would let the visitor in again
    st.rerun()


def sign_in_page(work: Workplace) -> None:
    """What somebody sees who is not signed in: how to come in."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.title("Help a model tell the truth", anchor=False)
        st.write(
            "A computer program, the model, has described some pictures. Sometimes it tells of things that are not "
            "there. You look at the picture and mend only the wrong words."
        )
        if session_secret():
            st.info("You are signed out: your time was up, you left, or an admin ended it.", icon=":material/schedule:")
        if _has_provider():
            _ask_provider(work)
        st.write("You need a link to sign in. Whoever runs this project can make one for you; it works once.")
        st.html('<p><a href="/join" target="_self" style="color: inherit">I have a link, and want to paste it</a></p>')
        st.caption("If that is you, make one in a terminal: `redraft users invite RUN NAME`")


def _has_provider() -> bool:
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets


def _ask_provider(work: Workplace) -> None:
    """Send the visitor to the identity provider, or let in whom it has vouched for."""
    try:
        address = vouched_address(dict(st.user), time.time()) if st.user.is_logged_in else None
    except ConfigError as error:
        st.error(plain(f"{error}."))
        address = None
    if address is None:
        st.button("Sign in", type="primary", on_click=st.login)
        return
    user = work.store.user_by_email(address)
    if user is None or user.disabled:
        why = "is not known here" if user is None else "belongs to an account that is disabled"
        st.error(plain(f"You are {address}, which {why}: ask whoever runs this project to let you in."))
        st.button("Sign in as somebody else", on_click=st.logout)
        return
    code = work.store.issue_token(
        user.name, TokenKind.INVITE, seconds=CODE_SECONDS, label="identity provider", actor=user.name
    )
    st.html(
        f'<p><a id="redraft-enter" href="/join#{code}" target="_self">Go on as {escape(user.name)}</a></p>'
        '<script src="/enter.js"></script>',
        unsafe_allow_javascript=True,
    )
    st.stop()


def _a(role: Role) -> str:
    return f"an {role}" if role.value[0] in "aeiou" else f"a {role}"
