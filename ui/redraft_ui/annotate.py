"""The page where people correct: the picture, what was asked, what was answered, and a box to mend it in.

The page itself is not a fragment, so that it heals after the server restarts; only the clock and the wait for
work refresh by themselves. Texts from the model and from people enter it escaped.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Literal

import streamlit as st

from redraft.errors import DataError, LeaseLost, RedraftError, StorageError
from redraft.images import decode_image
from redraft.records import Answer, Edit, HallucinationType, Task
from redraft.store import User
from redraft_ui import desk, session
from redraft_ui.desk import Held
from redraft_ui.edits_from_text import edits_from_box
from redraft_ui.guidelines import GUIDELINES
from redraft_ui.marked_text import edit_html, plain, response_html
from redraft_ui.workplace import Workplace

_HELD, _LOST, _PROBLEM, _DONE = "held", "lost", "problem", "done"
_CLOCK_SECONDS = 20.0
_WAIT_SECONDS = 5.0
_LARGEST_SIDE = 2048
_EXACT_SIDE = 512

_ANSWERS: dict[Answer, tuple[str, Literal["primary", "secondary", "tertiary"], str]] = {
    Answer.CORRECTED: ("Submit correction", "primary", "Send what you changed, and go on"),
    Answer.CLEAN: ("No hallucination", "secondary", "Everything it says is right"),
    Answer.SKIPPED: ("Skip", "tertiary", "You cannot tell: somebody else will see it"),
}
_TYPE_NAMES = {
    HallucinationType.OBJECT: "Object: a thing that is not there",
    HallucinationType.NUMBER: "Number: how many there are",
    HallucinationType.ATTRIBUTE: "Attribute: colour, size, material",
    HallucinationType.POSITION: "Position: where something is",
    HallucinationType.ACTION: "Action: what somebody does",
    HallucinationType.OTHER: "Other",
}


def page(work: Workplace) -> None:
    """The whole page, for whoever is signed in."""
    try:
        user = session.signed_in(work.store)
        if user is None:
            return
        held = _current(work, user)
        _status(work, user, held)
    except RedraftError as error:
        st.error(plain(str(error)))
        return
    if held is None:
        _wait(work, user)
    else:
        _task(work, held)


def _current(work: Workplace, user: User) -> Held | None:
    """The task held by this session; a new one if there is none, and a longer lease once half of it is gone."""
    state, seconds = st.session_state, work.config.annotate.lease_seconds
    held: Held | None = state.get(_HELD)
    if held is None or held.lease.annotator != user.name:
        held = desk.take(work.store, user.name, seconds)
        state[_LOST] = False
    elif not state.get(_LOST) and held.seconds_left(time.time()) < seconds / 2:
        try:
            held = desk.keep(work.store, held, seconds)
        except LeaseLost:
            state[_LOST] = True
    state[_HELD] = held
    return held


def _status(work: Workplace, user: User, held: Held | None) -> None:
    counts = work.store.counts(None)
    if _DONE not in st.session_state:
        st.session_state[_DONE] = desk.done_by(work.store, user.name)
    done: int = st.session_state[_DONE]
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="status"):
        st.metric("Left", counts.open + counts.leased, width="content")
        st.metric("Done by you", done, width="content")
        if held is not None and not st.session_state.get(_LOST):
            _clock(work, held)
        with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
            with st.popover("How to correct", icon=":material/help:"):
                st.markdown(GUIDELINES)
            st.text(user.name)
            st.button("Sign out", on_click=_leave, type="tertiary")


@st.fragment(run_every=_CLOCK_SECONDS)
def _clock(work: Workplace, held: Held) -> None:
    """How long the task stays reserved; `_current` renews it when somebody does something on the page."""
    left = held.seconds_left(time.time())
    if left <= 0:
        st.rerun()
    whole = f"{left / 60:.0f} min" if left >= 90 else f"{left:.0f} s"
    st.metric("Reserved for you", whole, width="content", help="Prolonged by itself while you work")


def _task(work: Workplace, held: Held) -> None:
    task = held.lease.task
    picture, words = st.columns([5, 6], gap="large")
    with picture.container(key="picture"):
        _picture(work, task)
    with words:
        st.caption("The model was asked")
        st.text(task.prompt)
        st.caption("It answered")
        st.html(response_html(task.text, task.spans))
        st.text_area(
            "Correct the wrong words here",
            value=task.text,
            key=_box(held),
            height=_box_height(task.text),
            max_chars=2 * len(task.text) + 2000,
            persist_state="session",
        )
        _buttons(work, held)
        _problems()
        _changes(held)


def _picture(work: Workplace, task: Task) -> None:
    try:
        picture = decode_image(work.blobs.get(work.store.image(task.image_id).blob), work.config.images.max_pixels)
    except (DataError, StorageError) as error:
        st.error(plain(f"This picture cannot be shown ({error}). Please press “Skip”."))
        return
    picture.thumbnail((_LARGEST_SIDE, _LARGEST_SIDE))
    exact: Literal["PNG", "auto"] = "PNG" if max(picture.size) <= _EXACT_SIDE else "auto"
    st.image(picture, width="stretch", output_format=exact, alt="The picture that the answer is about")


def _buttons(work: Workplace, held: Held) -> None:
    """The keys hold the nonce: a late click on the task before presses nothing here."""
    with st.container(horizontal=True, key="answers"):
        if st.session_state.get(_LOST):
            st.button("Next task", type="primary", key=f"next-{held.nonce}", on_click=_next)
            return
        for given, (label, kind, why) in _ANSWERS.items():
            press = partial(_send, work, held.nonce, given)
            st.button(label, type=kind, help=why, key=f"{given}-{held.nonce}", on_click=press)


def _problems() -> None:
    """Below the buttons, which must not move while somebody presses them."""
    if st.session_state.get(_LOST):
        st.warning(
            "The time for this task ran out and it went back to the pile. What you typed is kept here: copy it if you "
            "need it. It will also be here should you get this task again."
        )
    problem = st.session_state.pop(_PROBLEM, None)
    if problem is not None:
        st.error(plain(problem))


def _changes(held: Held) -> None:
    """What the retyped text amounts to, each change with its type."""
    original = held.lease.task.text
    edits = edits_from_box(original, st.session_state[_box(held)])
    if not edits:
        st.caption("Your changes will be listed here when you leave the box or press Ctrl+Enter.")
        return
    st.markdown("**Your change**" if len(edits) == 1 else f"**Your {len(edits)} changes**")
    for number, edit in enumerate(edits, start=1):
        with st.container(border=True):
            st.html(edit_html(original, edit))
            st.selectbox(
                f"What kind of mistake was it? (change {number})",
                list(HallucinationType),
                index=list(HallucinationType).index(edit.type),
                format_func=_TYPE_NAMES.__getitem__,
                key=_type_key(held, edit),
                persist_state="session",
                label_visibility="collapsed",
            )


def _send(work: Workplace, nonce: str, given: Answer) -> None:
    """Submit, and make room for the next task; a second click finds another nonce, or none, and does nothing."""
    state = st.session_state
    held: Held | None = state.get(_HELD)
    if held is None or held.nonce != nonce or desk.is_stray(held):
        return
    edits = tuple(
        edit.model_copy(update={"type": state.get(_type_key(held, edit), edit.type)})
        for edit in edits_from_box(held.lease.task.text, state[_box(held)])
    )
    try:
        desk.answer(work.store, held, given, edits)
    except LeaseLost:
        state[_LOST] = True
    except RedraftError as error:
        state[_PROBLEM] = str(error)
    else:
        state[_DONE] += given is not Answer.SKIPPED
        state[_HELD] = None
        del state[_box(held)]
        st.toast({Answer.CORRECTED: "Correction saved", Answer.CLEAN: "Saved as right"}.get(given, "Skipped"))


def _next() -> None:
    st.session_state[_HELD] = None


def _leave() -> None:
    """The lease is left to run out: somebody who signs in again soon finds the task still there."""
    _next()
    st.session_state.pop(_DONE, None)
    session.sign_out()


@st.fragment(run_every=_WAIT_SECONDS)
def _wait(work: Workplace, user: User) -> None:
    """Look for work every few seconds."""
    try:
        held = desk.take(work.store, user.name, work.config.annotate.lease_seconds)
    except RedraftError as error:
        st.error(plain(str(error)))
        return
    if held is not None:
        st.session_state[_HELD] = held
        st.rerun()
    counts = work.store.counts(None)
    st.subheader("Nothing for you to correct right now", anchor=False)
    if counts.open:
        st.write("The tasks left are ones that you skipped: somebody else will see them.")
    elif counts.leased:
        st.write("The last tasks are with somebody else.")
    st.write("New tasks appear here by themselves: you can leave this page open.")


def _box(held: Held) -> str:
    return f"box-{held.lease.task.id}"


def _type_key(held: Held, edit: Edit) -> str:
    return f"type-{held.lease.task.id}-{edit.start}-{edit.end}-{edit.replacement}"


def _box_height(text: str) -> int:
    """Pixels that show the whole text at about sixty characters a line."""
    lines = sum(1 + len(line) // 60 for line in text.split("\n"))
    return min(140 + 24 * lines, 480)
