"""Short questions about a picture, and their short answers.

How many cups are there?      There are two cups. / There is one cup. / There are no cups.
What is in the top left?      There is a red cup. / It is empty.
What color is the car?        The car is red. / There is no car.
Is there a dog?               Yes, there is a dog. / No, there is no dog.
"""

from __future__ import annotations

import random
import re
from enum import StrEnum

from redraft.records import Record
from redraft.world.language import Told, be, form_of, phrase_of, told_truth, true_description
from redraft.world.scene import Group, Scene
from redraft.world.vocabulary import CELLS, COLOURS, OBJECTS, SETTINGS, noun, noun_phrase, plural, with_article


class QuestionKind(StrEnum):
    """What a question asks for."""

    COUNT = "count"
    CELL = "cell"
    COLOUR = "colour"
    EXISTENCE = "existence"


class Question(Record):
    """A question as understood: ``object`` is set for all kinds but CELL, ``cell`` for that one alone.

    ``several`` says whether a colour question was put in the plural, so that its answer is too.
    """

    kind: QuestionKind
    object: str | None = None
    cell: int | None = None
    several: bool = False

    def text(self) -> str:
        """The question as it is put to a policy."""
        if self.cell is not None:
            return f"What is in the {CELLS[self.cell]}?"
        assert self.object is not None
        if self.kind is QuestionKind.COUNT:
            return f"How many {plural(self.object)} are there?"
        if self.kind is QuestionKind.EXISTENCE:
            return f"Is there {with_article(self.object)}?"
        count = 2 if self.several else 1
        return f"What color {be(count)} the {noun(self.object, count)}?"


_SINGULAR = {form: name for name in OBJECTS for form in (name, plural(name))}
_NOUN = "|".join(sorted(map(re.escape, _SINGULAR), key=lambda form: (-len(form), form)))
_FLAGS = re.ASCII | re.IGNORECASE
_COUNT = re.compile(rf"\bhow many ({_NOUN})\b", _FLAGS)
_COLOUR = re.compile(rf"\bwhat colou?r (is|are) the ({_NOUN})\b", _FLAGS)
_EXISTENCE = re.compile(rf"\b(?:is|are) there (?:an?|any) ({_NOUN})\b", _FLAGS)
_CELL = re.compile(r"\bwhat is (?:there )?in the (top|middle|bottom) (left|center|right)\b", _FLAGS)


def parse_question(prompt: str) -> Question | None:
    """The question that a prompt asks, or None: every other prompt asks for a description."""
    if match := _CELL.search(prompt):
        return Question(kind=QuestionKind.CELL, cell=CELLS.index(f"{match[1]} {match[2]}".lower()))
    if match := _COLOUR.search(prompt):
        several = match[1].lower() == "are"
        return Question(kind=QuestionKind.COLOUR, object=_SINGULAR[match[2].lower()], several=several)
    if match := _COUNT.search(prompt):
        return Question(kind=QuestionKind.COUNT, object=_SINGULAR[match[1].lower()])
    if match := _EXISTENCE.search(prompt):
        return Question(kind=QuestionKind.EXISTENCE, object=_SINGULAR[match[1].lower()])
    return None


def question_for(scene: Scene, seed: int) -> str:
    """One of the questions that make sense for a scene, about present and absent objects alike; pure."""
    rng = random.Random(f"{seed}:{scene.texture}")
    kinds = tuple(QuestionKind)
    if not any(group.colour for group in scene.groups) and rng.random() < 0.7:
        kinds = tuple(kind for kind in kinds if kind is not QuestionKind.COLOUR)
    kind = rng.choice(kinds)
    if kind is QuestionKind.CELL:
        return Question(kind=kind, cell=rng.randrange(len(CELLS))).text()
    choices = tuple(COLOURS) if kind is QuestionKind.COLOUR else OBJECTS
    present = [group for group in scene.groups if group.object in choices]
    if present and rng.random() < (0.8 if kind is QuestionKind.COLOUR else 0.5):
        group = rng.choice(present)
        return Question(kind=kind, object=group.object, several=group.count > 1).text()
    absent = [name for name in choices if scene.group_of(name) is None]
    if not absent:
        group = rng.choice(present)
        return Question(kind=kind, object=group.object, several=group.count > 1).text()
    typical = [name for name in absent if name in SETTINGS[scene.setting]]
    name = rng.choice(typical if typical and rng.random() < 0.5 else absent)
    return Question(kind=kind, object=name).text()


def answer(question: Question, told: Told) -> str:
    """The short answer of a writer who believes ``told``."""
    if question.cell is not None:
        return _answer_cell(told[question.cell])
    assert question.object is not None
    name = question.object
    group = next((group for group in told.values() if group is not None and group.object == name), None)
    if question.kind is QuestionKind.COUNT:
        return _answer_count(name, group)
    if question.kind is QuestionKind.COLOUR:
        return _answer_colour(question, name, group)
    if group is None:
        return f"No, there is no {name}."
    return f"Yes, there {be(group.count)} {noun_phrase(name, group.count, None)}."


def true_answer(scene: Scene, prompt: str) -> str:
    """An answer to any prompt without any error: a short one to a question, a description to everything else."""
    question = parse_question(prompt)
    return true_description(scene, form=form_of(prompt)) if question is None else answer(question, told_truth(scene))


def _answer_cell(group: Group | None) -> str:
    return "It is empty." if group is None else f"There {be(group.count)} {phrase_of(group)}."


def _answer_count(name: str, group: Group | None) -> str:
    if group is None:
        return f"There are no {plural(name)}."
    return f"There is one {name}." if group.count == 1 else f"There are {noun_phrase(name, group.count, None)}."


def _answer_colour(question: Question, name: str, group: Group | None) -> str:
    count = (2 if question.several else 1) if group is None else group.count
    if group is None:
        return f"There {be(count)} no {noun(name, count)}."
    if group.colour is None:
        return f"There {be(count)} {noun_phrase(name, count, None)}."
    return f"The {noun(name, count)} {be(count)} {group.colour}."
