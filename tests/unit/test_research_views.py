"""What the pages for researchers and reviewers make of records, without any page."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redraft.config import Config
from redraft.overrule import Decision
from redraft.records import (
    Answer,
    Edit,
    HallucinationType,
    Mark,
    Outcome,
    Phase,
    PolicyStatus,
    PolicyVersion,
    RoundRow,
    Span,
    TrainStep,
)
from redraft.runs import Event, Progress, RunFolder, append_event, write_progress
from redraft_ui.annotating import review_view
from redraft_ui.annotating.views import ReviewAnswer
from redraft_ui.marked_text import compared_html, edited_html
from redraft_ui.research import policies_view, wording
from redraft_ui.research.health_view import training_health
from redraft_ui.research.limits_view import Spent, limits
from redraft_ui.research.loop_view import line_in_force, verdict_on
from redraft_ui.research.policies_view import Registry, Show, side_by_side
from redraft_ui.research.run_now import Doing, run_now
from redraft_ui.research.scaling_view import type_rates

OBJECT, NUMBER = HallucinationType.OBJECT, HallucinationType.NUMBER


def policy(id: str, status: PolicyStatus, parent: str | None, *reasons: str) -> PolicyVersion:
    return PolicyVersion(
        id=id,
        round=1,
        parent=parent,
        dataset=f"data-{id}" if parent else None,
        blob="b",
        status=status,
        reasons=reasons,
        config_hash="0",
        code_version="0",
        seed=0,
        created_at=0.0,
    )


def family(promoted: str) -> list[PolicyVersion]:
    """base, from it one, from that two; and another, from base, that was rejected; one of them is promoted."""
    members = [("base", None), ("one", "base"), ("two", "one"), ("other", "base")]
    return [
        policy(id, PolicyStatus.PROMOTED if id == promoted else PolicyStatus.SUPERSEDED, parent)
        for id, parent in members
    ]


def outcome(image: str, text: str, *kinds: HallucinationType, mentions: int = 4) -> Outcome:
    return Outcome(
        image_id=image,
        prompt="Describe.",
        scene="park",
        text=text,
        mentions=mentions,
        errors=len(kinds),
        error_types=kinds,
        found=2,
        present=3,
        words=len(text.split()),
    )


@pytest.mark.parametrize(
    ("promoted", "line"),
    [("two", {"base", "one", "two"}), ("one", {"base", "one"}), ("other", {"base", "other"}), ("none", {"base"})],
)
def test_the_line_in_force_is_the_promoted_version_and_its_ancestors(promoted: str, line: set[str]) -> None:
    assert line_in_force(family(promoted)) == line


def test_verdicts_tell_what_became_of_a_candidate() -> None:
    row = RoundRow(number=1, phase=Phase.DONE, incumbent="base", candidate="one", promoted=True, started_at=0.0)
    one = policy("one", PolicyStatus.SUPERSEDED, "base", "Passed: fewer.", "Failed: it says less.")
    line = frozenset({"base", "one"})
    assert verdict_on(row, one, line) == "promoted"
    assert verdict_on(row, one, frozenset({"base"})) == "promoted, given up since"
    rejected = row.model_copy(update={"promoted": False})
    assert verdict_on(rejected, one, frozenset({"base"})) == "rejected: it says less."
    assert verdict_on(rejected, one, line) == "rejected, put in force by a person since"
    assert verdict_on(row.model_copy(update={"promoted": None}), None, line) == "trained nothing"
    assert verdict_on(row.model_copy(update={"phase": Phase.TRAINING}), None, line) == "training…"


def test_two_versions_are_set_side_by_side_and_filtered() -> None:
    a = [outcome("1", "A cat.", OBJECT), outcome("2", "A dog."), outcome("3", "Two."), outcome("4", "x", NUMBER)]
    b = [outcome("4", "x", NUMBER), outcome("2", "A cow.", OBJECT), outcome("1", "A dog."), outcome("3", "Two.")]
    found = {show: [pair.a.image_id for pair in side_by_side(a, b, show)] for show in Show}
    assert found == {
        Show.ALL: ["1", "2", "3", "4"],
        Show.DIFFERENT: ["1", "2"],
        Show.MENDED: ["1"],
        Show.BROKEN: ["2"],
        Show.STILL: ["4"],
    }
    assert [pair.b.text for pair in side_by_side(a[:1], b, Show.ALL)] == ["A dog."]
    assert side_by_side(a, [], Show.ALL) == []


def test_a_roll_back_says_what_it_gives_up() -> None:
    policies = tuple(reversed(family("two")))
    behind = {"data-one": 200, "data-two": 35}
    found = Registry(policies, {}, behind, line_in_force(policies))
    said = policies_view.consequence(found, found.named("base"), Decision.ROLL_BACK)
    assert "two is superseded" in said and "235 corrections behind what is given up (one, two)" in said
    said = policies_view.consequence(found, found.named("one"), Decision.ROLL_BACK)
    assert "35 corrections behind what is given up (two)" in said
    assert policies_view.standing(found, found.named("other")) == "given up"
    assert policies_view.standing(found, found.named("one")) == "superseded"


def test_errors_by_type_come_with_intervals_over_images() -> None:
    outcomes = [outcome(str(n), "A cat.", *([OBJECT] if n % 2 else [])) for n in range(40)]
    rates = type_rates(outcomes, bootstrap=200, seed=0)
    assert list(rates) == [OBJECT]
    assert rates[OBJECT].value == 20 / 160
    assert rates[OBJECT].low < 20 / 160 < rates[OBJECT].high


def step(number: int, chosen: float, rejected: float = -0.5, alarm: bool = False) -> TrainStep:
    return TrainStep(
        step=number,
        loss=0.6,
        accuracy=1.0,
        margin=0.1,
        chosen_logp=chosen,
        rejected_logp=rejected,
        chosen_reference_logp=-0.2,
        rejected_reference_logp=-0.2,
        lr=1e-5,
        grad_norm=1.0,
        alarm=alarm,
    )


def folder(root: Path) -> RunFolder:
    return RunFolder.create(root, Config.model_validate({"name": "small"}))


def test_training_that_goes_wrong_is_told_in_words(tmp_path: Path) -> None:
    run = folder(tmp_path)
    logs = {1: [step(n, -0.1) for n in range(8)], 2: [step(n, -0.2 - n / 10, alarm=n > 5) for n in range(8)]}
    logs[3] = [step(n, -0.1, rejected=0.0) for n in range(4)]
    for number, steps in logs.items():
        run.train_log(number).write_text("".join(s.model_dump_json() + "\n" for s in steps) + '{"step": 9, "lo')
    found = training_health(run, [1, 2, 3, 4])
    assert [(h.round, h.steps, h.alarms) for h in found] == [(1, 8, 0), (2, 8, 2), (3, 4, 0)]
    assert found[0].words == "as it should be"
    assert found[1].words.startswith("the corrected texts became less likely (-0.6")
    assert "originals did not become less likely" in found[2].words


NOW = 10_000.0


@pytest.mark.parametrize(
    ("holder", "ended", "phase", "doing", "says"),
    [
        (os.getpid(), None, Phase.TRAINING, Doing.WORKING, "Round 2: training a new policy, for 1 min; 3 of 40 steps"),
        (None, None, Phase.TRAINING, Doing.INTERRUPTED, "stopped while training a new policy in round 2"),
        (2**22 + 1, None, Phase.TRAINING, Doing.INTERRUPTED, "redraft resume"),
        (None, NOW - 30, Phase.ANNOTATING, Doing.ENDED, "paused 30 s ago so that people can correct"),
        (None, NOW - 30, Phase.TRAINING, Doing.ENDED, "The loop was stopped 30 s ago"),
        (None, NOW - 90, Phase.TRAINING, Doing.INTERRUPTED, "stopped while"),
    ],
)
def test_what_the_loop_does_now_is_read_from_its_folder(
    tmp_path: Path, holder: int | None, ended: float | None, phase: Phase, doing: Doing, says: str
) -> None:
    run = folder(tmp_path)
    row = RoundRow(number=2, phase=phase, incumbent="base", started_at=0.0)
    assert run_now(run, row, 3, NOW).doing is Doing.NOTHING_YET
    write_progress(run, Progress(round=2, step="train", total=40, unit="steps", since=NOW - 60))
    run.train_log(2).write_text("{}\n" * 3)
    if holder:
        (run.root / "lock").write_text(str(holder))
    if ended:
        append_event(run, Event(at=ended, round=0, step="run", seconds=9.0))
    found = run_now(run, row, 3, NOW)
    assert found.doing is doing and says in found.sentence


def test_a_finished_run_says_so(tmp_path: Path) -> None:
    run = folder(tmp_path)
    write_progress(run, Progress(round=3, step="promote", since=NOW - 60))
    append_event(run, Event(at=NOW - 50, round=0, step="run"))
    row = RoundRow(number=3, phase=Phase.DONE, incumbent="base", started_at=0.0)
    assert run_now(run, row, 3, NOW).sentence == "All 3 rounds are done; the last one ended 50 s ago."


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-3, "0 s"), (59, "59 s"), (90, "2 min"), (3600, "1 h"), (5400, "1 h 30 min"), (3 * 86400, "3 days")],
)
def test_time_spans_are_told_in_two_units_at_most(seconds: float, told: str) -> None:
    assert wording.lasting(seconds) == told


def answer(name: str, *edits: Edit, review: bool = False, marks: tuple[Mark, ...] = ()) -> ReviewAnswer:
    kind = Answer.MARKED if marks else Answer.CORRECTED if edits else Answer.CLEAN
    return ReviewAnswer(
        correction=name,
        annotator=name,
        answer=kind,
        edits=edits,
        marks=marks,
        corrected="",
        reason="",
        seconds=1.0,
        shaded=True,
        submitted_at=0.0,
        review=review,
        frozen=False,
    )


def edit(start: int, end: int, replacement: str, kind: HallucinationType = OBJECT) -> Edit:
    return Edit(start=start, end=end, replacement=replacement, type=kind)


TEXT = "Two red cups and a dog."


def test_places_gather_what_answers_say_about_the_same_words() -> None:
    answers = [
        answer("ann", edit(0, 3, "Three", NUMBER), edit(19, 22, "cat")),
        answer("bob", edit(0, 7, "A blue", NUMBER), edit(19, 22, "cat")),
        answer("cleo", edit(12, 12, ", plates")),
    ]
    found = review_view.places(TEXT, answers)
    assert [(p.original, p.said, p.agreed) for p in found] == [
        ("Two red", ("“Three red” (number)", "“A blue” (number)", review_view.LEFT), False),
        ("", (review_view.LEFT, review_view.LEFT, "“, plates” (object)"), False),
        ("dog", ("“cat” (object)", "“cat” (object)", review_view.LEFT), False),
    ]
    assert review_view.agreement(answers, found) == "The 3 answers differ in 3 of 3 places."
    assert [p.agreed for p in review_view.places(TEXT, answers[:2])] == [False, True]


def test_half_words_are_told_whole_and_an_insertion_at_an_edge_is_its_own_place() -> None:
    found = review_view.places(TEXT, [answer("ann", edit(11, 12, "")), answer("bob")])
    assert [(p.original, p.said[0]) for p in found] == [("cups", "“cup” (object)")]
    found = review_view.places(TEXT, [answer("ann", edit(8, 12, "pots")), answer("bob", edit(12, 12, " too"))])
    assert [(p.original, *p.said) for p in found] == [
        ("cups", "“pots” (object)", review_view.LEFT),
        ("", review_view.LEFT, "“ too” (object)"),
    ]


def test_agreement_is_told_at_a_glance() -> None:
    same = [answer("ann", edit(0, 3, "Six")), answer("bob", edit(0, 3, "Six"))]
    assert review_view.agreement(same, review_view.places(TEXT, same)) == "All 2 answers agree."
    apart = [*same, answer("cleo")]
    assert "disagree on whether" in review_view.agreement(apart, review_view.places(TEXT, apart))
    assert review_view.agreement(same[:1], []) == "There is one answer."
    marked = [answer("ann", marks=(Mark(span=Span(start=0, end=3), type=NUMBER),)), answer("bob")]
    (place,) = review_view.places(TEXT, marked)
    assert place.said == ("wrong: number", review_view.LEFT)


def test_names_are_hidden_until_they_are_asked_for() -> None:
    answers = [answer("ann"), answer("bob", review=True), answer("cleo")]
    assert review_view.names_of(review_view.judging(answers), blind=True) == ["Answer 1", "Answer 2", "Review"]
    assert review_view.names_of(answers, blind=False) == ["Answer 1, ann", "Review, bob", "Answer 2, cleo"]


WORDS = st.lists(st.sampled_from(["<b>red</b>", "cat", "&amp;", "'x'", "two", "…", "🐈"]), max_size=8).map(" ".join)


def without_tags(html: str) -> str:
    """What a browser would show of it."""
    shown = re.sub(r"</?(p|mark|del|ins|span)\b[^>]*>", "", html)
    assert "<" not in shown and ">" not in shown
    for name, sign in (("&lt;", "<"), ("&gt;", ">"), ("&#x27;", "'"), ("&quot;", '"'), ("&amp;", "&")):
        shown = shown.replace(name, sign)
    return shown


@given(WORDS, WORDS)
def test_compared_texts_stay_what_they_are_and_no_markup_gets_in(one: str, two: str) -> None:
    html_one, html_two = compared_html(one, two)
    assert (without_tags(html_one), without_tags(html_two)) == (one, two)
    if one == two:
        assert "<mark" not in html_one + html_two


def test_an_edited_text_shows_what_went_and_what_came() -> None:
    html = edited_html("A <b>red</b> cup.", [edit(5, 8, "<i>", HallucinationType.ATTRIBUTE), edit(16, 16, " Yes.")])
    assert html == (
        '<p class="rd-running">A &lt;b&gt;<del>red</del><ins>&lt;i&gt;</ins><span class="rd-type">attribute</span>'
        '&lt;/b&gt; cup<ins> Yes.</ins><span class="rd-type">object</span>.</p>'
    )


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        (
            {},
            "A round asks for at most 300 tasks, 20 % of them drawn at random (probe). "
            "It trains once the worklist is done, on 20 corrections at least. It ends after 3 rounds.",
        ),
        (
            {
                "route": {"budget": 50, "minutes": 40, "strategy": "random"},
                "loop": {"rounds": None, "train_after": 30, "train_every_minutes": 90, "train_hours": [22, 6]},
            },
            "A round asks for at most 50 tasks or about 40 minutes of people's time, all drawn at random. "
            "It trains once 30 new corrections are in, or once a round is 90 minutes old, on 20 corrections at least, "
            "only from 22:00 to 6:00 UTC. It goes on until somebody stops it.",
        ),
        (
            {"loop": {"rounds": None, "max_corrections": 2000, "max_annotator_minutes": 600, "patience": 2}},
            "A round asks for at most 300 tasks, 20 % of them drawn at random (probe). "
            "It trains once the worklist is done, on 20 corrections at least. "
            "It ends at 2,000 corrections (1,234 so far), "
            "or at 600 minutes of work (57 so far), or after 2 rounds in a row that promote nothing.",
        ),
    ],
)
def test_the_monitor_says_what_a_run_may_spend_and_has_spent(tree: dict[str, object], told: str) -> None:
    used = Spent(corrections=1234, annotator_minutes=57.2, gpu_hours=0.0)
    assert " ".join(limits(Config.model_validate(tree), used)) == told
