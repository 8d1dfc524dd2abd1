"""The admin's tab about projects: add, change, open and close."""

from __future__ import annotations

import time

import streamlit as st

from redraft.records import Project, ProjectKind, Role, User
from redraft.store.projects import LONGEST_GUIDELINES, LONGEST_TITLE
from redraft_ui.access.admin_shell import done, say_mistake
from redraft_ui.access.session import authorised
from redraft_ui.marked_text import table_html
from redraft_ui.workplace import Workplace


def projects_tab(work: Workplace, user: User) -> None:
    """Add a project, change one, and see all."""
    new, known = st.columns(2)
    with new:
        _add_form(work, user)
    with known:
        _change(work, user)
    rows = [_row(project) for project in work.store.projects()]
    st.html(table_html(("Id", "Title", "Kind", "Budget", "Open"), rows, "Projects"))


def _add_form(work: Workplace, user: User) -> None:
    st.subheader("Add a project", anchor=False)
    with st.form("add-project"):
        id = st.text_input("Short name, for example night-shift", max_chars=40)
        title = st.text_input("Title", max_chars=LONGEST_TITLE)
        kind = st.selectbox("What people do", list(ProjectKind))
        guidelines = st.text_area("Guidelines, as plain text", max_chars=LONGEST_GUIDELINES)
        budget = st.number_input("Answers wanted in all (0: no limit)", min_value=0, value=0)
        asked = st.form_submit_button("Add", type="primary")
    if asked:
        with say_mistake():
            admin = authorised(work.store, user.name, Role.ADMIN).name
            project = Project(
                id=id, title=title, kind=kind, guidelines=guidelines, budget=budget or None, created_at=time.time()
            )
            work.store.add_project(project, actor=admin)
            done(f"Project {id} is there.")


def _change(work: Workplace, user: User) -> None:
    st.subheader("Change a project", anchor=False)
    projects = {project.id: project for project in work.store.projects()}
    id = st.selectbox("Project", list(projects))
    if id is None:
        return
    project = projects[id]
    with st.form(f"change-project-{id}"):
        title = st.text_input("Title", project.title, max_chars=LONGEST_TITLE, key=f"title-{id}")
        guidelines = st.text_area(
            "Guidelines, as plain text", project.guidelines, max_chars=LONGEST_GUIDELINES, key=f"guidelines-{id}"
        )
        budget = st.number_input(
            "Answers wanted in all (0: no limit)", min_value=0, value=project.budget or 0, key=f"budget-{id}"
        )
        is_open = st.checkbox("Tasks are handed out", project.open, key=f"open-{id}")
        asked = st.form_submit_button("Save")
    if asked:
        with say_mistake():
            admin = authorised(work.store, user.name, Role.ADMIN).name
            values = {"title": title, "guidelines": guidelines, "budget": budget or None, "open": is_open}
            work.store.update_project(project.model_copy(update=values), actor=admin)
            done(f"Project {id} is saved.")


def _row(project: Project) -> tuple[str, ...]:
    budget = "no limit" if project.budget is None else str(project.budget)
    return (project.id, project.title, project.kind, budget, "yes" if project.open else "no")
