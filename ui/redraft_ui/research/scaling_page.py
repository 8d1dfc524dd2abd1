"""The page of curves: choose what is measured, on which split, against what."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from redraft.errors import RedraftError
from redraft.records import Evaluation, HallucinationType, Interval, Split, User
from redraft_ui.marked_text import plain, table_html
from redraft_ui.research import scaling_view, study_section
from redraft_ui.research.charts import curve_chart
from redraft_ui.research.outcomes import outcomes_of
from redraft_ui.research.scaling_view import Axis, Measured, Metric
from redraft_ui.workplace import Workplace

_REFRESH_SECONDS = 15.0
_METRICS: Sequence[Metric] = tuple(Metric)
_AXES: Sequence[Axis] = tuple(Axis)
_SPLITS = {Split.TEST: "test (decides nothing)", Split.DEV: "dev (decides promotion)"}


def page(work: Workplace, user: User) -> None:
    """The whole page; what is chosen stays in the address, so that a view can be shared."""
    st.subheader("What a correction buys", anchor=False)
    with st.container(horizontal=True, key="scaling-choice"):
        metric = st.selectbox("Measure", _METRICS, key="metric", bind="query-params")
        split = st.selectbox("Split", list(_SPLITS), key="split", format_func=_SPLITS.__getitem__, bind="query-params")
        axis = st.selectbox("Against", _AXES, key="axis", bind="query-params")
    _curves(work, metric, split, axis)
    study_section.section(work)


@st.fragment(run_every=_REFRESH_SECONDS)
def _curves(work: Workplace, metric: Metric, split: Split, axis: Axis) -> None:
    """The chart, the table beside it and the file, read afresh now and then."""
    try:
        rows = scaling_view.measured(work.store, split)
        points = scaling_view.curve(rows, metric, axis, lambda evaluation: _type_rates(work, evaluation))
    except RedraftError as error:
        st.error(plain(str(error)))
        return
    if not points:
        st.info(f"Nothing of this has been measured on the {split} split yet.")
        return
    if axis is Axis.MINUTES and not any(row.minutes for row in rows):
        st.info("No working time was recorded: the simulated annotators take none.")
    st.vega_lite_chart(
        curve_chart(points, x=axis.value, y=metric.value.split(",")[0], percent=metric.percent, zero=metric.from_zero),
        width="stretch",
        alt=f"{metric.value} against {axis.value.lower()}; the table says the same",
    )
    st.caption(
        "The line follows the promoted policy and those it descends from; a cross is a candidate, or a policy that was "
        "given up. Intervals are 95 %, over images."
    )
    head, cells = scaling_view.table(points, metric, axis)
    st.html(f'<div class="rd-scroll">{table_html(head, cells, f"{metric.value}, {split} split")}</div>')
    _download(work, rows, metric, split)


def _download(work: Workplace, rows: list[Measured], metric: Metric, split: Split) -> None:
    def written() -> str:
        from redraft.report.chart import csv_text  # draws with matplotlib, which takes a second to load

        return csv_text(scaling_view.figures(rows, metric, lambda evaluation: _type_rates(work, evaluation)))

    st.download_button(
        "Download as CSV",
        written,
        file_name=f"{metric.name.lower()}-{split}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _type_rates(work: Workplace, evaluation: Evaluation) -> dict[HallucinationType, Interval]:
    evaluate = work.config.evaluate
    return _rates(work, evaluation, work.blobs.url, evaluation.blob, evaluate.bootstrap, work.config.seed)


@st.cache_resource(show_spinner="Resampling the outcomes", max_entries=64)
def _rates(
    _work: Workplace, _evaluation: Evaluation, url: str, blob: str, bootstrap: int, seed: int
) -> dict[HallucinationType, Interval]:
    return scaling_view.type_rates(outcomes_of(_work, _evaluation), bootstrap=bootstrap, seed=seed)
