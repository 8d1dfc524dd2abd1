"""What somebody has answered so far, newest first, and opening an answer again."""

from __future__ import annotations

import time
from html import escape

import streamlit as st

from redraft.records import Answer, User
from redraft_ui.annotating.desk import SHOWN_ANSWERS, Desk
from redraft_ui.annotating.views import AnswerView, TaskView
from redraft_ui.editor import span_editor
from redraft_ui.marked_text import edited_html, plain
from redraft_ui.workplace import Workplace

_REOPENED, _SAID = "answer opened again", "said about answers"
_WHAT = {
    Answer.CORRECTED: "Corrected",
    Answer.CLEAN: "No hallucination",
    Answer.MARKED: "Marked",
    Answer.SKIPPED: "Skipped",
    Answer.FLAGGED: "Flagged",
}


def page(work: Workplace, user: User) -> None:
    """The list, or the answer that was opened again."""
    desk = Desk(work.store, work.config)
    view: TaskView | None = st.session_state.get(_REOPENED)
    if view is None:
        _list(desk, user)
        return
    st.button("Back to your answers", icon=":material/arrow_back:", type="tertiary", on_click=_close)
    if span_editor(view, user=user.name, key=f"revise-{view.revising}") is not None:
        _close("Your answer is changed.")
        st.rerun()


def _list(desk: Desk, user: User) -> None:
    st.subheader("Your answers", anchor=False)
    said = st.session_state.pop(_SAID, None)
    if said:
        st.success(plain(said))
    answers = desk.answers(user.name)
    if not answers:
        st.write("You have not answered anything yet.")
    elif len(answers) == SHOWN_ANSWERS:
        st.caption(f"The last {SHOWN_ANSWERS}. An answer can be changed until something has been made of it.")
    else:
        st.caption("An answer can be changed until something has been made of it.")
    for answer in answers:
        _one(desk, user, answer)


def _one(desk: Desk, user: User, answer: AnswerView) -> None:
    with st.container(border=True, key=f"answer-{answer.correction}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            ago = _ago(time.time() - answer.submitted_at)
            what = f"<strong>{_WHAT[answer.answer]}</strong> · {ago} · {escape(answer.prompt)}"
            st.html(f'<p class="rd-meta">{what}</p>')
            with st.container(horizontal=True, horizontal_alignment="right"):
                st.button(
                    "Open again",
                    key=f"open-{answer.correction}",
                    disabled=not answer.reopenable,
                    help=answer.why_not,
                    on_click=_open,
                    args=(desk, user.name, answer),
                )
        st.html(edited_html(answer.original, answer.edits) + _remarks(answer))


def _remarks(answer: AnswerView) -> str:
    """What was marked as wrong, and why a task was flagged."""
    wrong = [mark for mark in answer.marks if mark.type is not None]
    parts = [f"“{escape(answer.original[m.span.start : m.span.end])}” ({m.type})" for m in wrong]
    lines = [f"Marked as wrong: {', '.join(parts)}"] if parts else []
    lines += [f"Reason: {escape(answer.reason)}"] if answer.reason else []
    return "".join(f'<p class="rd-meta">{line}</p>' for line in lines)


def _open(desk: Desk, name: str, answer: AnswerView) -> None:
    view = desk.task_view(name, answer.task)
    if view.revising == answer.correction:
        st.session_state[_REOPENED] = view
    else:
        _close("This answer can no longer be changed.")


def _close(said: str | None = None) -> None:
    st.session_state.pop(_REOPENED, None)
    st.session_state[_SAID] = said


def _ago(seconds: float) -> str:
    """How long ago something was, in the largest unit that fits."""
    for length, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
