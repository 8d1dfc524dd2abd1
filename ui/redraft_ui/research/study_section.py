"""A finished or unfinished study on the page of curves: its findings, charts and tables, as its report has them."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path

import streamlit as st

from redraft.errors import DataError
from redraft.scaling.summary import StudySummary, TextTable, read_summary
from redraft_ui.marked_text import plain, table_html
from redraft_ui.research import study_view
from redraft_ui.workplace import Workplace


def section(work: Workplace) -> None:
    """The studies of the run and those beside it; nothing where there is none."""
    found = study_view.studies(work.folder.root)
    if not found:
        return
    st.divider()
    st.subheader("Studies", anchor=False)
    chosen = st.selectbox("Study", list(found), key="study", bind="query-params")
    try:
        summary = read_summary(found[chosen])
    except DataError as error:
        st.error(plain(str(error)))
        return
    _show(found[chosen], summary)


def _show(folder: Path, summary: StudySummary) -> None:
    st.markdown(f"**{plain(summary.title)}**")
    unfinished = summary.analysis.done < summary.analysis.planned
    (st.warning if unfinished else st.caption)(plain(summary.coverage))
    if summary.analysis.findings:
        head, rows = study_view.findings_table(summary.analysis.findings)
        st.html(f'<div class="rd-scroll">{table_html(head, rows, "What the intervals support")}</div>')
    for file, title, note in study_view.pictures(folder, summary):
        st.markdown(f"**{plain(title)}**")
        st.html(_picture(file, f"{title}. {note}"))
        st.caption(plain(note))
    for table in summary.tables:
        with st.expander(plain(table.caption)):
            _table(table)
    _downloads(folder)


def _picture(file: Path, alt: str) -> str:
    """A chart within the page's own message, so that no address leads to it without signing in."""
    data = base64.b64encode(file.read_bytes()).decode()
    return f'<img class="rd-picture" style="max-width: 60rem" alt="{escape(alt)}" src="data:image/png;base64,{data}">'


def _table(table: TextTable) -> None:
    st.html(f'<div class="rd-scroll">{table_html(table.head, table.rows, table.caption)}</div>')
    if table.note:
        st.caption(plain(table.note))


def _downloads(folder: Path) -> None:
    """The report and the figures, as they lie in the folder."""
    kinds = {
        "report.html": "text/html",
        "curves.csv": "text/csv",
        "rows.csv": "text/csv",
        "summary.md": "text/markdown",
    }
    with st.container(horizontal=True):
        for name, mime in kinds.items():
            if (folder / name).is_file():
                st.download_button(
                    name,
                    (folder / name).read_bytes,
                    file_name=f"{folder.name}-{name}",
                    mime=mime,
                    icon=":material/download:",
                    on_click="ignore",
                )
