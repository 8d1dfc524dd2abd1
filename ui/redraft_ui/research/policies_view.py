"""Policy versions as a list, and two of them on the same pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from redraft.overrule import Decision
from redraft.records import Evaluation, HallucinationType, Outcome, PolicyStatus, PolicyVersion, Record, Split
from redraft.store import Store
from redraft.store.audit import AuditEntry
from redraft_ui.research.loop_view import line_in_force
from redraft_ui.research.wording import moment, number, share

Table = tuple[list[str], list[list[str]]]

DEEDS = ("promote", "reject", "roll_back")
"""What the audit log calls decisions about policies."""


@dataclass(frozen=True)
class Registry:
    """Every version, newest first, with what was measured of it and how many corrections are behind its dataset."""

    policies: tuple[PolicyVersion, ...]
    measured: dict[tuple[str, Split], Evaluation]
    corrections: dict[str, int]
    line: frozenset[str]

    def named(self, policy: str) -> PolicyVersion:
        """The version of that id."""
        return next(p for p in self.policies if p.id == policy)

    @property
    def promoted(self) -> PolicyVersion | None:
        """The version in force, if there is one yet."""
        return next((p for p in self.policies if p.status is PolicyStatus.PROMOTED), None)

    def both_measured(self, split: Split) -> list[PolicyVersion]:
        """The versions that were measured on a split, oldest first."""
        return [p for p in reversed(self.policies) if (p.id, split) in self.measured]


def registry(store: Store) -> Registry:
    """All of it, read from the store."""
    policies = tuple(reversed(store.policies()))
    return Registry(
        policies=policies,
        measured={(e.policy, e.split): e for e in store.evaluations()},
        corrections={dataset.id: dataset.corrections for dataset in store.dataset_rows()},
        line=line_in_force(policies),
    )


def list_table(found: Registry) -> Table:
    """Head and rows."""
    head = ["Version", "Standing", "Began from", "Dataset", "Hallucination (test)", "Recall (test)", "Words", "Made"]
    return head, [_list_row(found, policy) for policy in found.policies]


def standing(found: Registry, policy: PolicyVersion) -> str:
    """A version's standing in words."""
    if policy.status is PolicyStatus.SUPERSEDED and policy.id not in found.line:
        return "given up"
    return policy.status.value


def figures_table(one: Evaluation, two: Evaluation) -> Table:
    """Head and rows: what was measured of two versions on one split, side by side."""
    head = ["Figure", f"A: {one.policy}", f"B: {two.policy}"]
    rows = [
        ["Responses with a hallucination", share(one.response_rate), share(two.response_rate)],
        ["Mentions that are wrong", share(one.mention_rate), share(two.mention_rate)],
        ["Objects found (recall)", share(one.recall), share(two.recall)],
        ["Words per description", number(one.mean_words), number(two.mean_words)],
        ["Short questions right", share(one.question_accuracy), share(two.question_accuracy)],
    ]
    rows += [
        [f"Wrong claims per mention: {kind}", f"{one.by_type.get(kind, 0):.2%}", f"{two.by_type.get(kind, 0):.2%}"]
        for kind in HallucinationType
        if one.by_type.get(kind) or two.by_type.get(kind)
    ]
    return head, rows


class Show(StrEnum):
    """Which of the pictures; the value is what the page calls them."""

    ALL = "all"
    DIFFERENT = "different words"
    MENDED = "A wrong, B right"
    BROKEN = "A right, B wrong"
    STILL = "both wrong"


class Both(Record):
    """What two versions answered to one prompt about one picture."""

    a: Outcome
    b: Outcome


def side_by_side(a: Sequence[Outcome], b: Sequence[Outcome], show: Show) -> list[Both]:
    """The prompts that both answered and that ``show`` lets through, in the order of ``a``."""
    answers = {(o.image_id, o.prompt): o for o in b}
    both = [Both(a=o, b=answers[o.image_id, o.prompt]) for o in a if (o.image_id, o.prompt) in answers]
    return [pair for pair in both if _shown(pair, show)]


def answer_table(pair: Both) -> Table:
    """Head and rows: what was found in two answers, side by side."""
    rows = [
        ["Wrong claims", _errors(pair.a), _errors(pair.b)],
        ["Invented", ", ".join(pair.a.invented) or "nothing", ", ".join(pair.b.invented) or "nothing"],
        ["Words", str(pair.a.words), str(pair.b.words)],
    ]
    if pair.a.present:
        rows.insert(2, ["Objects found", *(f"{o.found} of {o.present}" for o in (pair.a, pair.b))])
    return ["Found", "A", "B"], rows


def consequence(found: Registry, policy: PolicyVersion, decision: Decision) -> str:
    """What a decision leads to, in a sentence or two."""
    if decision is Decision.REJECT:
        return (
            f"{policy.id} will not be promoted, whatever is measured of it. The corrections that it was trained on "
            "count as unused again."
        )
    now = found.promoted
    leads = f"{policy.id} becomes the promoted policy: it is served, and the next round starts from it."
    if now is None or policy.id == now.id:
        return leads
    gone = [p.id for p in reversed(found.policies) if p.id in found.line and p.id not in _line_of(found, policy)]
    freed = sum(found.corrections.get(found.named(p).dataset or "", 0) for p in gone)
    unused = (
        f" {freed:,} corrections behind what is given up ({', '.join(gone)}) count as unused again." if freed else ""
    )
    return f"{leads} {now.id} is superseded, and a round under way that began from it promotes nothing.{unused}"


def deeds_table(entries: Sequence[AuditEntry]) -> Table:
    """Head and rows: decisions about policies, newest first."""
    words = {"roll_back": "roll back"}
    rows = [[moment(e.at), e.actor, words.get(e.action, e.action), e.detail] for e in entries]
    return ["When", "Who", "What", "About"], rows


def _list_row(found: Registry, policy: PolicyVersion) -> list[str]:
    tested = found.measured.get((policy.id, Split.TEST))
    behind = found.corrections.get(policy.dataset or "", 0)
    return [
        policy.id,
        standing(found, policy),
        policy.parent or "the start",
        f"{policy.dataset[:8]} ({behind:,} corrections)" if policy.dataset else "none",
        share(tested.response_rate if tested else None),
        share(tested.recall if tested else None),
        number(tested.mean_words if tested else None),
        moment(policy.created_at),
    ]


def _line_of(found: Registry, policy: PolicyVersion) -> set[str]:
    known = {p.id: p for p in found.policies}
    line: set[str] = set()
    at: PolicyVersion | None = policy
    while at is not None and at.id not in line:
        line.add(at.id)
        at = known.get(at.parent or "")
    return line


def _shown(pair: Both, show: Show) -> bool:
    match show:
        case Show.ALL:
            return True
        case Show.DIFFERENT:
            return pair.a.text != pair.b.text
        case Show.MENDED:
            return pair.a.errors > 0 and pair.b.errors == 0
        case Show.BROKEN:
            return pair.a.errors == 0 and pair.b.errors > 0
        case Show.STILL:
            return pair.a.errors > 0 and pair.b.errors > 0


def _errors(outcome: Outcome) -> str:
    kinds = ", ".join(dict.fromkeys(kind.value for kind in outcome.error_types))
    return f"{outcome.errors} ({kinds})" if kinds else str(outcome.errors)
