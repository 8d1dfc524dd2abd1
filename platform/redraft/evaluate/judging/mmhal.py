"""MMHal-Bench (Sun et al., 2023, arXiv 2309.14525): a judge rates answers to 96 questions of eight types, 0 to 6.

    response_template.json ──► questions ──► answers ──► judge ──► rating ──► mean score, share below 3

A rating below 3 says that the answer hallucinates. The published script counts an answer of the judge with no or
several ratings as a 0. Here it is asked for once more; what stays unreadable tells of the judge and not of the policy,
so it is in no mean, is counted, and bounds say what the figures could be: the published rule is one of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from redraft.errors import DataError
from redraft.evaluate.judging.filled import mean_with, total
from redraft.evaluate.judging.prompts import MMHAL
from redraft.evaluate.judging.protocol import Judge, JudgeQuestion, Progress
from redraft.evaluate.judging.rows import Row, read_array
from redraft.evaluate.judging.verdicts import JudgeTally, ask_verdicts
from redraft.evaluate.source import source_of
from redraft.evaluate.suite import FigureSpec, ItemScore, SuiteItem, ratio
from redraft.records import JudgeUse, Source

TEMPLATE_WANTED = (
    "it must hold a JSON array of objects with question_type, image_id, image_src, image_content, question and "
    "gt_answer, as response_template.json of the data set Shengcao1006/MMHal-Bench on huggingface.co does"
)
FILLED_WANTED = f"with --answers, {TEMPLATE_WANTED}, and model_answer must be filled in"

BEST, TRUTHFUL = 6, 3
"""The highest rating, and the lowest one of an answer without hallucination."""

_RATING = re.compile(
    r"\brating[\s*_]{0,3}:[\s*_]{0,4}(-?\d+(?:\s?[.,/\u2013-]\s?\d+|\s+(?:or|to)\s+\d+)*)", re.IGNORECASE
)


class MMHalRow(Row):
    """An entry of the published file; ``model_answer`` is empty in the template."""

    question_type: str
    image_id: str
    image_src: str
    image_content: tuple[str, ...]
    question: str
    gt_answer: str
    model_answer: str = ""


def rating_of(text: str) -> int | None:
    """The one rating in a judge's text, None where there is none, where several differ, or where one is no 0 to 6.

    Like the published script this looks for ``Rating: N`` anywhere. Stricter than it, ``Rating: 4.5``, ``Rating: 3 or
    4``, ``Rating: 10`` and ``Rating: 5/10`` are none. Looser, marks of emphasis may stand around the colon.
    """
    found = {match.group(1).replace(" ", "") for match in _RATING.finditer(text)}
    ratings = {one.removesuffix("/6") for one in found}
    if len(ratings) != 1:
        return None
    (rating,) = ratings
    return int(rating) if re.fullmatch("[0-6]", rating) else None


_SCORE = ("score", "judged", "unparsable")
_WRONG = ("hallucinated", "judged", "unparsable")

FIGURES = (
    FigureSpec("score", ("score", "judged"), ratio, "score", "higher", "mean rating, 0 to 6, of readable verdicts"),
    FigureSpec(
        "hallucination_rate",
        ("hallucinated", "judged"),
        ratio,
        says="share rated below 3, of readable verdicts",
    ),
    FigureSpec(
        "score_lowest",
        _SCORE,
        mean_with(0),
        "score",
        "higher",
        "the same with unreadable verdicts as 0, as published",
    ),
    FigureSpec("score_highest", _SCORE, mean_with(BEST), "score", "higher", "the same with unreadable verdicts as 6"),
    FigureSpec(
        "hallucination_rate_lowest",
        _WRONG,
        mean_with(0),
        says="share below 3 with unreadable verdicts as no hallucination",
    ),
    FigureSpec(
        "hallucination_rate_highest",
        _WRONG,
        mean_with(1),
        says="share below 3 with unreadable verdicts as hallucination, as published",
    ),
    FigureSpec("unparsable", ("unparsable",), total, "count", "neither", "verdicts that cannot be read"),
)


@dataclass(frozen=True)
class MMHal:
    """`Suite`: MMHal-Bench. Items are numbered from 0 in the order of the file."""

    rows: tuple[MMHalRow, ...]
    judge: Judge
    files: tuple[Source, ...]
    progress: Progress | None = None
    tally: JudgeTally = field(default_factory=JudgeTally, compare=False)

    name = "mmhal"
    columns = ("score", "hallucinated", "judged", "unparsable")
    figures = FIGURES

    @classmethod
    def load(cls, template: Path, judge: Judge, progress: Progress | None = None) -> MMHal:
        """Read the published questions.

        Raises:
            DataError: the file is missing or malformed.
        """
        rows = read_array(template, MMHalRow, TEMPLATE_WANTED)
        return cls(rows, judge, (source_of("questions", template),), progress)

    @property
    def variant(self) -> str:
        """The wording and the judge; ratings under two of them are not comparable."""
        return f"{MMHAL.version}, judge {self.judge.label}"

    def items(self) -> Sequence[SuiteItem]:
        """The questions; an image is called as its address ends, as people who download it call it."""
        return [
            SuiteItem(id=str(place), image_id=row.image_id, image=_image_name(row), prompt=row.question)
            for place, row in enumerate(self.rows)
        ]

    def score(self, answers: Mapping[str, str]) -> list[ItemScore]:
        """Have the answers judged.

        Raises:
            ResourceError: the judge cannot be asked.
        """
        asked = [(item, row) for item, row in zip(self.items(), self.rows, strict=True) if item.id in answers]
        questions = [question_about(row, answers[item.id]) for item, row in asked]
        self.tally.clear()
        ratings = ask_verdicts(
            self.judge, questions, rating_of, reminder=MMHAL.reminder, tally=self.tally, progress=self.progress
        )
        return [
            ItemScore(item.id, item.image_id, row.question_type, _values(rating))
            for (item, row), rating in zip(asked, ratings, strict=True)
        ]

    def sources(self) -> tuple[Source, ...]:
        """The file of questions."""
        return self.files

    def judge_use(self) -> JudgeUse | None:
        """What the judge did during the last ``score``."""
        return self.tally.use(self.judge, MMHAL.version)


def question_about(row: MMHalRow, answer: str) -> JudgeQuestion:
    """What the judge is asked; it reads the published facts, not the image."""
    text = MMHAL.text.format(
        objects=", ".join(row.image_content), question=row.question, truth=row.gt_answer, answer=answer
    )
    return JudgeQuestion(prompt_version=MMHAL.version, text=text, system=MMHAL.system)


def read_filled(path: Path, suite: MMHal) -> Mapping[str, str]:
    """Answers in the published form: the template with ``model_answer`` filled in, in its order.

    Raises:
        DataError: a malformed file, other questions than the suite's, or an answer that is missing.
    """
    rows = read_array(path, MMHalRow, FILLED_WANTED)
    if [(row.image_id, row.question) for row in rows] != [(row.image_id, row.question) for row in suite.rows]:
        raise DataError(f"{path} holds other questions than the suite, or in another order: fill in the same template")
    empty = [str(place) for place, row in enumerate(rows) if not row.model_answer.strip()]
    if empty:
        raise DataError(f"{path} holds no model_answer for {len(empty)} entries, first entry {empty[0]}: fill them in")
    return {str(place): row.model_answer for place, row in enumerate(rows)}


def _image_name(row: MMHalRow) -> str:
    return PurePosixPath(urlsplit(row.image_src).path).name


def _values(rating: int | None) -> tuple[float, ...]:
    if rating is None:
        return 0.0, 0.0, 0.0, 1.0
    return float(rating), float(rating < TRUTHFUL), 1.0, 0.0
