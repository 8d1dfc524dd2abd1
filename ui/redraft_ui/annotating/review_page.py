"""The page where reviewers settle: answers side by side, one accepted or a version of their own, flags, known answers.

Who answered is hidden until it is asked for, so that an answer is judged and not its author.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import get_args

import streamlit as st

from redraft.errors import RedraftError
from redraft.records import Answer, Gold, Role, TaskState, User, stable_id
from redraft_ui.access.session import authorised
from redraft_ui.annotating import review_view
from redraft_ui.annotating.bodies import EditIn, ReviewIn
from redraft_ui.annotating.refusals import QuestionName
from redraft_ui.annotating.reviewing import ReviewDesk
from redraft_ui.annotating.views import ReviewAnswer, ReviewRow, ReviewView
from redraft_ui.editor import span_editor
from redraft_ui.embedded_picture import show_picture
from redraft_ui.marked_text import plain, table_html
from redraft_ui.research.wording import lasting
from redraft_ui.workplace import Workplace

_TASK, _SAID, _REFUSED, _SHOWN = "review-task", "review-said", "review-refused", "review-shown"
_IDLE_SECONDS = 120.0
"""A look at one task is counted as no longer than this: nobody watches whether the reviewer is there."""
_COLUMNS = 3


def page(work: Workplace, user: User) -> None:
    """The whole page."""
    desk = ReviewDesk(work.store, work.config)
    st.subheader("Review", anchor=False)
    _messages()
    project = st.query_params.get("project") or None
    rows = desk.waiting(user.name, project)
    task = _chosen(rows)
    if task is None:
        st.write("Nothing waits for a reviewer right now.")
        return
    view = desk.view(user.name, task)
    blind = not st.toggle("Show who answered", key="review-names")
    _flag(desk, user, view)
    _answers(work, desk, user, view, blind)
    _own(work, user, view)
    _gold(work, user, view, blind)


def _messages() -> None:
    said, refused = st.session_state.pop(_SAID, None), st.session_state.pop(_REFUSED, None)
    if said is not None:
        st.toast(plain(said), icon=":material/check:")
    if refused is not None:
        st.error(plain(refused))


def _chosen(rows: list[ReviewRow]) -> str | None:
    """The task on the page: the one chosen, also when it is settled already; else the first that waits."""
    labels = {row.task: review_view.row_label(row) for row in rows}
    flagged, differ = sum(row.flagged for row in rows), sum(row.differ and not row.flagged for row in rows)
    more = " or more" if len(rows) == 50 else ""
    st.caption(f"{len(rows)}{more} wait: {flagged} flagged, {differ} with answers that differ, the others for a look")
    present = st.session_state.get(_TASK)
    if present is not None and present not in labels:
        labels = {present: "the task you have just settled", **labels}
        st.button("Next task", type="primary", on_click=_next)
    if not labels:
        return None
    names = list(labels)
    at = names.index(present) if present in labels else 0
    chosen: str = st.selectbox("Task", names, index=at, format_func=labels.__getitem__)
    if chosen != present:
        st.session_state[_TASK], st.session_state[_SHOWN] = chosen, time.monotonic()
    return chosen


def _answers(work: Workplace, desk: ReviewDesk, user: User, view: ReviewView, blind: bool) -> None:
    """The picture, how far the answers agree, and each of them with a button that accepts it."""
    answers = review_view.judging(view.answers)
    names = review_view.names_of(answers, blind=blind)
    found = review_view.places(view.task.text, answers)
    picture, words = st.columns([2, 3], gap="large")
    with picture:
        show_picture(work, work.store.task(view.task.id).image_id, "The picture that the answers are about")
    with words:
        st.caption("The model was asked")
        st.text(view.task.prompt)
        st.caption("It answered")
        st.text(view.task.text)
        theirs = [answer for answer in answers if not answer.review]
        st.markdown(f"**{review_view.agreement(theirs, review_view.places(view.task.text, theirs))}**")
        if found:
            head, cells = review_view.places_table(found, names)
            caption = "Every place that somebody changed or marked"
            st.html(f'<div class="rd-scroll">{table_html(head, cells, caption)}</div>')
    for start in range(0, len(answers), _COLUMNS):
        columns = st.columns(min(_COLUMNS, len(answers)), border=True)
        for column, answer, name in zip(columns, answers[start:], names[start:], strict=False):
            with column:
                _answer(desk, user, view, answer, name)


def _answer(desk: ReviewDesk, user: User, view: ReviewView, answer: ReviewAnswer, name: str) -> None:
    st.markdown(f"**{plain(name)}** {review_view.told(answer)} in {lasting(answer.seconds)}")
    st.html(review_view.said_html(view.task.text, answer))
    if view.why_not is None and not answer.review:
        accept = st.button("Accept this answer", key=f"accept-{answer.correction}", type="primary")
        if accept:
            _accept(desk, user, view, answer)


def _accept(desk: ReviewDesk, user: User, view: ReviewView, answer: ReviewAnswer) -> None:
    """The annotator's answer as the reviewer's version; a second click sends the same nonce."""
    elapsed = time.monotonic() - st.session_state.get(_SHOWN, time.monotonic())
    sent = ReviewIn.model_validate(
        {
            "nonce": _nonce(user, view, answer),
            "answer": answer.answer,
            "edits": [EditIn.model_validate(edit.model_dump()) for edit in answer.edits],
            "marks": answer.marks,
            "corrected": answer.corrected if answer.answer is Answer.CORRECTED else None,
            "seconds": min(elapsed, _IDLE_SECONDS),
            "elapsed": elapsed,
            "confirmed": get_args(QuestionName),
        }
    )
    _settle(lambda: desk.review(user.name, view.task.id, sent), "Accepted: it stands in for all answers to the task.")


def _flag(desk: ReviewDesk, user: User, view: ReviewView) -> None:
    """Why the task was flagged, and what becomes of it."""
    reasons = [answer.reason for answer in view.answers if answer.answer is Answer.FLAGGED and answer.reason]
    for reason in reasons:
        st.warning(plain(f"Flagged: {reason}"), icon=":material/flag:")
    if view.state is not TaskState.FLAGGED:
        return
    with st.container(horizontal=True):
        if st.button("Back to the annotators", icon=":material/undo:"):
            _settle(lambda: desk.resolve(user.name, view.task.id, TaskState.OPEN), "It is on the worklist again.")
        if st.button("Take it off the worklist", icon=":material/delete:"):
            _settle(lambda: desk.resolve(user.name, view.task.id, TaskState.RETIRED), "It is off the worklist.")


def _own(work: Workplace, user: User, view: ReviewView) -> None:
    """The editor, for a version that nobody gave."""
    if view.why_not is not None:
        st.info(plain(view.why_not))
        return
    if st.toggle("Write a version of my own", key=f"own-{view.task.id}"):
        told = span_editor(view.task, user=user.name, key=f"review-{view.task.id}", mode="review")
        if told is not None:
            st.session_state[_SAID] = "Your version is stored: it stands in for all answers to the task."
            st.rerun()


def _gold(work: Workplace, user: User, view: ReviewView, blind: bool) -> None:
    """Make one of the answers the known one, which teaches annotators and measures them."""
    answers = [a for a in review_view.judging(view.answers) if a.answer is not Answer.MARKED]
    if not answers:
        return
    with st.expander("Known answer" if view.gold else "Make it a task with a known answer"):
        if view.gold:
            st.write("Its answer is known; another one takes the place of it.")
        names = dict(zip((a.correction for a in answers), review_view.names_of(answers, blind=blind), strict=True))
        with st.form(f"gold-{view.task.id}", border=False):
            right = st.selectbox("Which answer is right?", list(names), format_func=names.__getitem__)
            explanation = st.text_area(
                "Explanation, shown to annotators in training",
                value=view.gold.explanation if view.gold else "",
                max_chars=2000,
            )
            if st.form_submit_button("Make it the known answer"):
                edits = next(a.edits for a in answers if a.correction == right)
                gold = Gold(
                    task_id=view.task.id,
                    edits=edits,
                    explanation=explanation.strip(),
                    author=user.name,
                    created_at=time.time(),
                )
                _settle(lambda: _add_gold(work, user, gold), "Its answer is known from now on.")


def _add_gold(work: Workplace, user: User, gold: Gold) -> None:
    authorised(work.store, user.name, Role.REVIEWER)
    work.store.add_gold(gold)


def _next() -> None:
    st.session_state.pop(_TASK, None)


def _nonce(user: User, view: ReviewView, answer: ReviewAnswer) -> str:
    """The same for as long as the same reviews stand."""
    standing = sum(a.review for a in view.answers)
    return stable_id("accept", user.name, answer.correction, standing, *(a.correction for a in view.answers))


def _settle(deed: Callable[[], object], said: str) -> None:
    """Do it, say so, and go on to the next task that waits."""
    try:
        deed()
    except RedraftError as error:
        st.session_state[_REFUSED] = str(error)
    else:
        st.session_state[_SAID] = said
        _next()
    st.rerun()
