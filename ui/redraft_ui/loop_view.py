"""What the loop page shows, read from the store alone: one row a round; round 0 is the policy before any correction."""

from __future__ import annotations

from redraft.records import Evaluation, Interval, Phase, Record, RoundRow, Split
from redraft.store import Store

_COLOUR = "#12958c"
PHASES = tuple(phase for phase in Phase if phase is not Phase.DONE)
PHASE_WORDS = {
    Phase.SAMPLING: "The policy is describing fresh pictures.",
    Phase.ANNOTATING: "People are correcting its descriptions.",
    Phase.BUILDING: "Corrections are being made into preference pairs.",
    Phase.TRAINING: "A new policy is being trained on the corrections.",
    Phase.EVALUATING: "The new policy is being tested on pictures it has never seen.",
    Phase.PROMOTING: "The new policy is being compared with the old one.",
    Phase.DONE: "This round is finished.",
}


class RoundView(Record):
    """One row of the table; rates are of the untouched test split, ``None`` until they are measured.

    ``in_force`` tells a policy that was promoted, or was there at the start, from a candidate.
    """

    number: int
    corrections: int
    policy: str | None
    response_rate: Interval | None
    recall: Interval | None
    verdict: str
    in_force: bool


class LoopView(Record):
    """The loop as committed by now; ``current`` is ``None`` before the first round."""

    current: RoundRow | None
    rounds: tuple[RoundView, ...]
    open: int
    leased: int
    done: int
    corrections: int


def view_loop(store: Store) -> LoopView:
    """Read the whole picture from the store."""
    rounds = sorted(store.rounds(), key=lambda row: row.number)
    tested = {found.policy: found for found in store.evaluations() if found.split is Split.TEST}
    reasons = {verdict.candidate: verdict.reasons for _, verdict in store.verdicts()}
    views: list[RoundView] = []
    corrections = 0
    if rounds:
        views.append(_view(0, 0, rounds[0].incumbent, tested, "the start", True))
    for row in rounds:
        if row.number == 0:
            continue
        corrections += store.counts(row.number).corrected
        verdict = _verdict(row, reasons.get(row.candidate or "", ()))
        views.append(_view(row.number, corrections, row.candidate, tested, verdict, row.promoted is True))
    now = store.counts(None)
    return LoopView(
        current=rounds[-1] if rounds else None,
        rounds=tuple(views),
        open=now.open,
        leased=now.leased,
        done=now.done,
        corrections=now.corrected,
    )


def table(view: LoopView) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the table of rounds."""
    head = ["Round", "Corrections so far", "Responses with a hallucination", "Recall", "Verdict"]
    rows = [
        [str(row.number), f"{row.corrections:,}", _percent(row.response_rate), _percent(row.recall), row.verdict]
        for row in view.rounds
    ]
    return head, rows


def chart(view: LoopView) -> dict[str, object] | None:
    """A Vega-Lite chart of the hallucination rate against corrections; ``None`` before anything is measured.

    The line and its interval follow the policies in force; a candidate that is none (yet) is a cross beside it.
    """
    points = [
        {
            "corrections": row.corrections,
            "rate": row.response_rate.value,
            "low": row.response_rate.low,
            "high": row.response_rate.high,
            "round": row.number,
            "verdict": row.verdict,
            "in_force": row.in_force,
        }
        for row in view.rounds
        if row.response_rate is not None
    ]
    if not points:
        return None
    x = {"field": "corrections", "type": "quantitative", "title": "Corrections so far", "axis": {"tickMinStep": 1}}
    title = "Responses with a hallucination"
    in_force, rejected = [{"filter": "datum.in_force"}], [{"filter": "!datum.in_force"}]
    rate = {"field": "rate", "type": "quantitative", "title": title, "axis": {"format": "%"}, "scale": {"zero": True}}
    tooltip = [
        {"field": "round", "title": "Round"},
        {"field": "corrections", "title": "Corrections so far"},
        {"field": "rate", "title": title, "format": ".1%"},
        {"field": "low", "title": "95 % interval from", "format": ".1%"},
        {"field": "high", "title": "to", "format": ".1%"},
        {"field": "verdict", "title": "Verdict"},
    ]
    band = {
        "transform": in_force,
        "mark": {"type": "area", "opacity": 0.2, "color": _COLOUR},
        "encoding": {"x": x, "y": rate | {"field": "low"}, "y2": {"field": "high"}},
    }
    line = {
        "transform": in_force,
        "mark": {"type": "line", "strokeWidth": 2.5, "color": _COLOUR, "point": {"size": 70, "color": _COLOUR}},
        "encoding": {"x": x, "y": rate, "tooltip": tooltip},
    }
    crosses = {
        "transform": rejected,
        "mark": {"type": "point", "shape": "cross", "size": 90, "color": _COLOUR},
        "encoding": {"x": x, "y": rate, "tooltip": tooltip},
    }
    return {"data": {"values": points}, "layer": [band, line, crosses], "height": 320}


def steps_html(phase: Phase) -> str:
    """The six steps of a round in a row, the present one marked by shape and by words."""
    at = PHASES.index(phase) if phase in PHASES else len(PHASES)
    items = []
    for number, step in enumerate(PHASES):
        name, sign = ("done", "✓") if number < at else ("now", "●") if number == at else ("next", "○")
        current = ' aria-current="step"' if name == "now" else ""
        items.append(f'<li class="rd-step rd-{name}"{current}><span aria-hidden="true">{sign}</span> {step.value}</li>')
    return f'<ol class="rd-steps">{"".join(items)}</ol>'


def _view(
    number: int, corrections: int, policy: str | None, tested: dict[str, Evaluation], verdict: str, in_force: bool
) -> RoundView:
    found = tested.get(policy or "")
    return RoundView(
        number=number,
        corrections=corrections,
        policy=policy,
        response_rate=found.response_rate if found else None,
        recall=found.recall if found else None,
        verdict=verdict,
        in_force=in_force,
    )


def _verdict(row: RoundRow, reasons: tuple[str, ...]) -> str:
    if row.promoted is None:
        return "trained nothing" if row.phase is Phase.DONE else f"{row.phase}…"
    why = f": {'; '.join(reasons)}" if reasons and not row.promoted else ""
    return "promoted" if row.promoted else f"rejected{why}"


def _percent(interval: Interval | None) -> str:
    if interval is None:
        return "not measured"
    return f"{interval.value:.1%} ({interval.low:.1%} to {interval.high:.1%})"
