"""A suite so small that everything about it can be worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from redraft.evaluate.suite import FigureSpec, ItemScore, SuiteItem, ratio
from redraft.records import JudgeUse, Source

COLUMNS = ("wrong", "words", "answers")
FIGURES = (
    FigureSpec("wrong_rate", ("wrong", "answers"), ratio),
    FigureSpec("recall", ("words", "answers"), ratio, unit="count", better="higher"),
)


@dataclass(frozen=True)
class Parrots:
    """Is the word parrot in an answer? It is always wrong."""

    questions: int = 4
    name: str = "parrots"
    variant: str = "plain"
    columns: tuple[str, ...] = COLUMNS
    figures: tuple[FigureSpec, ...] = FIGURES

    def items(self) -> Sequence[SuiteItem]:
        return [SuiteItem(f"q{n}", f"image{n // 2}", f"image{n // 2}.png", f"{n}?") for n in range(self.questions)]

    def score(self, answers: Mapping[str, str]) -> list[ItemScore]:
        return [
            ItemScore(item.id, item.image_id, "even" if int(item.id[1:]) % 2 == 0 else "odd", values(answers[item.id]))
            for item in self.items()
            if item.id in answers
        ]

    def sources(self) -> tuple[Source, ...]:
        return (Source(role="questions", name="parrots.json", sha256="00"),)

    def judge_use(self) -> JudgeUse | None:
        return None


def values(text: str) -> tuple[float, ...]:
    return (float("parrot" in text), float(len(text.split())), 1.0)
