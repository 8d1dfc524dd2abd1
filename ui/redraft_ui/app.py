"""The Streamlit script: it opens the run, asks who is there, and shows the pages that their role may see."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from redraft.errors import RedraftError, StorageError
from redraft.logs import failures_logged
from redraft.records import Role, User
from redraft_ui.access import admin_page, session
from redraft_ui.annotating import answers_page, correct_page, review_page
from redraft_ui.marked_text import plain
from redraft_ui.research import (
    dataset_page,
    humaneval_page,
    monitor_page,
    policies_page,
    quality_page,
    scaling_page,
)
from redraft_ui.workplace import Workplace

_log = logging.getLogger("redraft_ui.app")  # Streamlit runs it under another name
_HERE = Path(__file__).parent
_PAGES: dict[str, tuple[Role, tuple[tuple[Callable[[Workplace, User], None], str, str, str], ...]]] = {
    "Annotate": (
        Role.ANNOTATOR,
        (
            (correct_page.page, "Correct", ":material/edit:", "correct"),
            (answers_page.page, "Your answers", ":material/history:", "answers"),
        ),
    ),
    "Review": (
        Role.REVIEWER,
        (
            (review_page.page, "Review", ":material/rate_review:", "review"),
            (quality_page.page, "Quality", ":material/verified:", "quality"),
        ),
    ),
    "Research": (
        Role.RESEARCHER,
        (
            (monitor_page.page, "Monitor", ":material/sync:", "monitor"),
            (scaling_page.page, "Scaling", ":material/trending_down:", "scaling"),
            (policies_page.page, "Policies", ":material/compare:", "policies"),
            (dataset_page.page, "Corrections", ":material/dataset:", "corrections"),
            (humaneval_page.page, "Human evaluation", ":material/groups:", "humaneval"),
        ),
    ),
    "Admin": (Role.ADMIN, ((admin_page.page, "People and projects", ":material/admin_panel_settings:", "admin"),)),
}
"""Sections of the menu, the role that sees each, and its pages: function, title, icon, path."""


@st.cache_resource(show_spinner="Opening the run")
def _open(root: str) -> Workplace:
    return Workplace.open(Path(root))


def main(root: str) -> None:
    """Open the run in ``root`` once for all visitors, and show the page asked for."""
    st.set_page_config(
        page_title="Redraft", page_icon=str(_HERE / "icon.svg"), layout="wide", initial_sidebar_state="collapsed"
    )
    st.html(_HERE / "style.css")
    try:
        work = _open(root)
        user = session.signed_in(work)
    except RedraftError as error:
        st.error(plain(str(error)))
        return
    if user is None:
        session.sign_in_page(work)
        return
    shown = st.navigation(_menu(work, user), position="top")
    with st.container(horizontal=True, horizontal_alignment="right", key="account"):
        session.account_box(work, user)
    shown.run()


def _menu(work: Workplace, user: User) -> dict[str, list[st.Page]]:
    """The sections that the user's role may see; the first page is where everybody lands."""
    seen = {name: pages for name, (role, pages) in _PAGES.items() if user.role.includes(role)}
    return {
        name: [
            st.Page(
                partial(_guarded, show, work, user), title=title, icon=icon, url_path=path, default=path == "correct"
            )
            for show, title, icon, path in pages
        ]
        for name, pages in seen.items()
    }


def _guarded(show: Callable[[Workplace, User], None], work: Workplace, user: User) -> None:
    """A page whose mistakes are one sentence."""
    try:
        with failures_logged(_log):
            _shown(show, work, user)
    except StorageError as error:
        st.error(plain(str(error)))


def _shown(show: Callable[[Workplace, User], None], work: Workplace, user: User) -> None:
    """People's own mistakes are told to them alone."""
    try:
        show(work, user)
    except StorageError:
        raise
    except RedraftError as error:
        st.error(plain(str(error)))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.environ["REDRAFT_RUN"])
