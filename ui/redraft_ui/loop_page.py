"""The page that shows the loop turn; it only reads."""

from __future__ import annotations

import streamlit as st

from redraft.errors import RedraftError
from redraft_ui import loop_view
from redraft_ui.loop_view import LoopView
from redraft_ui.marked_text import plain, table_html
from redraft_ui.workplace import Workplace

_REFRESH_SECONDS = 4.0


@st.fragment(run_every=_REFRESH_SECONDS)
def page(work: Workplace) -> None:
    """The whole page, read afresh every few seconds."""
    try:
        view = loop_view.view_loop(work.store)
    except RedraftError as error:
        st.error(plain(str(error)))
        return
    _phase(work, view)
    _counts(view)
    _results(view)


def _phase(work: Workplace, view: LoopView) -> None:
    if view.current is None:
        st.subheader("No round has begun yet", anchor=False)
        st.write("The page fills by itself once the run has started.")
        return
    row = view.current
    st.subheader(f"Round {row.number} of {work.config.loop.rounds}", anchor=False)
    st.write(loop_view.PHASE_WORDS[row.phase])
    st.html(loop_view.steps_html(row.phase))


def _counts(view: LoopView) -> None:
    with st.container(horizontal=True, key="counts"):
        st.metric("Tasks open", view.open, width="content")
        st.metric("Being worked on", view.leased, width="content")
        st.metric("Done", view.done, width="content")
        st.metric("Corrections so far", view.corrections, width="content")


def _results(view: LoopView) -> None:
    chart = loop_view.chart(view)
    if chart is not None:
        st.subheader("How often it hallucinates, against corrections", anchor=False)
        st.caption("The line is the policy in force, the band its 95 % interval; a cross is a candidate that is not.")
        st.vega_lite_chart(chart, width="stretch", alt="Share of responses with a hallucination against corrections")
    elif view.rounds:
        st.info("Nothing has been measured yet: figures appear once a policy was evaluated on the test split.")
    if view.rounds:
        head, rows = loop_view.table(view)
        st.html(
            table_html(head, rows, "Every round, on pictures that no training ever saw; 95 % intervals in brackets")
        )
