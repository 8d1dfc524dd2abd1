"""The admin's tab about people: invite, change, shut out."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from redraft.records import Role, TokenKind, User, WorkFilter
from redraft_ui.access.admin_shell import done, say_mistake
from redraft_ui.access.session import authorised
from redraft_ui.access.site import join_link
from redraft_ui.marked_text import plain, table_html
from redraft_ui.workplace import Workplace

_HOUR = 3600.0


def people_tab(work: Workplace, user: User) -> None:
    """Invite somebody, change somebody, and see everybody."""
    new, known = st.columns(2)
    with new:
        _invite_form(work, user)
    with known:
        _person(work, user)
    held = [token.user for token in work.store.tokens() if token.kind is TokenKind.SESSION]
    rows = [_row(person, held.count(person.name)) for person in work.store.users()]
    st.html(table_html(("Name", "Role", "Address", "State", "Works on"), rows, "Everybody"))


def _invite_form(work: Workplace, user: User) -> None:
    st.subheader("Invite somebody", anchor=False)
    with st.form("invite", clear_on_submit=True):
        name = st.text_input("Name", max_chars=64)
        role = _role_box(Role.ANNOTATOR, "role-of-invited")
        email = st.text_input("E-mail address (only for an identity provider)", max_chars=320).strip()
        hours = st.number_input("The link works for, in hours", min_value=1, max_value=24 * 90, value=24 * 7)
        asked = st.form_submit_button("Make a link", type="primary")
    if asked:
        with say_mistake():
            admin = authorised(work.store, user.name, Role.ADMIN).name
            added = work.store.add_user(name, role, email=email or None, actor=admin)
            _show_link(work, added.name, hours, admin)


def _show_link(work: Workplace, name: str, hours: float, admin: str) -> None:
    """The link is in this answer alone: no state of the page keeps it."""
    secret = work.store.issue_token(name, TokenKind.INVITE, seconds=hours * _HOUR, label="invited", actor=admin)
    st.success(plain(f"Send this link to {name}. It works once, and is not shown again."))
    st.code(join_link(_origin(), secret), language=None, wrap_lines=True)


def _person(work: Workplace, user: User) -> None:
    st.subheader("Change somebody", anchor=False)
    everybody = {person.name: person for person in work.store.users()}
    name = st.selectbox("Person", list(everybody))
    if name is None:
        return
    _change_form(work, user, everybody[name])
    link, state, leave = st.columns(3)
    if link.button("New link", width="stretch", disabled=everybody[name].disabled):
        with say_mistake():
            _show_link(work, name, 24 * 7, authorised(work.store, user.name, Role.ADMIN).name)
    if everybody[name].disabled:
        if state.button("Enable", width="stretch"):
            with say_mistake():
                work.store.enable_user(name, actor=authorised(work.store, user.name, Role.ADMIN).name)
                done(f"{name} may work again, and needs a new link.")
    elif state.button("Disable", width="stretch", help="Out at once; what they answered stays."):
        with say_mistake():
            work.store.disable_user(name, actor=authorised(work.store, user.name, Role.ADMIN).name)
            done(f"{name} is out.")
    if leave.button("End sessions", width="stretch"):
        with say_mistake():
            work.store.end_sessions(name, actor=authorised(work.store, user.name, Role.ADMIN).name)
            done(f"{name} is signed out everywhere.")


def _change_form(work: Workplace, user: User, person: User) -> None:
    with st.form(f"change-{person.name}"):
        role = _role_box(person.role, f"role-{person.name}")
        email = st.text_input("E-mail address", person.email or "", max_chars=320, key=f"email-{person.name}").strip()
        ids = [project.id for project in work.store.projects()]
        chosen = [id for id in person.work.projects if id in ids]
        projects = st.multiselect(
            "Works on", ids, chosen, key=f"work-{person.name}", placeholder="every project that is open"
        )
        longest = st.number_input(
            "Longest response, in characters (0: any)",
            min_value=0,
            value=person.work.longest or 0,
            key=f"longest-{person.name}",
        )
        asked = st.form_submit_button("Save")
    if asked:
        with say_mistake():
            admin = authorised(work.store, user.name, Role.ADMIN).name
            wanted = WorkFilter(projects=tuple(projects), longest=longest or None)
            if role is not person.role:
                work.store.set_role(person.name, role, actor=admin)
            if (email.lower() or None) != person.email:
                work.store.set_email(person.name, email or None, actor=admin)
            if wanted != person.work:
                work.store.set_work(person.name, wanted, actor=admin)
            done(f"{person.name} is saved.")


def _role_box(chosen: Role, key: str) -> Role:
    names = [role.value for role in Role]
    return Role(st.selectbox("Role", names, index=names.index(chosen), key=key))


def _origin() -> str:
    """The address under which this admin reaches the app; others can use it too, or know what to put in its place."""
    parts = urlsplit(st.context.url or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _row(person: User, sessions: int) -> tuple[str, ...]:
    state = "disabled" if person.disabled else "signed in" if sessions else "signed out"
    projects = ", ".join(person.work.projects) or "every project"
    longest = f", up to {person.work.longest} characters" if person.work.longest else ""
    return (person.name, person.role, person.email or "", state, projects + longest)
