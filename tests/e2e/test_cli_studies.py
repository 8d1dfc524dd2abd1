"""Answers that are known, and policies judged blind, through the command line; nothing is trained."""

from __future__ import annotations

from pathlib import Path

from redraft import world
from redraft.evaluate import evaluate, write_outcomes
from redraft.evaluate.study import read_study
from redraft.pool import evaluation_requests
from redraft.records import Answer, HallucinationType, Mark, PolicyStatus, Span, Split
from redraft.segments import apply_edits

from .made_runs import (
    WRONG,
    CommandLine,
    Run,
    add_policy,
    add_tasks,
    correct_all,
    make,
    sentence,
    submission,
    without_wrong,
)


def test_known_answers(redraft: CommandLine, tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    tasks = add_tasks(run)
    assert "no gold tasks yet" in redraft("gold", "list", run.root)[1]
    code, said, err = redraft("gold", "draw", run.root, "--count", "3")
    assert code == 0, err
    assert "3 gold tasks are in project main" in said
    golds = run.store.golds()
    assert len(golds) == 3
    for gold in golds:
        task = run.store.task(gold.task_id)
        assert task.gold and WRONG.strip() in task.text
        assert WRONG.strip() not in apply_edits(task.text, gold.edits)
    redraft("gold", "draw", run.root, "--count", "9")
    assert len(run.store.golds()) == 4, "each response once"
    assert "was not reviewed" in sentence(redraft("gold", "add", run.root, tasks[0].id))
    correct_all(run)
    edits = (without_wrong(tasks[0].text),)
    run.store.review(submission(tasks[0].id, "rev", Answer.CORRECTED, edits=edits))
    code, said, _ = redraft("gold", "add", run.root, tasks[0].id)
    assert code == 0 and "as rev answered it: “There are three tents in the top left.” has to go" in said
    listed = redraft("gold", "list", run.root)[1]
    assert all(gold.task_id in listed for gold in run.store.golds()), "whole, to be copied"


def evaluated(run: Run, policy: str, wrong: bool) -> None:
    """Outcomes on the test split, with a sentence too many where ``wrong``, except about the first picture."""
    requests = evaluation_requests(run.config, run.store, run.blobs, Split.TEST)
    outcomes = []
    for number, request in enumerate(requests):
        scene = world.scene_of(request.origin)
        text = world.true_answer(scene, request.prompt) + (WRONG if wrong and number else "")
        outcomes.append(world.outcome(request.image_id, scene, request.prompt, text))
    blob = f"evaluations/{policy}-test.parquet"
    run.blobs.put(blob, write_outcomes(outcomes))
    run.store.add_evaluation(evaluate(outcomes, policy=policy, split=Split.TEST, bootstrap=100, seed=0, blob=blob))


def judge(run: Run, who: str, project: str) -> int:
    """Mark the sentence too many wherever it is."""
    count = 0
    while (lease := run.store.lease(who, 60)) is not None:
        assert lease.task.project == project
        start = lease.task.text.find(WRONG)
        wrong = (
            Mark(span=Span(start=start, end=start + len(WRONG)), type=HallucinationType.OBJECT) if start >= 0 else None
        )
        answer = Answer.MARKED if wrong else Answer.CLEAN
        run.store.submit(submission(lease.task.id, who, answer, marks=(wrong,) if wrong else ()))
        count += 1
    return count


def test_a_blind_study_from_start_to_end(redraft: CommandLine, tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    add_policy(run, "r01-child", PolicyStatus.CANDIDATE)
    evaluated(run, "r00-base", wrong=True)
    evaluated(run, "r01-child", wrong=False)
    picture = run.store.images(Split.TEST)[0]
    run.blobs.path(picture.blob).unlink()
    start = ("humaneval", "start", run.root, "--policies", "r00-base,r01-child", "--project", "blind", "--images", "4")
    code, said, err = redraft(*start)
    assert code == 0, err
    assert "14 answers to 7 texts about 4 pictures" in said, "a text that both wrote is judged once"
    assert run.blobs.exists(picture.blob), "a picture that was cleaned away is drawn again"
    assert redraft(*start)[0] == 0, "again changes nothing"
    assert "another project blind" in sentence(redraft(*start, "--seed", "5"))
    study = read_study(run.blobs, "blind")
    assert study is not None and len(study.items) == 7
    assert judge(run, "ann", "blind") == 7
    assert "7 of 7 texts in project blind have fewer answers" in sentence(
        redraft("humaneval", "close", run.root, "blind")
    )
    assert judge(run, "bob", "blind") == 7
    code, said, err = redraft("humaneval", "close", run.root, "blind")
    assert code == 0, err
    base, child = run.store.human_evaluations("blind")
    assert (base.response_rate.value, child.response_rate.value) == (0.75, 0.0)
    assert child.differences[0].response_rate.value == -0.75
    assert base.by_type[HallucinationType.OBJECT] == base.segments.value > 0
    assert base.agreement is not None and base.agreement.value == 1.0
    assert "75.0%" in said and "alpha 1.00" in said
    assert not run.store.project("blind").open
    assert run.store.unused_corrections() == [], "held-out pictures are never trained on"
    assert "no corrections to export" in sentence(redraft("export", run.root, tmp_path / "out", "--format", "trl"))
