"""The answers behind an evaluation, read from its blob once and kept: they never change."""

from __future__ import annotations

import streamlit as st

from redraft.evaluate import read_outcomes
from redraft.records import Evaluation, Outcome
from redraft_ui.workplace import Workplace

_KEPT = 12


def outcomes_of(work: Workplace, evaluation: Evaluation) -> tuple[Outcome, ...]:
    """All outcomes of an evaluation, in the order in which they were made.

    Raises:
        StorageError: the blob is not there.
        DataError: it does not hold outcomes.
    """
    return _read(work, work.blobs.url, evaluation.blob)


@st.cache_resource(show_spinner=False, max_entries=_KEPT)
def _read(_work: Workplace, url: str, blob: str) -> tuple[Outcome, ...]:
    return tuple(read_outcomes(_work.blobs.get(blob)))
