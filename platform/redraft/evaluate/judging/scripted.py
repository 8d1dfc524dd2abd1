"""A judge in memory: what it says is a function of the question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from redraft.evaluate.judging.protocol import JudgeAnswer, JudgeQuestion, Progress


@dataclass
class ScriptedJudge:
    """`Judge` without a server; a token is a word, and a question that was asked before is answered from memory.

    ``prices`` are of a million prompt and completion tokens; ``asked`` grows with each question that is new.
    """

    says: Callable[[JudgeQuestion], str]
    model: str = "scripted"
    prices: tuple[float, float] | None = None
    now: float = 0.0
    asked: list[JudgeQuestion] = field(default_factory=list)
    _known: dict[JudgeQuestion, JudgeAnswer] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The model's name."""
        return self.model

    def ask(self, question: JudgeQuestion) -> JudgeAnswer:
        """What ``says`` says of it."""
        if question in self._known:
            return replace(self._known[question], cached=True)
        self.asked.append(question)
        text = self.says(question)
        words = len(f"{question.system} {question.text}".split())
        self._known[question] = JudgeAnswer(text, self.model, words, len(text.split()), self.now)
        return self._known[question]

    def ask_all(self, questions: Sequence[JudgeQuestion], progress: Progress | None = None) -> list[JudgeAnswer]:
        """One after the other."""
        unique = len(set(questions))
        answered: set[JudgeQuestion] = set()
        answers = []
        for question in questions:
            answers.append(self.ask(question))
            if question not in answered:
                answered.add(question)
                if progress is not None:
                    progress(len(answered), unique)
        return answers

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """By ``prices``."""
        if self.prices is None:
            return None
        return (prompt_tokens * self.prices[0] + completion_tokens * self.prices[1]) / 1_000_000
