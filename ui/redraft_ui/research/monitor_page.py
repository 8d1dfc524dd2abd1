"""The page that shows the loop turn: rounds, queues, people, training; read afresh every few seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from redraft.errors import RedraftError
from redraft.records import User
from redraft_ui.marked_text import plain, table_html
from redraft_ui.research import health_view, limits_view, loop_view, monitor_view, pause_button, schedule_form
from redraft_ui.research.loop_view import LoopView
from redraft_ui.research.monitor_view import Table
from redraft_ui.research.run_now import Doing, RunNow, run_now
from redraft_ui.workplace import Workplace

REFRESH_SECONDS = 5.0

_SIGNS = {
    Doing.NOTHING_YET: ":material/hourglass_empty:",
    Doing.WORKING: ":material/autorenew:",
    Doing.ENDED: ":material/pause_circle:",
    Doing.INTERRUPTED: ":material/error:",
}


def page(work: Workplace, user: User) -> None:
    """Two parts that are read afresh every few seconds, and between them a form that keeps still."""
    _steered(work, user)
    with _errors_told():
        schedule_form.show(work, user)
    _watched(work)


@st.fragment(run_every=REFRESH_SECONDS)
def _steered(work: Workplace, user: User) -> None:
    """Where the loop is, and what makes it move on."""
    with _errors_told():
        view = loop_view.view_loop(work.store)
        _phase(work, view, run_now(work.folder, view.current, work.config.loop.rounds, time.time()))
        pause_button.show(work, user)
        used = limits_view.spent(work.store, work.folder, work.config)
        st.caption(plain(" ".join(limits_view.limits(work.config, used, work.store.schedule()))))


@st.fragment(run_every=REFRESH_SECONDS)
def _watched(work: Workplace) -> None:
    """How it goes: troubles, figures, queues, people, training."""
    with _errors_told():
        _figures(work, time.time())


@contextmanager
def _errors_told() -> Iterator[None]:
    """Each part by itself, because each is run again by itself."""
    try:
        yield
    except RedraftError as error:
        st.error(plain(str(error)))


def _figures(work: Workplace, now: float) -> None:
    view = loop_view.view_loop(work.store)
    run = run_now(work.folder, view.current, work.config.loop.rounds, now)
    queues = monitor_view.queues(work.store)
    people = work.store.at_work(within=monitor_view.QUIET_SECONDS)
    numbers = [row.number for row in view.rounds]
    health = health_view.training_health(work.folder, numbers)
    for trouble in monitor_view.troubles(work.store, run, queues, people, health):
        st.warning(plain(trouble), icon=":material/warning:")
    _counts(queues)
    _results(view)
    st.subheader("Queues", anchor=False)
    _table(
        monitor_view.queue_table(queues, now), "Tasks by project; the oldest one waits at most since its round began"
    )
    st.subheader("People at work", anchor=False)
    if people:
        _table(monitor_view.people_table(people, now), "Whoever holds a task now or answered within the last hour")
    else:
        st.write("Nobody holds a task, and nobody has answered within the last hour.")
    _training(work, numbers, monitor_view.health_table(health))
    _steps(work)


def _phase(work: Workplace, view: LoopView, run: RunNow) -> None:
    if view.current is None:
        st.subheader("No round has begun yet", anchor=False)
        st.write("The page fills by itself once the run has started.")
        return
    row = view.current
    last = work.config.loop.rounds
    st.subheader(f"Round {row.number}" if last is None else f"Round {row.number} of {last}", anchor=False)
    st.write(loop_view.PHASE_WORDS[row.phase])
    st.html(loop_view.steps_html(row.phase))
    if run.doing is not Doing.INTERRUPTED:
        st.markdown(f"{_SIGNS[run.doing]} {plain(run.sentence)}")


def _counts(queues: list[monitor_view.Queue]) -> None:
    totals = [queue.counts for queue in queues]
    with st.container(horizontal=True, key="counts"):
        st.metric("Tasks open", sum(counts.open for counts in totals), width="content")
        st.metric("Being worked on", sum(counts.leased for counts in totals), width="content")
        st.metric("Flagged", sum(counts.flagged for counts in totals), width="content")
        st.metric("Done", sum(counts.done for counts in totals), width="content")
        st.metric("Corrections so far", sum(counts.corrected for counts in totals), width="content")


def _results(view: LoopView) -> None:
    chart = loop_view.chart(view)
    if chart is not None:
        st.subheader("How often it hallucinates, against corrections", anchor=False)
        st.caption(
            "The line follows the promoted policy and those it descends from, the band is the 95 % interval; a cross "
            "is a candidate, or a policy that was given up."
        )
        st.vega_lite_chart(chart, width="stretch", alt="Share of responses with a hallucination against corrections")
    elif view.rounds:
        st.info("Nothing has been measured yet: figures appear once a policy was evaluated on the test split.")
    if view.rounds:
        _table(loop_view.table(view), "Every round, on pictures that no training ever saw; 95 % intervals in brackets")


def _training(work: Workplace, rounds: list[int], table: Table) -> None:
    chart = health_view.training_chart(work.folder, rounds)
    if chart is None:
        return
    st.subheader("Whether training goes right", anchor=False)
    st.caption(
        "Log-probability of the texts under the policy in training, minus that under the policy it began from. Good "
        "training pulls the two apart without the corrected texts becoming less likely."
    )
    st.vega_lite_chart(chart, width="stretch", alt="Log-probabilities of corrected and original texts by step")
    _table(table, "Each round's training: means over its last quarter, against the policy it began from")


def _steps(work: Workplace) -> None:
    head, rows = monitor_view.steps_table(work.folder)
    if rows:
        with st.expander("Steps that ended lately"):
            _table((head, rows), "Newest first")


def _table(table: Table, caption: str) -> None:
    head, rows = table
    st.html(table_html(head, rows, caption))
