"""LLaVA-Bench (In-the-Wild) (Liu et al., 2023, arXiv 2304.08485): a judge scores an answer beside a reference answer.

    questions, context, reference answers ──► judge: two scores, 1 to 10 ──► 100 · Σ candidate / Σ reference

As published the reference comes first. Judges favour a place, so both orders can be asked: an answer's score is then
its mean over both, and an item counts only where both verdicts can be read. The published script enters an unreadable
verdict as -1 into both sums; here it is asked for once more, then counted and left out, with bounds beside the figure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from redraft.evaluate.judging.filled import percent, percent_with, total
from redraft.evaluate.judging.llava_data import BenchQuestion, LlavaData
from redraft.evaluate.judging.prompts import LLAVA_BENCH
from redraft.evaluate.judging.protocol import Judge, JudgeQuestion, Progress
from redraft.evaluate.judging.verdicts import JudgeTally, ask_verdicts
from redraft.evaluate.suite import FigureSpec, ItemScore, SuiteItem, ratio
from redraft.records import JudgeUse, Source

LOWEST, HIGHEST = 1.0, 10.0

_NUMBER = r"(\d+(?:\.\d+)?)"
_PAIR = re.compile(rf"{_NUMBER}(?:\s*,\s*|\s+){_NUMBER}")

_SUMS = ("candidate", "reference", "unparsable")

FIGURES = (
    FigureSpec(
        "relative_score",
        ("candidate", "reference"),
        percent,
        "score",
        "higher",
        "100 x sum of its scores / sum of the reference's, of readable verdicts",
    ),
    FigureSpec(
        "relative_lowest",
        _SUMS,
        percent_with(LOWEST, HIGHEST),
        "score",
        "higher",
        "the same with unreadable verdicts as 1 against 10",
    ),
    FigureSpec(
        "relative_highest",
        _SUMS,
        percent_with(HIGHEST, LOWEST),
        "score",
        "higher",
        "the same with unreadable verdicts as 10 against 1",
    ),
    FigureSpec("candidate_score", ("candidate", "judged"), ratio, "score", "higher", "its mean score, 1 to 10"),
    FigureSpec("reference_score", ("reference", "judged"), ratio, "score", "neither", "the reference's mean score"),
    FigureSpec("unparsable", ("unparsable",), total, "count", "neither", "items without a readable verdict"),
)


def scores_of(text: str) -> tuple[float, float] | None:
    """The two scores on the first line of a judge's text, None where it is anything else than two numbers from 1 to 10.

    The published script takes any two numbers with one blank or comma between them, and refuses ``8, 9``, which is read
    here.
    """
    lines = text.strip().splitlines()
    found = _PAIR.fullmatch(lines[0].strip()) if lines else None
    if found is None:
        return None
    first, second = float(found.group(1)), float(found.group(2))
    return (first, second) if min(first, second) >= LOWEST and max(first, second) <= HIGHEST else None


@dataclass(frozen=True)
class LlavaBench:
    """`Suite`: LLaVA-Bench (In-the-Wild). Items are called by their question_id."""

    data: LlavaData
    judge: Judge
    both_orders: bool = False
    progress: Progress | None = None
    tally: JudgeTally = field(default_factory=JudgeTally, compare=False)

    name = "llava-bench"
    columns = ("candidate", "reference", "judged", "unparsable")
    figures = FIGURES

    @classmethod
    def load(
        cls,
        folder: Path,
        judge: Judge,
        *,
        rule: Path | None = None,
        both_orders: bool = False,
        progress: Progress | None = None,
    ) -> LlavaBench:
        """Read the published files.

        Args:
            folder: with questions.jsonl, context.jsonl and answers_gpt4.jsonl.
            judge: who compares.
            rule: the published rule.json, for its wording; None for our own.
            both_orders: ask with the candidate first, too.
            progress: told about verdicts.

        Raises:
            DataError: a file is missing or malformed.
        """
        return cls(LlavaData.load(folder, rule), judge, both_orders, progress)

    @property
    def variant(self) -> str:
        """The wording, the orders and the judge; scores under two of them are not comparable."""
        orders = "both orders" if self.both_orders else "reference first"
        return f"{self._version}, {orders}, judge {self.judge.label}"

    def items(self) -> Sequence[SuiteItem]:
        """The questions, in their order."""
        return [
            SuiteItem(
                id=str(question.question_id),
                image_id=PurePosixPath(question.image).stem,
                image=question.image,
                prompt=question.text,
            )
            for question in self.data.questions
        ]

    def score(self, answers: Mapping[str, str]) -> list[ItemScore]:
        """Have the answers compared with the reference.

        Raises:
            ResourceError: the judge cannot be asked.
        """
        pairs = zip(self.items(), self.data.questions, strict=True)
        asked = [(item, question) for item, question in pairs if item.id in answers]
        orders = (False, True) if self.both_orders else (False,)
        questions = [
            self._compare(question, answers[item.id], swapped) for swapped in orders for item, question in asked
        ]
        self.tally.clear()
        verdicts = ask_verdicts(
            self.judge, questions, scores_of, reminder=LLAVA_BENCH.reminder, tally=self.tally, progress=self.progress
        )
        plain, swapped = verdicts[: len(asked)], verdicts[len(asked) :]
        backwards = [None if pair is None else (pair[1], pair[0]) for pair in swapped]
        per_item = zip(plain, backwards, strict=True) if self.both_orders else ((pair,) for pair in plain)
        return [
            ItemScore(item.id, item.image_id, question.category, _values(pairs))
            for (item, question), pairs in zip(asked, per_item, strict=True)
        ]

    def sources(self) -> tuple[Source, ...]:
        """Questions, context, reference answers and, where one was given, the rules."""
        return self.data.files

    def judge_use(self) -> JudgeUse | None:
        """What the judge did during the last ``score``."""
        return self.tally.use(self.judge, self._version)

    @property
    def _version(self) -> str:
        rule = self.data.rule_version
        return LLAVA_BENCH.version if rule is None else f"{LLAVA_BENCH.version}, rule.json {rule}"

    def _compare(self, question: BenchQuestion, answer: str, swapped: bool) -> JudgeQuestion:
        reference = self.data.references[question.question_id]
        first, second = (answer, reference) if swapped else (reference, answer)
        role, rule = self.data.rule(question.category)
        text = LLAVA_BENCH.text.format(
            context=self.data.contexts[question.image],
            question=question.text,
            role=role,
            first=first,
            second=second,
            rule=rule,
        )
        return JudgeQuestion(prompt_version=self._version, text=text, system=LLAVA_BENCH.system)


def _values(pairs: Sequence[tuple[float, float] | None]) -> tuple[float, ...]:
    """The columns of an item, from its (reference, candidate) in each order."""
    read = [pair for pair in pairs if pair is not None]
    if len(read) < len(pairs):
        return 0.0, 0.0, 0.0, 1.0
    reference = sum(pair[0] for pair in read) / len(read)
    candidate = sum(pair[1] for pair in read) / len(read)
    return candidate, reference, 1.0, 0.0
