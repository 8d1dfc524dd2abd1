"""The page of human evaluations: how far a blind study is, and once it was closed, what people found; it only reads."""

from __future__ import annotations

import streamlit as st

from redraft.records import Project, User
from redraft_ui.marked_text import plain, table_html
from redraft_ui.research import humaneval_view
from redraft_ui.research.humaneval_view import StudyView, Table
from redraft_ui.research.wording import moment
from redraft_ui.workplace import Workplace

REFRESH_SECONDS = 10.0
_EVERY = "95 % intervals over pictures in brackets"


def page(work: Workplace, user: User) -> None:
    """The whole page."""
    st.subheader("Human evaluation", anchor=False)
    projects = humaneval_view.studies(work.store)
    if not projects:
        st.info(
            "There is no study yet. One is started on the command line, with "
            "`redraft humaneval start RUN --policies A,B --project NAME`: people then mark what is wrong in the texts "
            "of both policies, without being told whose they are."
        )
        return
    titles = {project.id: project.title for project in projects}
    chosen = st.selectbox("Study", list(titles), format_func=titles.__getitem__, key="humaneval-study")
    project = next(project for project in projects if project.id == chosen)
    _study(work, project)


@st.fragment(run_every=REFRESH_SECONDS)
def _study(work: Workplace, project: Project) -> None:
    view = humaneval_view.view_study(work.store, work.blobs, work.store.project(project.id))
    if view is None:
        st.info("This project was not started as a study, so it compares no policies.")
        return
    _progress(view)
    if view.results:
        _results(view)
    elif view.finished:
        st.write("Every text has been judged. Close the study to see what people found:")
        st.code(f"redraft humaneval close RUN {project.id}", language=None)
    else:
        st.write("What people found is shown once the study was closed, so that nobody is led by it.")


def _progress(view: StudyView) -> None:
    st.write(f"Policies: {', '.join(plain(policy) for policy in view.study.policies)}")
    st.progress(min(1.0, view.given / max(1, view.wanted)), text=humaneval_view.progress_sentence(view))
    with st.container(horizontal=True, key="humaneval-counts"):
        st.metric("Texts that wait", view.counts.open, width="content")
        st.metric("Being judged", view.working, width="content")
        st.metric("Judged by all", view.counts.done, width="content")
        st.metric("Flagged", view.counts.flagged, width="content")


def _results(view: StudyView) -> None:
    results = view.results
    st.write(f"Closed {moment(results[0].closed_at)}.")
    _table(humaneval_view.results_table(results), f"What people found, blind to the policy; {_EVERY}")
    comparison = humaneval_view.differences_table(results)
    if comparison[1]:
        _table(comparison, f"Policies compared on the same pictures; {_EVERY}")
    _table(humaneval_view.types_table(results), "Wrong segments of each type per 100 words")
    st.write(humaneval_view.agreement_sentence(results))


def _table(table: Table, caption: str) -> None:
    head, rows = table
    st.html(f'<div class="rd-scroll">{table_html(head, rows, caption)}</div>')
