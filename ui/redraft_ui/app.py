"""The Streamlit script: `streamlit run app.py -- RUN_FOLDER`. It opens the run and hands over to a page."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import streamlit as st

from redraft.errors import RedraftError
from redraft_ui import annotate, loop_page
from redraft_ui.marked_text import plain
from redraft_ui.workplace import Workplace

_HERE = Path(__file__).parent


@st.cache_resource(show_spinner="Opening the run")
def _open(root: str) -> Workplace:
    return Workplace.open(Path(root))


def main(root: str) -> None:
    """Open the run in ``root`` once for all visitors, and show the page asked for."""
    st.set_page_config(page_title="Redraft", page_icon=str(_HERE / "icon.svg"), layout="wide")
    st.html(_HERE / "style.css")
    try:
        work = _open(root)
    except RedraftError as error:
        st.error(plain(str(error)))
        return
    correct = partial(annotate.page, work)
    loop = partial(loop_page.page, work)
    chosen = st.navigation(
        [
            st.Page(correct, title="Correct", icon=":material/edit:", url_path="correct", default=True),
            st.Page(loop, title="The loop", icon=":material/sync:", url_path="loop"),
        ],
        position="top",
    )
    chosen.run()


if __name__ == "__main__":
    main(sys.argv[1])
