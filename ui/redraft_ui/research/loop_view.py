"""The rounds of the loop, read from the store alone: one row a round; round 0 is the policy before any correction."""

from __future__ import annotations

from collections.abc import Iterable

from redraft.records import Evaluation, Interval, Phase, PolicyStatus, PolicyVersion, Record, RoundRow, Split
from redraft.store import Store
from redraft_ui.research.charts import WHOLE, Chart, Point, curve_chart
from redraft_ui.research.wording import share

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

    ``in_force`` tells the promoted policy and those that it descends from, from candidates and policies given up.
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


def view_loop(store: Store) -> LoopView:
    """Read the whole picture from the store."""
    rounds = sorted(store.rounds(), key=lambda row: row.number)
    tested = {found.policy: found for found in store.evaluations() if found.split is Split.TEST}
    policies = {policy.id: policy for policy in store.policies()}
    line = line_in_force(policies.values())
    effort = {done.round: done.corrected for done in store.effort()}
    views: list[RoundView] = []
    corrections = 0
    if rounds:
        views.append(_view(0, 0, rounds[0].incumbent, tested, "the start", line))
    for row in rounds:
        if row.number == 0:
            continue
        corrections += effort.get(row.number, 0)
        verdict = verdict_on(row, policies.get(row.candidate or ""), line)
        views.append(_view(row.number, corrections, row.candidate, tested, verdict, line))
    return LoopView(current=rounds[-1] if rounds else None, rounds=tuple(views))


def line_in_force(policies: Iterable[PolicyVersion]) -> frozenset[str]:
    """The promoted version and all that it descends from; of a run without one, the version it starts from."""
    known = {policy.id: policy for policy in policies}
    at = next((p for p in known.values() if p.status is PolicyStatus.PROMOTED), None)
    at = at or next((p for p in known.values() if p.parent is None), None)
    line: set[str] = set()
    while at is not None and at.id not in line:
        line.add(at.id)
        at = known.get(at.parent or "")
    return frozenset(line)


def verdict_on(row: RoundRow, candidate: PolicyVersion | None, line: frozenset[str]) -> str:
    """What became of a round's candidate, in words."""
    if row.phase is not Phase.DONE:
        return f"{row.phase}…"
    if candidate is None or row.promoted is None:
        return "trained nothing"
    if row.promoted:
        return "promoted" if candidate.id in line else "promoted, given up since"
    if candidate.id in line:
        return "rejected, put in force by a person since"
    against = held_against(candidate)
    return f"rejected: {against}" if against else "rejected"


def held_against(policy: PolicyVersion) -> str:
    """The reasons that a version was rejected for, without the checks that it passed."""
    return " ".join(reason.removeprefix("Failed: ") for reason in policy.reasons if not reason.startswith("Passed:"))


def table(view: LoopView) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the table of rounds."""
    head = ["Round", "Corrections so far", "Responses with a hallucination", "Recall", "Verdict"]
    rows = [
        [str(row.number), f"{row.corrections:,}", share(row.response_rate), share(row.recall), row.verdict]
        for row in view.rounds
    ]
    return head, rows


def chart(view: LoopView) -> Chart | None:
    """The hallucination rate against corrections; ``None`` before anything is measured."""
    points = [
        Point(
            series=WHOLE,
            x=row.corrections,
            value=row.response_rate.value,
            low=row.response_rate.low,
            high=row.response_rate.high,
            round=row.number,
            policy=row.policy or "",
            note=row.verdict,
            in_force=row.in_force,
        )
        for row in view.rounds
        if row.response_rate is not None
    ]
    if not points:
        return None
    return curve_chart(points, x="Corrections so far", y="Responses with a hallucination", percent=True)


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
    number: int,
    corrections: int,
    policy: str | None,
    tested: dict[str, Evaluation],
    verdict: str,
    line: frozenset[str],
) -> RoundView:
    found = tested.get(policy or "")
    return RoundView(
        number=number,
        corrections=corrections,
        policy=policy,
        response_rate=found.response_rate if found else None,
        recall=found.recall if found else None,
        verdict=verdict,
        in_force=policy in line,
    )
