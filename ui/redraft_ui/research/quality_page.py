"""The page that says how far the annotators' work can be relied on; it only reads, afresh every now and then."""

from __future__ import annotations

import streamlit as st

from redraft.errors import RedraftError
from redraft.quality.drift import Figure
from redraft.records import MAIN_PROJECT, User
from redraft_ui.marked_text import plain, table_html
from redraft_ui.research import quality_charts, quality_view
from redraft_ui.research.quality_charts import Chart
from redraft_ui.research.quality_view import QualityView, Table
from redraft_ui.workplace import Workplace

REFRESH_SECONDS = 60.0
_MOST_WARNINGS = 8


def page(work: Workplace, user: User) -> None:
    """One project's annotators: agreement, everybody's work, gold tasks, drift, the effect of shading."""
    _live(work)


@st.fragment(run_every=REFRESH_SECONDS)
def _live(work: Workplace) -> None:
    try:
        project = _project(work)
        view = _measured(str(work.folder.root), project, work)
    except RedraftError as error:
        st.error(plain(str(error)))
        return
    if not view.answers:
        st.info("Nobody has answered anything in this project yet: the figures appear with the first answers.")
        return
    if view.left_out:
        st.caption(f"Measured on the newest {view.answers:,} answers; {view.left_out:,} older ones are left out.")
    _agreement(view)
    _people(view)
    _golds(view)
    _drift(view)
    _anchoring(view)


@st.cache_resource(ttl=REFRESH_SECONDS / 2, show_spinner="Measuring")
def _measured(root: str, project: str, _work: Workplace) -> QualityView:
    """Measured once for all visitors, and again when that is half a refresh old."""
    annotate = _work.config.annotate
    return quality_view.view_quality(
        _work.store, project, threshold=annotate.doubt_threshold, training=annotate.training_tasks
    )


def _project(work: Workplace) -> str:
    titles = {project.id: project.title for project in work.store.projects()}
    if len(titles) < 2:
        return MAIN_PROJECT
    chosen: str = st.selectbox("Project", list(titles), format_func=lambda id: titles[id])
    return chosen


def _agreement(view: QualityView) -> None:
    st.subheader("How far people agree", anchor=False)
    found = view.agreement
    if found is None:
        st.info(
            "No task has answers of two people yet. Set annotate.overlap_share above 0 to have some tasks answered "
            "more than once: without that, nobody can say how far these corrections depend on who made them."
        )
        return
    st.write(
        f"{found.tasks:,} tasks were answered by two people or more ({found.answers:,} answers). 1 is full agreement, "
        "0 is what chance alone would give."
    )
    _beside(
        quality_charts.agreement_chart(found),
        quality_view.agreement_table(found),
        "Agreement, with 95 % intervals over tasks",
        "Dashed lines: from 0.67 on careful conclusions can be drawn, from 0.80 on the answers can be relied on.",
    )


def _people(view: QualityView) -> None:
    st.subheader("The annotators", anchor=False)
    _table(
        quality_view.work_table(view.people),
        "What everybody did. Times are active time, idle time cut; idle is the share of the time that tasks were open "
        "in which nothing was done; too fast is sooner than the text can be read.",
    )
    _beside(
        quality_charts.reliability_chart(view.people, view.reliability),
        quality_view.standing_table(view.people, view.reliability),
        "How the answers stood up, with 95 % intervals",
        "Reliability: how often a correction changes what is wrong indeed, from gold tasks, reviews and colleagues; "
        "90 % of somebody of whom nothing is known yet.",
    )


def _golds(view: QualityView) -> None:
    st.subheader("Gold tasks", anchor=False)
    if not view.golds:
        st.write("Nobody has answered a gold task yet.")
        return
    _table(
        quality_view.gold_table(view.golds),
        "Answers to tasks whose right answer is known, with 95 % intervals. All right: the corrected text is the known "
        "one. A span counts as found if the two touch.",
    )


def _drift(view: QualityView) -> None:
    st.subheader("Changes over time", anchor=False)
    found = quality_view.warnings(view.changes)
    for warning in found[:_MOST_WARNINGS]:
        st.warning(plain(warning), icon=":material/trending_up:")
    if len(found) > _MOST_WARNINGS:
        st.write(f"{len(found) - _MOST_WARNINGS:,} more figures changed.")
    if not found and view.changes:
        st.write("Nobody works differently from before, as far as these answers tell.")
    if not view.changes:
        st.write("Nobody has answered enough yet to compare the newest answers with those before.")
    one, two = st.columns(2)
    with one:
        annotator = st.selectbox("Annotator", [row.annotator for row in view.people])
    with two:
        figure = Figure(st.selectbox("Figure", [figure.value for figure in Figure], format_func=quality_view.begun))
    chart = quality_charts.week_chart(view.weeks, annotator, figure)
    if chart is not None:
        st.vega_lite_chart(chart, width="stretch", alt=f"{figure.value}, by week; the table below has the figures")
    _table(quality_view.week_table(view.weeks, annotator), f"The weeks of {annotator}, the newest first")


def _anchoring(view: QualityView) -> None:
    st.subheader("Does the shading lead people?", anchor=False)
    report = view.anchoring
    st.write(
        f"Of the answers to tasks with a doubtful span, {report.shaded:,} were given with the policy's doubts shaded "
        f"and {report.unshaded:,} without. Who sees them when is drawn by lot."
    )
    if not report.unshaded:
        st.info("There is nothing to compare with: set annotate.unshaded_share above 0 to show some tasks unshaded.")
        return
    _table(quality_view.anchoring_table(report), "With shading, without, and the difference; 95 % intervals over tasks")


def _beside(chart: Chart | None, table: Table, caption: str, note: str) -> None:
    """A chart with the table of its figures beside it; the table alone where there is nothing to draw."""
    if chart is None:
        _table(table, caption)
        return
    left, right = st.columns([2, 3])
    with left:
        st.vega_lite_chart(chart, width="stretch", alt=f"{caption}; the table beside it has the figures")
        st.caption(note)
    with right:
        _table(table, caption)


def _table(table: Table, caption: str) -> None:
    head, rows = table
    st.html(f'<div class="rd-scroll">{table_html(head, rows, caption)}</div>')
