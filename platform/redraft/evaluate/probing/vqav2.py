"""VQAv2 (Goyal et al., 2017): short answers, against those of ten people.

An answer's accuracy is the mean, over the people, of min(m/3, 1), where m is how many of the others said the same.
Which answers are the same is decided by ``vqa_normal``. Groups are the published answer types: yes/no, number, other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from redraft.evaluate.answer_lines import AnswersRead
from redraft.evaluate.probing.answer_forms import AnswerForm, match_answers
from redraft.evaluate.probing.published import PublishedFile, Row
from redraft.evaluate.probing.vqa_normal import normal_answer, process_punctuation
from redraft.evaluate.suite import FigureSpec, ItemScore, SuiteItem, ratio
from redraft.records import JudgeUse, Source

ENOUGH = 3
"""So many others who said the same make an answer right."""

_ORIGIN = "https://visualqa.org/download.html"
_FORM = AnswerForm(
    ids=("question_id", "id"),
    texts=("answer", "text"),
    says='a JSON array, or JSON lines, with "question_id" and "answer" (or "text")',
)


class _Question(Row):
    question_id: int
    image_id: int
    question: str


class _Questions(Row):
    data_type: str = "mscoco"
    data_subtype: str
    questions: tuple[_Question, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    """One of two million in the published file: ten times smaller than a model would be."""

    answer: str


class _Annotation(Row):
    question_id: int
    answer_type: str
    answers: tuple[_Answer, ...]


class _Annotations(Row):
    annotations: tuple[_Annotation, ...]


@dataclass(frozen=True)
class VqaQuestion:
    """A question and what people answered."""

    item: SuiteItem
    answer_type: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class VqaV2:
    """The questions of one question file."""

    questions: tuple[VqaQuestion, ...]
    files: tuple[Source, ...]

    name = "vqav2"
    variant = "official"
    columns = ("accuracy", "answers")
    figures = (FigureSpec("accuracy", columns, ratio, better="higher", says="mean VQA accuracy of an answer"),)

    @classmethod
    def load(cls, questions: Path, annotations: Path) -> VqaV2:
        """Read a question file and the annotations of its questions.

        Raises:
            DataError: a file is missing or not as published, or a question has no annotation.
        """
        asked = PublishedFile(
            questions,
            "question file of VQAv2",
            'a JSON object with "data_subtype" and "questions" (question_id, image_id, question)',
            f"{_ORIGIN}, as v2_OpenEnded_mscoco_val2014_questions.json",
        )
        said = PublishedFile(
            annotations,
            "annotation file of VQAv2",
            'a JSON object with "annotations" (question_id, answer_type, answers)',
            f"{_ORIGIN}, as v2_mscoco_val2014_annotations.json",
        )
        read = asked.whole(TypeAdapter(_Questions))
        known = {row.question_id: row for row in said.whole(TypeAdapter(_Annotations)).annotations}
        found: dict[int, VqaQuestion] = {}
        for row in read.questions:
            if row.question_id in found:
                raise asked.error(f"has question {row.question_id} twice")
            people = known.get(row.question_id)
            if people is None:
                raise said.error(f"has no answers to question {row.question_id}")
            if len(people.answers) < 2:
                raise said.error(f"has {len(people.answers)} answers to question {row.question_id}, of ten")
            found[row.question_id] = _question(read, row, people)
        if not found:
            raise asked.error("has no questions")
        return cls(tuple(found.values()), (asked.source(), said.source()))

    def asked_with(self, instruction: str) -> VqaV2:
        """The same questions with a sentence behind each, on a line of its own."""
        return replace(
            self,
            questions=tuple(
                replace(one, item=replace(one.item, prompt=f"{one.item.prompt}\n{instruction}"))
                for one in self.questions
            ),
        )

    def items(self) -> Sequence[SuiteItem]:
        """Every question, in the order of the file."""
        return [question.item for question in self.questions]

    def score(self, answers: Mapping[str, str]) -> list[ItemScore]:
        """One row an answered question; its group is its answer type."""
        return [
            ItemScore(
                one.item.id, one.item.image_id, one.answer_type, (vqa_accuracy(answers[one.item.id], one.answers), 1.0)
            )
            for one in self.questions
            if one.item.id in answers
        ]

    def sources(self) -> tuple[Source, ...]:
        """Questions and annotations."""
        return self.files

    def judge_use(self) -> JudgeUse | None:
        """There is no judge."""
        return None

    def answers_in(self, path: Path) -> AnswersRead:
        """Read an answer file, as published or as JSON lines.

        Raises:
            DataError: it is missing or malformed, or answers nothing that is asked.
        """
        return match_answers(path, _FORM, [one.item.id for one in self.questions])


def vqa_accuracy(text: str, people: Sequence[str]) -> float:
    """The accuracy of an answer, in [0, 1], given what two or more people said.

    Of n people m agree with the answer. Left out one by one, each of the m leaves m - 1 that agree, the others m.
    """
    answer = normal_answer(text)
    same = len(set(people)) == 1
    agreeing = sum((said if same else process_punctuation(said)) == answer for said in people)
    left_out = agreeing * min((agreeing - 1) / ENOUGH, 1.0) + (len(people) - agreeing) * min(agreeing / ENOUGH, 1.0)
    return left_out / len(people)


def _question(read: _Questions, row: _Question, people: _Annotation) -> VqaQuestion:
    prefix, ending = ("COCO", "jpg") if read.data_type == "mscoco" else (read.data_type, "png")
    image = f"{prefix}_{read.data_subtype}_{row.image_id:012d}.{ending}"
    item = SuiteItem(str(row.question_id), str(row.image_id), image, row.question)
    return VqaQuestion(item, people.answer_type, tuple(answer.answer for answer in people.answers))
