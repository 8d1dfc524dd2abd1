"""The page where people correct: the editor, with the task that its user holds.

The editor takes the next task by itself and tells the page afterwards. The page is no fragment, so that it heals after
the server restarts.
"""

from __future__ import annotations

import streamlit as st

from redraft.records import User
from redraft_ui.annotating.desk import Desk
from redraft_ui.annotating.views import TaskView
from redraft_ui.editor import span_editor
from redraft_ui.workplace import Workplace

_SHOWN = "task in the editor"


def page(work: Workplace, user: User) -> None:
    """The whole page, for whoever is signed in."""
    span_editor(_current(Desk(work.store, work.config), user), user=user.name, key=f"correct-{user.name}")


def _current(desk: Desk, user: User) -> TaskView | None:
    """The user's task, as it was when the page first showed it: what changed since is in the editor already."""
    view = desk.take(user.name)
    shown: TaskView | None = st.session_state.get(_SHOWN)
    if view is None or shown is None or shown.id != view.id:
        st.session_state[_SHOWN] = shown = view
    return shown
