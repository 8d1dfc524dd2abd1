"""A round is ordered by what people said about earlier ones, once, and in the same way when it is done again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow.parquet as pq
import pytest

from redraft.config import Config
from redraft.records import Answer, Correction, Response, ResponseScore, Task
from redraft.responses import scored_from_table, scored_table
from redraft.runs import RunFolder
from redraft.store import Store
from redraft.uncertainty import score_response
from redraft_actors.context import RunContext
from redraft_actors.probing import rescored

from .uncertain_answers import answer, response, task

UNCERTAINTY = {"choose_from": 10, "probe_from": 40, "platt_from": 30, "isotonic_from": 100}


class Answers:
    """The part of the store that a round's order reads."""

    def __init__(self) -> None:
        self.answers: list[Correction] = []
        self.asked: list[Task] = []

    def corrections(self) -> Sequence[Correction]:
        return self.answers

    def tasks(self) -> Sequence[Task]:
        return self.asked


@pytest.fixture
def store() -> Answers:
    return Answers()


@pytest.fixture
def run(tmp_path: Path, store: Answers) -> RunContext:
    config = Config.model_validate({"name": "small", "uncertainty": UNCERTAINTY})
    context = RunContext.open(RunFolder.create(tmp_path / "run", config).root)
    context.store.close()
    return replace(context, store=cast(Store, store))


def draw(run: RunContext, key: str, number: int) -> dict[str, tuple[Response, ResponseScore]]:
    """60 responses and a sibling each, in which doubt sits in what was said, while entropy and siblings are silent."""
    rows: list[tuple[Response, ResponseScore | None]] = []
    for i, doubt in enumerate(np.linspace(0, 4, 60)):
        mine = response("A dog.", {"dog": -doubt}, id=f"{number}-{i}", image=f"i{i}").model_copy(
            update={"round": number}
        )
        other = mine.model_copy(update={"id": f"{mine.id}-1", "sample": 1})
        rows += [(mine, score_response(mine, [other], 0.5)), (other, None)]
    folder = run.blobs.scratch_folder()
    pq.write_table(scored_table(rows), folder / "part.parquet")
    run.blobs.publish_folder(key, folder)
    table = pq.read_table(run.blobs.path(key))
    return {one.id: (one, score) for one, score in scored_from_table(table)}


def judge(store: Answers, first: dict[str, tuple[Response, ResponseScore]], count: int) -> None:
    """People find every second half of the responses wrong, and some others."""
    for i, (mine, _) in enumerate(first.values()):
        if i % (60 // count):
            continue
        wrong = i >= 30 or i % 7 == 0
        kind, swap = (Answer.CORRECTED, [("dog", "cat")]) if wrong else (Answer.CLEAN, [])
        store.answers.append(answer(mine, kind, swap))
        store.asked.append(task(mine))


def order(scored: dict[str, tuple[Response, ResponseScore]]) -> list[str]:
    return sorted(scored, key=lambda id: scored[id][1].score)


def test_the_first_round_keeps_the_scores_it_was_sampled_with(run: RunContext) -> None:
    first = draw(run, "samples/round-001-p0", 1)
    detail: dict[str, Any] = {}
    assert rescored(run, 1, "samples/round-001-p0", first, detail) == first
    assert (detail["scorer"], detail["labelled"]) == ("mixture", 0)


def test_a_little_said_chooses_a_signal_and_enough_a_probe(run: RunContext, store: Answers) -> None:
    earlier = draw(run, "samples/round-001-p0", 1)
    for count, scorer, policy in ((20, "nll", "p1"), (60, "probe", "p2")):
        store.answers, store.asked = [], []
        judge(store, earlier, count)
        key = f"samples/round-002-{policy}"
        first = draw(run, key, 2)
        detail: dict[str, Any] = {}
        again = rescored(run, 2, key, first, detail)
        assert (detail["scorer"], detail["labelled"], detail["scorer_blob"]) == (scorer, count, f"{key}.scorer.json")
        assert run.blobs.exists(detail["scorer_blob"])
        assert order(again) == [f"2-{i}" for i in range(60)]


def test_answers_that_come_later_change_neither_the_round_nor_its_order(run: RunContext, store: Answers) -> None:
    judge(store, draw(run, "samples/round-001-p0", 1), 60)
    key = "samples/round-002-p1"
    first = draw(run, key, 2)
    before = rescored(run, 2, key, first, {})
    judge(store, first, 60)
    store.answers = store.answers[5:]
    assert rescored(run, 2, key, first, {}) == before


def test_a_round_does_not_learn_from_its_own_answers(run: RunContext, store: Answers) -> None:
    key = "samples/round-001-p0"
    first = draw(run, key, 1)
    judge(store, first, 60)
    detail: dict[str, Any] = {}
    rescored(run, 1, key, first, detail)
    assert (detail["scorer"], detail["labelled"]) == ("mixture", 0)
