"""Promote, reject, roll back: each with a reason, a confirmation, and a line in the audit log."""

from __future__ import annotations

import streamlit as st

from redraft.errors import RedraftError
from redraft.overrule import Decision, decisions, overrule
from redraft.records import PolicyVersion, Role, User
from redraft.store.policies import LONGEST_REASON
from redraft_ui.access.session import authorised
from redraft_ui.marked_text import plain, table_html
from redraft_ui.research import policies_view
from redraft_ui.research.policies_view import Registry
from redraft_ui.workplace import Workplace

_SAID, _REFUSED = "policies-said", "policies-refused"
_WORDS = {
    Decision.PROMOTE: ("Promote", "was promoted"),
    Decision.REJECT: ("Reject", "was rejected"),
    Decision.ROLL_BACK: ("Roll back to it", "is in force again"),
}


def show(work: Workplace, user: User, found: Registry) -> None:
    """The form, and what was decided so far."""
    st.subheader("Decide about a version", anchor=False)
    st.write("The loop decides by itself; what you decide here stands, whatever is measured.")
    _messages()
    open_to = [policy for policy in found.policies if decisions(policy)]
    if open_to:
        _form(work, user, found, open_to)
    else:
        st.info("Nothing can be decided now: there is neither a candidate nor an earlier version.")
    _log(work)


def _form(work: Workplace, user: User, found: Registry, open_to: list[PolicyVersion]) -> None:
    names = [policy.id for policy in open_to]
    with st.container(horizontal=True, key="decision-choice"):
        chosen = st.selectbox("Version", names, format_func=lambda id: f"{id} ({_standing(found, id)})")
        policy = found.named(chosen)
        decision = st.selectbox("Decision", decisions(policy), format_func=lambda d: _WORDS[d][0], key=f"do-{chosen}")
    with st.form("decision", border=True):
        st.write(plain(policies_view.consequence(found, policy, decision)))
        reason = st.text_area(
            "Reason (kept with the version and in the audit log)",
            max_chars=LONGEST_REASON,
            key=f"reason-{chosen}-{decision}",
        )
        sure = st.checkbox("I have read what follows from this, and I mean it", key=f"sure-{chosen}-{decision}")
        if st.form_submit_button(_WORDS[decision][0], type="primary"):
            _decide(work, user, policy, decision, reason, sure)


def _decide(work: Workplace, user: User, policy: PolicyVersion, decision: Decision, reason: str, sure: bool) -> None:
    """Carry it out as whoever the store says the visitor is now, and show the page afresh."""
    if not sure:
        st.session_state[_REFUSED] = "Nothing was decided: tick the box first, to show that you mean it."
        st.rerun()
    try:
        actor = authorised(work.store, user.name, Role.RESEARCHER)
        overrule(work.store, work.blobs, policy.id, decision, reason, actor=actor.name)
    except RedraftError as error:
        st.session_state[_REFUSED] = str(error)
    else:
        st.session_state[_SAID] = f"{policy.id} {_WORDS[decision][1]}."
    st.rerun()


def _messages() -> None:
    said, refused = st.session_state.pop(_SAID, None), st.session_state.pop(_REFUSED, None)
    if said is not None:
        st.success(plain(said), icon=":material/check:")
    if refused is not None:
        st.error(plain(refused))


def _log(work: Workplace) -> None:
    head, rows = policies_view.deeds_table(work.store.deeds(policies_view.DEEDS))
    if rows:
        with st.expander("What was decided so far"):
            st.html(table_html(head, rows, "From the audit log, newest first; “loop” is the loop itself"))


def _standing(found: Registry, policy: str) -> str:
    return policies_view.standing(found, found.named(policy))
