"""The component as Streamlit sees it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Final, Literal

import streamlit as st
from pydantic import ValidationError
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from redraft import __version__
from redraft.records import Record
from redraft_ui.annotating.guidelines import EXAMPLES, MARKING_RULES, RULES
from redraft_ui.annotating.views import API_PREFIX, TaskView

Mode = Literal["correct", "review"]
"""``correct`` takes one task after another, or changes an earlier answer; ``review`` stores a reviewer's version."""

_HERE: Final = Path(__file__).parent
_MANIFEST: Final = ComponentManifest("redraft", __version__, [ComponentConfig("span_editor", "frontend")])
_NAME: Final = "redraft.span_editor"
_registering = threading.Lock()


class Advance(Record):
    """An answer to ``task`` was stored, as the correction of that id; the editor may show another task already."""

    task: str
    correction: str | None = None


def span_editor(view: TaskView | None, *, user: str, key: str, mode: Mode = "correct") -> Advance | None:
    """Show a task in the editor, or with None an editor that waits for one; what it was told is returned once.

    A project of kind evaluation is marked instead of corrected. ``view.draft`` is what the editor begins with. The
    ``user`` names what is kept in the browser; who may do what is decided by the session's cookie alone.
    """
    result = _component()(
        key=key,
        data={
            "task": view.model_dump(mode="json") if view else None,
            "user": user,
            "mode": mode,
            "api": API_PREFIX,
            "guide": _guide(),
        },
        on_advance_change=_nothing,
    )
    return _advance(result.get("advance"))


def _guide() -> dict[str, Any]:
    return {
        "correcting": RULES,
        "marking": MARKING_RULES,
        "examples": [one.model_dump(mode="json") for one in EXAMPLES],
    }


def _component() -> Any:
    """The component's callable, registered with whatever server runs.

    Streamlit finds the manifests of installed packages only beside a package of the distribution's own name, which is
    where the domain lives; so the same manifest is handed over here.
    """
    with _registering:
        manager = get_bidi_component_manager()
        if manager.get_component_asset_root(_NAME) is None:
            manager.register_from_manifest(_MANIFEST, _HERE)
        return st.components.v2.component(_NAME, js="index.js", css="editor.css", isolate_styles=False)


def _advance(told: object) -> Advance | None:
    """What the browser told, if it is what an editor tells; a browser can send anything."""
    if told is None:
        return None
    try:
        return Advance.model_validate(told)
    except ValidationError:
        return None


def _nothing() -> None:
    """Streamlit needs a callback to know the name of the event."""
