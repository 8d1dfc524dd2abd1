"""Who is signed in.

Signing in takes a name and nothing more: whoever reaches the app may use any name, which is why it listens on this
machine alone by default. The name in the session is only a claim; `authorised` asks the store again before every write.
"""

from __future__ import annotations

import re
import unicodedata

import streamlit as st

from redraft.errors import NotAllowed, RedraftError
from redraft.store import Store, User
from redraft_ui.guidelines import GUIDELINES
from redraft_ui.marked_text import plain

_NAME = re.compile(r"\w[\w .@'\u2019-]{0,62}")
_SIMULATED = re.compile(r"oracle\b.*", re.IGNORECASE)
_KEY = "signed_in_as"


def clean_name(typed: str) -> str:
    """The name as it is kept: composed characters, single spaces.

    Raises:
        NotAllowed: if it is empty, too long, holds other signs, or belongs to the simulated annotators.
    """
    name = " ".join(unicodedata.normalize("NFC", typed).split())
    if not _NAME.fullmatch(name):
        raise NotAllowed(
            "Please give a name of 1 to 63 letters or digits; spaces and . - _ @ ' are fine after the first."
        )
    if _SIMULATED.fullmatch(name):
        raise NotAllowed(f"The name {name} belongs to the simulated annotators: please take another.")
    return name


def authorised(store: Store, name: str) -> User:
    """The user of that name, as the store knows them now.

    Raises:
        NotAllowed: if the store does not know the name, or the account is disabled.
    """
    user = store.user(name)
    if user is None:
        raise NotAllowed(f"Nobody called {name} is known here: please sign in again.")
    if user.disabled:
        raise NotAllowed(f"The account {name} is disabled: ask whoever runs this project.")
    return user


def sign_in(store: Store, typed: str) -> User:
    """Make the account if it is new, and check that it may work.

    Raises:
        NotAllowed: if the name will not do or the account is disabled.
    """
    name = clean_name(typed)
    store.ensure_user(name)
    return authorised(store, name)


def signed_in(store: Store) -> User | None:
    """The visitor of this session, checked again; without one, the form to sign in is shown instead."""
    name = st.session_state.get(_KEY)
    if name is not None:
        try:
            return authorised(store, name)
        except NotAllowed as error:
            del st.session_state[_KEY]
            st.error(plain(str(error)))
    _form(store)
    return None


def sign_out() -> None:
    """Forget who is signed in."""
    st.session_state.pop(_KEY, None)


def _form(store: Store) -> None:
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.title("Help a model tell the truth", anchor=False)
        st.write(
            "A computer program, the model, has described some pictures. Sometimes it tells of things that are not "
            "there: that is called a hallucination. You look at the picture and mend only the wrong words."
        )
        with st.form("sign-in", border=True):
            typed = st.text_input("Your name", max_chars=63, autocomplete="username", placeholder="for example Ada")
            pressed = st.form_submit_button("Start", type="primary", width="stretch")
        if pressed:
            try:
                user = sign_in(store, typed)
            except RedraftError as error:
                st.error(plain(str(error)))
                return
            st.session_state[_KEY] = user.name
            st.rerun()
        st.subheader("How to correct", anchor=False)
        st.markdown(GUIDELINES)
