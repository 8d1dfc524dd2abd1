"""AMBER (Wang et al., 2023): descriptions, and questions with yes or no about existence, attributes and relations.

Figures are functions of sums over all answers, as in the published script, without its rounding to one decimal and
without the small constants in its denominators. In descriptions, CHAIR is wrong nouns over nouns, Cover is covered
objects over objects, Hal is descriptions with a wrong noun over descriptions and Cog is imagined objects over objects
often imagined. In questions the positive answer is no.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from redraft.evaluate.answer_lines import AnswersRead
from redraft.evaluate.bootstrap import Floats
from redraft.evaluate.probing.amber_files import GENERATIVE, AmberItem, Described, Lexicon, read_amber
from redraft.evaluate.probing.answer_forms import AnswerForm, match_answers
from redraft.evaluate.probing.described import score_description
from redraft.evaluate.probing.nouns import LexicalReader, NounReader
from redraft.evaluate.probing.yes_no import f1, yes_no_columns, yes_no_figures, yes_no_values
from redraft.evaluate.suite import FigureSpec, ItemScore, SuiteItem, ratio
from redraft.records import JudgeUse, Source

_FORM = AnswerForm(
    ids=("id",),
    texts=("response", "text"),
    says='a JSON array, or JSON lines, with "id" and "response" (or "text")',
)
_DESCRIBED = ("descriptions", "hallucinated", "nouns", "wrong", "truth", "covered", "expected", "imagined")
_ASKED = yes_no_columns("")
_ATTRIBUTES = yes_no_columns("attribute_")
_FIRST_WORD = re.compile(r"[a-z]+")


_ON_DESCRIPTIONS = (
    FigureSpec("chair", ("wrong", "nouns"), ratio, says="nouns about nothing in the image, over nouns"),
    FigureSpec("cover", ("covered", "truth"), ratio, better="higher", says="objects in the image that are named"),
    FigureSpec("hal", ("hallucinated", "descriptions"), ratio, says="descriptions with a wrong noun"),
    FigureSpec("cog", ("imagined", "expected"), ratio, says="objects named of those that models often imagine"),
)
_ON_QUESTIONS = (
    *yes_no_figures("", "no"),
    *yes_no_figures("attribute_", "no", "about attributes"),
    FigureSpec("neither", ("neither", "asked"), ratio, says="answers that begin with neither yes nor no: wrong"),
)


def amber_score(sums: Floats) -> Floats:
    """Sums [m, 5] of wrong nouns, nouns, and right, given and true answers no to (1 - CHAIR + F1)/2, [m]."""
    score: Floats = (1 - ratio(sums[:, :2]) + f1(sums[:, 2:])) / 2
    return score


_ON_BOTH = FigureSpec(
    "amber_score",
    ("wrong", "nouns", "positive_right", "positive_given", "positive_true"),
    amber_score,
    better="higher",
    says="(1 - chair + f1)/2",
)

FIGURES = (_ON_BOTH, *_ON_DESCRIPTIONS, *_ON_QUESTIONS)
"""Of all query files."""


@dataclass(frozen=True)
class Amber:
    """The questions of one query file; groups are ``generative`` and the dimensions of the others."""

    questions: tuple[AmberItem, ...]
    lexicon: Lexicon
    reader: NounReader
    files: tuple[Source, ...]

    name = "amber"
    columns = (*_DESCRIBED, *_ASKED, *_ATTRIBUTES, "neither")

    @property
    def variant(self) -> str:
        """How nouns are read: ``lexical`` and ``similarity`` figures must not be compared."""
        return self.reader.variant

    @property
    def figures(self) -> tuple[FigureSpec, ...]:
        """Those that the query file's questions can give."""
        generative = {one.dimension == GENERATIVE for one in self.questions}
        described = _ON_DESCRIPTIONS if True in generative else ()
        asked = _ON_QUESTIONS if False in generative else ()
        return ((_ON_BOTH,) if described and asked else ()) + described + asked

    @classmethod
    def load(cls, data: Path, queries: Path | None = None, reader: NounReader | None = None) -> Amber:
        """Read AMBER.

        Args:
            data: the published folder ``data``.
            queries: a query file of it, ``query_all.json`` by default; it decides which tasks are measured.
            reader: of nouns, the lexical one by default.

        Raises:
            DataError: a file is missing or not as published.
        """
        files = read_amber(data, queries)
        reader = reader if reader is not None else LexicalReader(files.lexicon.vocabulary)
        return cls(files.items, files.lexicon, reader, (*files.sources, *reader.sources()))

    def items(self) -> Sequence[SuiteItem]:
        """Every question, in the order of the query file."""
        return [SuiteItem(one.id, one.image, one.image, one.query) for one in self.questions]

    def score(self, answers: Mapping[str, str]) -> list[ItemScore]:
        """One row an answered question; its group is its dimension."""
        return [
            ItemScore(one.id, one.image, one.dimension, self._values(one, answers[one.id]))
            for one in self.questions
            if one.id in answers
        ]

    def sources(self) -> tuple[Source, ...]:
        """The published files, and the word vectors of the similarity variant."""
        return self.files

    def judge_use(self) -> JudgeUse | None:
        """There is no judge."""
        return None

    def answers_in(self, path: Path) -> AnswersRead:
        """Read an answer file, as published or as JSON lines.

        Raises:
            DataError: it is missing or malformed, or answers nothing that is asked.
        """
        return match_answers(path, _FORM, [one.id for one in self.questions])

    def _values(self, one: AmberItem, text: str) -> tuple[float, ...]:
        if isinstance(one.known, Described):
            found = score_description(text, one.known, self.lexicon, self.reader)
            counts = (found.nouns, found.wrong, found.truth, found.covered, found.expected, found.imagined)
            nothing = (0.0,) * (len(_ASKED) + len(_ATTRIBUTES) + 1)
            return (1.0, float(found.wrong > 0), *map(float, counts), *nothing)
        said = first_word(text)
        asked = yes_no_values(said, one.known, positive=False)
        attribute = asked if one.dimension.startswith("attribute") else (0.0,) * len(_ATTRIBUTES)
        return (*(0.0,) * len(_DESCRIBED), *asked, *attribute, float(said is None))


def first_word(text: str) -> bool | None:
    """Whether an answer begins with yes or with no; None where it begins otherwise.

    The published script compares whole answers with ``Yes`` and ``No``; both readings agree on those.
    """
    word = _FIRST_WORD.match(text.strip().lower())
    return {"yes": True, "no": False}.get(word.group()) if word is not None else None
