"""The correction editor: a Streamlit component of plain JavaScript and CSS, and its Python side.

    span_editor(view, user=…, key=…)     shows a task and stores what becomes of it over HTTP; returns an `Advance`
    frontend/index.js                    where the browser begins reading

The component talks to the API by itself, so nothing is lost while Streamlit is away; Streamlit learns afterwards.
"""

from redraft_ui.editor.component import Advance, Mode, span_editor

__all__ = ["Advance", "Mode", "span_editor"]
