"""Where admins manage people, projects and secrets, and read the audit log."""

from __future__ import annotations

import time

import streamlit as st

from redraft.records import Role, Token, TokenKind, User
from redraft.store import AuditEntry
from redraft_ui.access.admin_people import people_tab
from redraft_ui.access.admin_projects import projects_tab
from redraft_ui.access.admin_shell import done, moment, say_done, say_mistake
from redraft_ui.access.session import authorised
from redraft_ui.marked_text import plain, table_html
from redraft_ui.workplace import Workplace

LATEST = 200
"""So many lines of the audit log are shown at most."""

_DAY = 86400.0


def page(work: Workplace, user: User) -> None:
    """The page; every button on it asks the store again whether ``user`` is an admin."""
    authorised(work.store, user.name, Role.ADMIN)
    st.title("People and projects", anchor=False)
    say_done()
    people, projects, tokens, log = st.tabs(["People", "Projects", "API tokens", "Audit log"])
    with people:
        people_tab(work, user)
    with projects:
        projects_tab(work, user)
    with tokens:
        _tokens_tab(work, user)
    with log:
        _log_tab(work)


def _tokens_tab(work: Workplace, user: User) -> None:
    st.write("With a token, a program calls the API as a person. It is shown once; keep it like a password.")
    with st.form("new-token", clear_on_submit=True):
        names = [person.name for person in work.store.users() if not person.disabled]
        name = st.selectbox("Person", names)
        label = st.text_input("What it is for", max_chars=80)
        days = st.number_input("Works for, in days", min_value=1, max_value=3650, value=90)
        asked = st.form_submit_button("Make a token")
    if asked and name:
        with say_mistake():
            admin = authorised(work.store, user.name, Role.ADMIN).name
            secret = work.store.issue_token(name, TokenKind.API, seconds=days * _DAY, label=label, actor=admin)
            st.success(plain(f"A token of {name}. It is not shown again."))
            st.code(secret, language=None)
    held = work.store.tokens()
    if held:
        _revoke_form(work, user, held)
        st.html(table_html(("Id", "Person", "Kind", "Label", "Until"), [_token_row(t) for t in held], "Secrets in use"))


def _revoke_form(work: Workplace, user: User, held: list[Token]) -> None:
    with st.form("revoke"):
        told = {token.id: f"{token.id}: {token.kind} of {token.user}" for token in held}
        chosen = st.selectbox("Link, session or token", list(told), format_func=told.__getitem__)
        asked = st.form_submit_button("Make it worthless")
    if asked and chosen:
        with say_mistake():
            admin = authorised(work.store, user.name, Role.ADMIN).name
            work.store.revoke_token(chosen, actor=admin)
            done(f"{chosen} is worth nothing now.")


def _log_tab(work: Workplace) -> None:
    who, what = st.columns(2)
    actor = who.text_input("By whom", key="log-actor") or None
    action = what.text_input("What, for example set_role", key="log-action") or None
    with say_mistake():
        rows = [_log_row(entry) for entry in work.store.latest_audit(LATEST, actor=actor, action=action)]
        caption = f"The last {len(rows)} entries, newest first" if rows else "There is no such entry"
        st.html(table_html(("When", "By", "What", "About"), rows, caption))


def _token_row(token: Token) -> tuple[str, ...]:
    kind = f"{token.kind} (used)" if token.used_at is not None else token.kind.value
    return (token.id, token.user, kind, token.label, moment(token.expires_at))


def _log_row(entry: AuditEntry) -> tuple[str, ...]:
    return (time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.at)), entry.actor, entry.action, entry.detail)
