"""The page of policy versions: how they stand, two of them on the same picture, and what people decide about them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

import streamlit as st

from redraft.evaluate import paired_difference
from redraft.records import Evaluation, Interval, PolicyVersion, Split, User
from redraft_ui.embedded_picture import show_picture
from redraft_ui.marked_text import compared_html, plain, table_html
from redraft_ui.research import decision_form, policies_view
from redraft_ui.research.outcomes import outcomes_of
from redraft_ui.research.policies_view import Both, Registry, Show
from redraft_ui.workplace import Workplace

_SPLITS: Sequence[Split] = (Split.DEV, Split.TEST)
_SHOWS: Sequence[Show] = tuple(Show)


def page(work: Workplace, user: User) -> None:
    """The whole page."""
    found = policies_view.registry(work.store)
    st.subheader("Policy versions", anchor=False)
    if not found.policies:
        st.info("There is no policy yet: the first one is registered when the run begins.")
        return
    head, rows = policies_view.list_table(found)
    caption = "Newest first; figures of the untouched test split, 95 % intervals in brackets"
    st.html(f'<div class="rd-scroll">{table_html(head, rows, caption)}</div>')
    _details(found)
    _comparison(work, found)
    decision_form.show(work, user, found)


def _details(found: Registry) -> None:
    with st.expander("Reasons, and the corrections behind each version"):
        for policy in found.policies:
            st.markdown(f"**{plain(policy.id)}** · {policies_view.standing(found, policy)}")
            st.html(_origin_html(policy))
            for reason in policy.reasons:
                st.markdown(f"- {plain(reason)}")


def _origin_html(policy: PolicyVersion) -> str:
    made = f"seed {policy.seed}, config {policy.config_hash[:12]}, code {policy.code_version[:12]}"
    link = f'<a href="corrections?policy={quote(policy.id)}" target="_self">corrections it was trained on</a>'
    return f'<p class="rd-meta">{escape(made)}{f" · {link}" if policy.dataset else ""}</p>'


def _comparison(work: Workplace, found: Registry) -> None:
    st.subheader("Two versions on the same picture", anchor=False)
    with st.container(horizontal=True, key="policies-choice"):
        split = st.selectbox("Split", _SPLITS, key="policies-split")
        known = [policy.id for policy in found.both_measured(split)]
        if len(known) < 2:
            st.info("Two versions must have been measured on this split before they can be compared.")
            return
        first, second = _usual(found, known)
        a = st.selectbox("Version A", known, index=known.index(first), key=f"policies-a-{split}")
        b = st.selectbox("Version B", known, index=known.index(second), key=f"policies-b-{split}")
        show = st.selectbox("Show answers", _SHOWS, index=_SHOWS.index(Show.DIFFERENT), key="policies-show")
    one, two = found.measured[a, split], found.measured[b, split]
    head, rows = policies_view.figures_table(one, two)
    answers, figures = st.tabs(["Answers", "Figures"])
    with figures:
        st.html(table_html(head, rows, f"Greedy answers on the {split} split, 95 % intervals in brackets"))
        _difference(work, one, two)
    with answers:
        _answers(work, one, two, show)


def _usual(found: Registry, known: list[str]) -> tuple[str, str]:
    """The promoted version and the one it began from, where both can be compared; else the last two."""
    promoted = found.promoted
    if promoted and promoted.parent in known and promoted.id in known:
        return promoted.parent, promoted.id
    return known[-2], known[-1]


def _difference(work: Workplace, one: Evaluation, two: Evaluation) -> None:
    if one.policy == two.policy:
        return
    interval = _paired(work, one, two, work.blobs.url, one.blob, two.blob)
    clear = "which does not exclude no difference" if interval.low <= 0 <= interval.high else "which excludes zero"
    st.write(
        f"On the same pictures, B errs in {100 * interval.value:+.1f} points of responses compared with A "
        f"(95 % interval {100 * interval.low:+.1f} to {100 * interval.high:+.1f}, {clear})."
    )


@st.cache_data(show_spinner="Resampling the outcomes", max_entries=32)
def _paired(_work: Workplace, _one: Evaluation, _two: Evaluation, url: str, blob_one: str, blob_two: str) -> Interval:
    return paired_difference(
        outcomes_of(_work, _two),
        outcomes_of(_work, _one),
        bootstrap=_work.config.evaluate.bootstrap,
        seed=_work.config.seed,
    )


def _answers(work: Workplace, one: Evaluation, two: Evaluation, show: Show) -> None:
    pairs = policies_view.side_by_side(outcomes_of(work, one), outcomes_of(work, two), show)
    if not pairs:
        st.info("No answers are like that.")
        return
    at = st.number_input(
        f"Answer (1 to {len(pairs):,})",
        min_value=1,
        max_value=len(pairs),
        width=220,
        key=f"policies-at-{one.policy}-{two.policy}-{one.split}-{show.name}",
    )
    _pair(work, pairs[int(at) - 1])


def _pair(work: Workplace, pair: Both) -> None:
    picture, words = st.columns([2, 3], gap="large")
    with picture:
        show_picture(work, pair.a.image_id, "The picture that both answers are about")
        st.caption("Both were asked")
        st.text(pair.a.prompt)
    with words:
        html_a, html_b = compared_html(pair.a.text, pair.b.text)
        for label, html in (("A answered", html_a), ("B answered", html_b)):
            st.caption(label)
            st.html(html)
        if pair.a.text == pair.b.text:
            st.caption("Both answers are the same.")
        head, rows = policies_view.answer_table(pair)
        st.html(table_html(head, rows, "What was found in the two answers"))
