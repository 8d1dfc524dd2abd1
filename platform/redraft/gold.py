"""Known answers: chosen among what a policy said about the picture world, and explained in plain words."""

from __future__ import annotations

import random
from collections.abc import Sequence

from redraft import world
from redraft.records import Arm, Edit, Gold, HallucinationType, Record, Response, Task, TaskState, stable_id
from redraft.segments import ordered_edits

ORACLE = "oracle"
"""The author of known answers that come from the picture world itself."""

CLEAN_SHARE = 0.25
"""About as many known answers as this say that nothing is wrong, so that annotators learn to leave a text alone."""

_WHY = {
    HallucinationType.OBJECT: "the object is not in the picture",
    HallucinationType.POSITION: "it is in another place",
    HallucinationType.NUMBER: "the number is wrong",
    HallucinationType.ATTRIBUTE: "a property, such as the colour, is wrong",
    HallucinationType.ACTION: "what happens is wrong",
    HallucinationType.OTHER: "the picture does not show it so",
}


class KnownAnswer(Record):
    """A gold task with its answer and the response that it is about."""

    response: Response
    task: Task
    gold: Gold


def explain(text: str, edits: Sequence[Edit]) -> str:
    """The edits in plain words, one sentence each, in the order of the text.

    Raises:
        EditError: the edits do not fit the text.
    """
    if not edits:
        return "Nothing is wrong in this text: leave it as it is."
    return " ".join(_sentence(text, edit) for edit in ordered_edits(text, edits))


def gold_task_id(project: str, response_id: str) -> str:
    """The id of the gold task that a project has of a response."""
    return stable_id("gold task", project, response_id)


def known_answers(
    responses: Sequence[tuple[Response, str]], *, count: int, seed: int, project: str, round: int, now: float
) -> list[KnownAnswer]:
    """Gold tasks about some of the responses, with the exact corrections of the picture world's oracle.

    The oracle corrects what is wrong and does not add what was left out. About a quarter of the answers are that
    nothing is wrong, if there are so many; which ones are drawn depends on ``seed`` and on the set of responses alone.

    Args:
        responses: each with the origin of its picture, ``world:SEED:SPLIT:INDEX``.
        count: how many; fewer come where there are fewer.
        seed: of the draw.
        project: that the tasks belong to.
        round: of the tasks.
        now: UTC seconds.

    Raises:
        DataError: a picture is not of the picture world.
    """
    shuffled = sorted(responses, key=lambda pair: pair[0].id)
    random.Random(f"gold:{seed}").shuffle(shuffled)
    wrong: list[KnownAnswer] = []
    clean: list[KnownAnswer] = []
    for response, origin in shuffled:
        edits = world.correct(world.scene_of(origin), response.prompt, response.text, add=False)
        (wrong if edits else clean).append(_known(response, edits, project, round, now))
    spared = clean[: max(int(count * CLEAN_SHARE + 0.5), count - len(wrong))]
    return [*wrong[: count - len(spared)], *spared]


def _known(response: Response, edits: tuple[Edit, ...], project: str, round: int, now: float) -> KnownAnswer:
    task = Task(
        id=gold_task_id(project, response.id),
        round=round,
        response_id=response.id,
        image_id=response.image_id,
        prompt=response.prompt,
        text=response.text,
        spans=(),
        arm=Arm.RANDOM,
        priority=0.0,
        policy=response.policy,
        state=TaskState.OPEN,
        project=project,
        gold=True,
    )
    explanation = explain(response.text, edits)
    gold = Gold(task_id=task.id, edits=edits, explanation=explanation, author=ORACLE, created_at=now)
    return KnownAnswer(response=response, task=task, gold=gold)


def _sentence(text: str, edit: Edit) -> str:
    old, new = text[edit.start : edit.end].strip(), edit.replacement.strip()
    if not old:
        return f"“{new}” is missing."
    if not new:
        return f"“{old}” has to go: {_WHY[edit.type]}."
    return f"“{old}” should be “{new}”: {_WHY[edit.type]}."
