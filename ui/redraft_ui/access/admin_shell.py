"""What the admin's forms share: a mistake is one sentence, and what was done is said after the page is drawn anew."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from redraft.errors import RedraftError
from redraft_ui.marked_text import plain

_DONE = "admin_done"


@contextmanager
def say_mistake() -> Iterator[None]:
    """Show a mistake where the block stands, instead of what it would have shown."""
    try:
        yield
    except RedraftError as error:
        st.error(plain(f"{error}."))


def done(sentence: str) -> None:
    """Draw the page anew, so that it shows what has changed, and say ``sentence`` there."""
    st.session_state[_DONE] = sentence
    st.rerun()


def say_done() -> None:
    """Say what was done just before, once."""
    sentence = st.session_state.pop(_DONE, None)
    if sentence is not None:
        st.toast(plain(sentence), icon=":material/check:")


def moment(at: float) -> str:
    """UTC seconds as the server's local time."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
