"""Pause the loop and let it go on; people are not disturbed by either."""

from __future__ import annotations

import streamlit as st

from redraft.errors import RedraftError
from redraft.records import Role, User
from redraft_ui.access.session import authorised
from redraft_ui.marked_text import plain
from redraft_ui.workplace import Workplace

_REFUSED = "pause-refused"
_PAUSED = "The loop is paused: it begins no further step. People may go on annotating."


def show(work: Workplace, user: User) -> None:
    """The button that is due, and what it means."""
    refused = st.session_state.pop(_REFUSED, None)
    if refused is not None:
        st.error(plain(refused))
    paused = work.store.paused()
    if paused:
        st.info(_PAUSED, icon=":material/pause:")
    st.button(
        "Let the loop go on" if paused else "Pause the loop",
        key="pause",
        help=None if paused else "It ends its present step and begins no other until you let it go on.",
        on_click=_turn,
        args=(work, user, not paused),
    )


def _turn(work: Workplace, user: User, pause: bool) -> None:
    """Carry it out as whoever the store says the visitor is now."""
    try:
        actor = authorised(work.store, user.name, Role.RESEARCHER)
        (work.store.pause if pause else work.store.unpause)(actor=actor.name)
    except RedraftError as error:
        st.session_state[_REFUSED] = str(error)
