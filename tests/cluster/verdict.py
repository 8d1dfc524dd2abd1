"""Whether anything that people submitted was lost, doubled, or learnt from twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from redraft.records import Answer, Phase
from redraft.store import Store

from .people import Person


def findings(store: Store, people: Sequence[Person], rounds: int) -> list[str]:
    """What is wrong, a sentence each; none if all is well."""
    return [*_submissions(store, people), *_learning(store), *_loop(store, rounds)]


def strays(run: Path) -> list[str]:
    """Controllers that lived on another host than the head, by the names of their logs."""
    logs = [log.name for log in (run / "logs").glob("controller-*.jsonl")]
    wrong = [] if logs else ["no controller has left a log"]
    return [*wrong, *(f"a controller was not on the head: {name}" for name in logs if "-head-" not in name)]


def _submissions(store: Store, people: Sequence[Person]) -> list[str]:
    wrong = []
    stored = store.corrections()
    counted = Counter(one.task_id for one in stored)
    kept = {one.task_id: one for one in stored}
    for person in people:
        if person.trouble is not None:
            wrong.append(f"{person.name} gave up: {person.trouble!r}")
        wrong += [f"{person.name} was refused: {told}" for told in person.refused]
        for sent in person.submitted:
            found = kept.get(sent.task)
            if found is None:
                wrong.append(f"the answer to {sent.task} was acknowledged and is lost")
            elif (found.annotator, found.edits) != (person.name, sent.edits):
                wrong.append(f"the answer to {sent.task} is not the one that was sent")
    doubled = [task for task, count in counted.items() if count > 1]
    wrong += [f"task {task} has {counted[task]} answers" for task in doubled]
    acknowledged = {sent.task for person in people for sent in person.submitted}
    wrong += [f"an answer to {task} is there that nobody sent" for task in counted.keys() - acknowledged]
    return wrong


def _learning(store: Store) -> list[str]:
    """Every correction is in a dataset version or waits for one, and the promoted policy learnt from none twice."""
    corrected = {one.id for one in store.corrections() if one.answer is Answer.CORRECTED}
    datasets = store.datasets()
    wrong = [
        f"dataset {dataset.id} holds a correction twice"
        for dataset in datasets
        if len(set(dataset.corrections)) != len(dataset.corrections)
    ]
    used = {id for dataset in datasets for id in dataset.corrections}
    waiting = {one.id for one in store.new_corrections()}
    if lost := corrected - used - waiting:
        wrong.append(f"{len(lost)} corrections are in no dataset version and wait for none")
    if strange := (used | waiting) - corrected:
        wrong.append(f"{len(strange)} corrections were learnt from that nobody made")
    promoted = store.promoted()
    if promoted is not None:
        learnt = Counter(id for dataset in store.lineage(promoted.id).datasets for id in dataset.corrections)
        if twice := [id for id, count in learnt.items() if count > 1]:
            wrong.append(f"{len(twice)} corrections were learnt from twice")
    return wrong


def _loop(store: Store, rounds: int) -> list[str]:
    """All rounds are done, each with one candidate and a verdict."""
    rows = store.rounds()
    wrong = [f"round {row.number} is {row.phase}" for row in rows if row.phase is not Phase.DONE]
    if [row.number for row in rows] != list(range(rounds + 1)):
        wrong.append(f"there are rounds {[row.number for row in rows]}")
    wrong += [f"round {row.number} trained nothing" for row in rows if row.number and row.candidate is None]
    candidates = Counter(policy.round for policy in store.policies())
    wrong += [f"round {number} made {count} policies" for number, count in candidates.items() if count > 1]
    return wrong
