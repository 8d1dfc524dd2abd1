"""What the page of human evaluations shows, read from the store and the blob store alone."""

from __future__ import annotations

from collections.abc import Sequence

from redraft.blobs import Blobs
from redraft.evaluate.study import Study, read_study
from redraft.records import HallucinationType, HumanEvaluation, Interval, Project, ProjectKind, Record
from redraft.store import Store, WorklistCounts
from redraft_ui.research.wording import counted, lasting, share

Table = tuple[list[str], list[list[str]]]


class StudyView(Record):
    """One study: what it asks, how far people are, and, once it was closed, what they found."""

    project: Project
    study: Study
    counts: WorklistCounts
    working: int
    results: tuple[HumanEvaluation, ...]

    @property
    def wanted(self) -> int:
        """Answers asked for in all."""
        return len(self.study.items) * self.study.overlap

    @property
    def given(self) -> int:
        """Answers that are in."""
        return self.counts.marked + self.counts.clean

    @property
    def finished(self) -> bool:
        """Whether no text waits for anybody, and none is in work."""
        return not (self.counts.open or self.counts.leased or self.counts.flagged)


def studies(store: Store) -> list[Project]:
    """The evaluation projects, the newest first."""
    return [project for project in reversed(store.projects()) if project.kind is ProjectKind.EVALUATION]


def view_study(store: Store, blobs: Blobs, project: Project) -> StudyView | None:
    """One study as it stands; None for an evaluation project that was not started as one."""
    study = read_study(blobs, project.id)
    if study is None:
        return None
    return StudyView(
        project=project,
        study=study,
        counts=store.counts(project=project.id),
        working=len(store.active_leases(project.id)),
        results=tuple(store.human_evaluations(project.id)),
    )


def progress_sentence(view: StudyView) -> str:
    """How far people are, in one sentence."""
    texts = counted(len(view.study.items), "text")
    people = "one person" if view.study.overlap == 1 else f"{view.study.overlap} people"
    pictures = counted(len(view.study.images), "picture")
    return (
        f"{view.given:,} of {view.wanted:,} answers are in: {texts} about {pictures} of the {view.study.split} split, "
        f"each for {people}; {counted(view.working, 'text')} in work now."
    )


def results_table(results: Sequence[HumanEvaluation]) -> Table:
    """Head and rows: one row a policy."""
    head = ["Policy", "Responses with a wrong segment", "Wrong segments per 100 words", "Responses judged", "Answers"]
    rows = [
        [
            one.policy,
            share(one.response_rate),
            _rate(one.segments),
            f"{one.judged:,} of {one.responses:,}",
            f"{one.answers:,} by {counted(one.annotators, 'annotator')}, {lasting(one.seconds)} each",
        ]
        for one in results
    ]
    return head, rows


def types_table(results: Sequence[HumanEvaluation]) -> Table:
    """Head and rows: wrong segments of each type per 100 words."""
    head = ["Policy", *(kind.value.capitalize() for kind in HallucinationType)]
    return head, [[one.policy, *(f"{one.by_type[kind]:.2f}" for kind in HallucinationType)] for one in results]


def differences_table(results: Sequence[HumanEvaluation]) -> Table:
    """Head and rows: each pair of policies once, the later one minus the earlier."""
    head = ["Policy", "Compared with", "Responses with a wrong segment", "Wrong segments per 100 words", "Reading"]
    rows: list[list[str]] = []
    earlier: set[str] = set()
    for one in results:
        for difference in one.differences:
            if difference.other in earlier:
                rate = difference.response_rate
                rows.append([one.policy, difference.other, _points(rate), _rate(difference.segments, "+"), _read(rate)])
        earlier.add(one.policy)
    return head, rows


def agreement_sentence(results: Sequence[HumanEvaluation]) -> str:
    """How far those who judged the same texts agree."""
    agreement = results[0].agreement
    if agreement is None:
        return "No text was judged by two people, or all of them said the same, so agreement cannot be measured."
    return (
        f"Agreement on which characters are wrong: Krippendorff's alpha {agreement.value:.2f} "
        f"(95 % interval {agreement.low:.2f} to {agreement.high:.2f}; 1 is full agreement, 0 is chance)."
    )


def _rate(interval: Interval, sign: str = "") -> str:
    form = f"{sign}.2f"
    return f"{interval.value:{form}} ({interval.low:{form}} to {interval.high:{form}})"


def _points(interval: Interval) -> str:
    value, low, high = (100 * end for end in (interval.value, interval.low, interval.high))
    return f"{value:+.1f} points ({low:+.1f} to {high:+.1f})"


def _read(rate: Interval) -> str:
    if rate.low <= 0 <= rate.high:
        return "no clear difference"
    return "fewer are wrong" if rate.high < 0 else "more are wrong"
