"""When rounds train, changed by a person while the loop runs."""

from __future__ import annotations

import streamlit as st
from pydantic import ValidationError

from redraft.errors import DataError, RedraftError
from redraft.records import Role, Schedule, User
from redraft_ui.access.session import authorised
from redraft_ui.marked_text import plain
from redraft_ui.workplace import Workplace

_SAID, _REFUSED = "schedule-said", "schedule-refused"
_ANY = "any time"
_HOURS = [_ANY, *(f"{hour:02d}:00" for hour in range(24))]


def show(work: Workplace, user: User) -> None:
    """The form, folded away until somebody wants it, and what came of it."""
    said, refused = st.session_state.pop(_SAID, None), st.session_state.pop(_REFUSED, None)
    if said is not None:
        st.success(plain(said), icon=":material/check:")
    if refused is not None:
        st.error(plain(refused))
    set_since = work.store.schedule()
    with st.expander("Change when it trains"):
        st.write(
            "The loop trains once either number is reached, with neither once the worklist is done, and begins within "
            "the hours alone. It heeds a change from its next decision on; people are not disturbed."
        )
        _form(work, user, set_since or work.config.loop.schedule())
        if set_since is not None:
            st.button("Leave it to the config again", on_click=_put, args=(work, user, None))


def _form(work: Workplace, user: User, now: Schedule) -> None:
    begin, end = (_HOURS[hour + 1] for hour in now.train_hours) if now.train_hours else (_ANY, _ANY)
    with st.form("schedule", border=False):
        with st.container(horizontal=True):
            after = st.number_input(
                "New corrections", min_value=1, value=now.train_after, step=10, placeholder="any number"
            )
            every = st.number_input(
                "Age of the round, in minutes", min_value=1.0, value=now.train_every_minutes, placeholder="any age"
            )
            first = st.selectbox("Not before (UTC)", _HOURS, index=_HOURS.index(begin))
            last = st.selectbox("Not after (UTC)", _HOURS, index=_HOURS.index(end))
        if st.form_submit_button("Train like this", type="primary"):
            _take(work, user, after, every, first, last)
            st.rerun()


def _take(work: Workplace, user: User, after: int | None, every: float | None, first: str, last: str) -> None:
    try:
        asked = _asked(after, every, first, last)
    except DataError as error:
        st.session_state[_REFUSED] = str(error)
    else:
        _put(work, user, asked)


def _asked(after: int | None, every: float | None, first: str, last: str) -> Schedule:
    """What was filled in.

    Raises:
        DataError: hours that are no span of time.
    """
    if (first == _ANY) != (last == _ANY):
        raise DataError("Nothing was changed: choose both hours between which training may begin, or neither.")
    hours = None if first == _ANY else (_HOURS.index(first) - 1, _HOURS.index(last) - 1)
    try:
        return Schedule(train_after=after, train_every_minutes=every, train_hours=hours)
    except ValidationError as e:
        raise DataError("Nothing was changed: choose two different hours, such as 22:00 and 06:00.") from e


def _put(work: Workplace, user: User, asked: Schedule | None) -> None:
    """Carry it out as whoever the store says the visitor is now."""
    try:
        actor = authorised(work.store, user.name, Role.RESEARCHER)
        work.store.set_schedule(asked, actor=actor.name)
    except RedraftError as error:
        st.session_state[_REFUSED] = str(error)
    else:
        st.session_state[_SAID] = "The schedule was changed." if asked else "The config says again when it trains."
