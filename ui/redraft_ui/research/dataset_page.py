"""The page that looks through everything people said: search, one correction in full, and where it went.

The search stands in the address of the page, so other pages can point to it; typing changes nothing until it is sent.
"""

from __future__ import annotations

import streamlit as st

from redraft.records import Answer, Arm, HallucinationType, User
from redraft.store.browse import CorrectionFilter, FoundCorrection
from redraft_ui.embedded_picture import show_picture
from redraft_ui.marked_text import table_html
from redraft_ui.research import dataset_view
from redraft_ui.research.dataset_view import ANYTHING
from redraft_ui.workplace import Workplace

PAGE_SIZE = 10
_MOST_COUNTED = 10_000
_NAMES_SECONDS = 60.0
_CHOICES = {"type": HallucinationType, "arm": Arm, "answer": Answer}


def page(work: Workplace, user: User) -> None:
    """The list, or one correction if the address names one."""
    st.subheader("Corrections", anchor=False)
    opened = st.query_params.get("correction")
    if opened:
        _one(work, opened)
        return
    wanted = dataset_view.filter_from(st.query_params)
    _search(work, wanted)
    _list(work, wanted)


def _search(work: Workplace, wanted: CorrectionFilter) -> None:
    """The form; sending it writes the address anew."""
    names = {
        "annotator": _annotators(work, work.store.url),
        "project": [project.id for project in work.store.projects()],
        "dataset": [dataset.id for dataset in work.store.dataset_rows()],
        "policy": [policy.id for policy in work.store.policies()],
        "round": [str(row.number) for row in work.store.rounds() if row.number],
    }
    options = {name: [value.value for value in kind] for name, kind in _CHOICES.items()} | names
    labels = {"dataset": "In dataset version", "policy": "Policy was trained on it"}
    with st.form("search", border=True):
        words = st.text_input("Words, in the original or the corrected text", value=wanted.words, max_chars=200)
        chosen: dict[str, str] = {}
        with st.container(horizontal=True):
            for name, values in options.items():
                present = str(getattr(wanted, name) or "")
                known = [ANYTHING, *values, *([present] if present and present not in values else [])]
                label = labels.get(name, name.capitalize())
                chosen[name] = st.selectbox(label, known, index=known.index(present or ANYTHING), width=170)
        superseded = st.checkbox("Also answers that were reopened since", value=wanted.superseded)
        if st.form_submit_button("Search", type="primary", icon=":material/search:"):
            asked = {name: value for name, value in chosen.items() if value != ANYTHING}
            asked |= {"words": words} if words.strip() else {}
            asked |= {"superseded": "yes"} if superseded else {}
            _go(asked)


def _list(work: Workplace, wanted: CorrectionFilter) -> None:
    before = st.query_params.get("before", "")
    start = int(before) if before.isdecimal() and len(before) < 18 else None
    found = work.store.find_corrections(wanted, before=start, limit=PAGE_SIZE)
    total = work.store.count_corrections(wanted, most=_MOST_COUNTED)
    st.caption(f"{total:,}{' or more' if total == _MOST_COUNTED else ''} found, newest first")
    for row in found.rows:
        with st.container(border=True):
            st.html(dataset_view.meta_html(row) + dataset_view.answer_html(row.correction))
            st.button(
                "See it in full", key=f"open-{row.seq}", on_click=_open, args=(row.correction.id,), type="tertiary"
            )
    if not found.rows:
        st.info("Nothing like that was found.")
    with st.container(horizontal=True):
        if start is not None:
            st.button("Back to the newest", on_click=_turn, args=(None,), icon=":material/first_page:")
        if found.older is not None:
            st.button("Older", on_click=_turn, args=(found.older,), icon=":material/chevron_right:")


def _one(work: Workplace, id: str) -> None:
    st.button("Back to the list", on_click=_close, icon=":material/arrow_back:")
    found = work.store.correction(id)
    if found is None:
        st.info("There is no such correction.")
        return
    picture, words = st.columns([2, 3], gap="large")
    with picture:
        show_picture(work, found.image_id, "The picture that the answer is about")
    with words:
        st.html(dataset_view.meta_html(found))
        st.caption("The model was asked")
        st.text(found.prompt)
        st.caption("It answered, and was corrected")
        st.html(dataset_view.answer_html(found.correction))
    _history(work, found)
    _lineage(work, found)


def _history(work: Workplace, found: FoundCorrection) -> None:
    head, rows = dataset_view.history_table(work.store.history_of(found.correction.task_id))
    st.html(f'<div class="rd-scroll">{table_html(head, rows, "All answers to this task, in order")}</div>')


def _lineage(work: Workplace, found: FoundCorrection) -> None:
    st.subheader("Where it went", anchor=False)
    datasets = work.store.dataset_rows(holding=found.correction.id)
    if not datasets:
        st.write("It is in no dataset version yet, so no policy has learned from it.")
        return
    head, rows = dataset_view.datasets_table(datasets)
    st.html(table_html(head, rows, "Dataset versions that hold it"))
    policies = work.store.policies_trained_on(found.correction.id)
    if policies:
        head, rows = dataset_view.policies_table(datasets, policies)
        st.html(table_html(head, rows, "Policies that learned from it"))
    with st.container(horizontal=True):
        for dataset in datasets:
            st.button(
                f"All corrections in dataset {dataset.id[:8]}",
                key=f"all-{dataset.id}",
                on_click=_search_for,
                args=({"dataset": dataset.id},),
            )


@st.cache_data(show_spinner=False, ttl=_NAMES_SECONDS, max_entries=8)
def _annotators(_work: Workplace, url: str) -> list[str]:
    return _work.store.annotators()


def _go(asked: dict[str, str]) -> None:
    st.query_params.from_dict(asked)
    st.rerun()


def _search_for(asked: dict[str, str]) -> None:
    st.query_params.from_dict(asked)


def _turn(before: int | None) -> None:
    if before is None:
        del st.query_params["before"]
    else:
        st.query_params["before"] = str(before)


def _open(id: str) -> None:
    st.query_params["correction"] = id


def _close() -> None:
    del st.query_params["correction"]
