"""POPE (Li et al., 2023): is there an object in the image, asked of objects that are and of objects that are not.

    coco_pope_random.json        what is not there is drawn from all objects
    coco_pope_popular.json       … from the most frequent ones
    coco_pope_adversarial.json   … from those that are most often seen with what is there

The positive answer is yes. An answer is read as the published script reads it: no, if the first sentence without its
commas has the word No, no or not, and yes otherwise, whatever it says. How many answers hold neither word is a figure
of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from redraft.errors import DataError
from redraft.evaluate.answer_lines import AnswersRead
from redraft.evaluate.probing.answer_forms import AnswerForm, Fields, match_answers, read_rows, text_of
from redraft.evaluate.probing.published import PublishedFile, Row
from redraft.evaluate.probing.yes_no import yes_no_columns, yes_no_figures, yes_no_values
from redraft.evaluate.suite import FigureSpec, ItemScore, SuiteItem, ratio
from redraft.records import JudgeUse, Source

SETTINGS = ("random", "popular", "adversarial")

_HOLDS = 'one JSON object a line with "question_id", "image", "text" and "label" (yes or no)'
_ORIGIN = "https://github.com/RUCAIBox/POPE (output/coco/coco_pope_SETTING.json)"
_FORM = AnswerForm(
    ids=("id",),
    texts=("answer", "text"),
    says='JSON lines with "question" and "answer" in the order of the questions of all settings given, or with "id" '
    '(as random/1) and "text", or with "setting", "question_id" and "answer"',
)
_NEGATIVE = frozenset({"No", "not", "no"})


class _Question(Row):
    question_id: int | str
    image: str
    text: str
    label: Literal["yes", "no"]


@dataclass(frozen=True)
class PopeQuestion:
    """A question about one image, and whether the object is there."""

    setting: str
    item: SuiteItem
    present: bool


@dataclass(frozen=True)
class Pope:
    """The questions of one or more settings, which are its groups."""

    questions: tuple[PopeQuestion, ...]
    files: tuple[Source, ...]

    name = "pope"
    variant = "published"
    columns = (*yes_no_columns(""), "neither")
    figures = (
        *yes_no_figures("", "yes"),
        FigureSpec("yes_ratio", ("positive_given", "asked"), ratio, better="neither", says="answered yes"),
        FigureSpec("neither", ("neither", "asked"), ratio, says="answers with neither yes nor no, counted as yes"),
    )

    @classmethod
    def load(cls, paths: Sequence[Path]) -> Pope:
        """Read question files; each says its setting in its name, as ``coco_pope_random.json``.

        Raises:
            DataError: a file is missing, not as published, of no setting, or there are two of one.
        """
        by_setting: dict[str, PublishedFile] = {}
        for path in paths:
            setting = _setting(path)
            if setting in by_setting:
                raise DataError(f"{path} and {by_setting[setting].path} are both of setting {setting}: name one")
            by_setting[setting] = PublishedFile(path, f"{setting} question file of POPE", _HOLDS, _ORIGIN)
        if not by_setting:
            raise DataError(f"there is no question file: name {', '.join(SETTINGS)} ones, from {_ORIGIN}")
        ordered = [(setting, by_setting[setting]) for setting in SETTINGS if setting in by_setting]
        questions = [question for setting, file in ordered for question in _questions(setting, file)]
        return cls(tuple(questions), tuple(file.source() for _, file in ordered))

    def items(self) -> Sequence[SuiteItem]:
        """Every question, random ones first, then popular and adversarial ones."""
        return [question.item for question in self.questions]

    def score(self, answers: Mapping[str, str]) -> list[ItemScore]:
        """One row an answered question; its group is the setting."""
        return [
            ItemScore(one.item.id, one.item.image_id, one.setting, _values(answers[one.item.id], one.present))
            for one in self.questions
            if one.item.id in answers
        ]

    def sources(self) -> tuple[Source, ...]:
        """The question files."""
        return self.files

    def judge_use(self) -> JudgeUse | None:
        """There is no judge."""
        return None

    def answers_in(self, path: Path) -> AnswersRead:
        """Read an answer file: lines in the order of the questions, as published, or lines that name their items.

        Raises:
            DataError: it is missing or malformed, or does not fit the questions.
        """
        rows = read_rows(path, _FORM)
        if any("id" in row or "question_id" in row for row in rows):
            return match_answers(path, _FORM, [one.item.id for one in self.questions], self._named)
        if len(rows) != len(self.questions):
            raise DataError(
                f"{path} has {len(rows)} answers to {len(self.questions)} questions: --answers takes {_FORM.says}"
            )
        for number, (row, one) in enumerate(zip(rows, self.questions, strict=True), 1):
            asked = str(row.get("question", one.item.prompt))
            if asked.strip().casefold() != one.item.prompt.strip().casefold():
                raise DataError(
                    f"{path} answer {number} is to {asked[:80]!r}, but question {number} is {one.item.prompt!r}: put "
                    f"the answers in the order of the settings {', '.join(SETTINGS)}"
                )
        pairs = zip(self.questions, rows, strict=True)
        return AnswersRead({one.item.id: text_of(path, n, row, _FORM) for n, (one, row) in enumerate(pairs, 1)}, 0)

    def _named(self, row: Fields) -> object:
        settings = {question.setting for question in self.questions}
        setting = row.get("setting", next(iter(settings)) if len(settings) == 1 else None)
        if "id" in row or setting is None or "question_id" not in row:
            return row.get("id")
        return f"{setting}/{row['question_id']}"


def says_yes(text: str) -> bool:
    """How the published script reads an answer."""
    return not _NEGATIVE & set(_first_sentence(text).replace(",", "").split(" "))


def says_neither(text: str) -> bool:
    """Whether the answer has no word, in its first sentence, that says yes or no; ``says_yes`` holds then."""
    words = re.findall(r"[a-z]+", _first_sentence(text).lower())
    return says_yes(text) and "yes" not in words


def _first_sentence(text: str) -> str:
    return text.split(".")[0]


def _values(text: str, present: bool) -> tuple[float, ...]:
    return (*yes_no_values(says_yes(text), present, positive=True), float(says_neither(text)))


def _setting(path: Path) -> str:
    named = [setting for setting in SETTINGS if setting in path.stem]
    if len(named) != 1:
        raise DataError(f"{path} does not name its setting: call it after one of {', '.join(SETTINGS)}, as {_ORIGIN}")
    return named[0]


def _questions(setting: str, file: PublishedFile) -> list[PopeQuestion]:
    found: dict[str, PopeQuestion] = {}
    for row in file.rows(_Question):
        item = SuiteItem(f"{setting}/{row.question_id}", row.image, row.image, row.text)
        if item.id in found:
            raise file.error(f"has question {row.question_id} twice")
        found[item.id] = PopeQuestion(setting, item, row.label == "yes")
    return list(found.values())
