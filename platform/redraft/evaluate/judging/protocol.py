"""What a judge is: a model that reads a question about an answer and writes what it thinks of it.

    JudgeQuestion ──► Judge.ask ──► JudgeAnswer ──► a suite's parser ──► a verdict, or none

`OpenAIJudge` asks a server, `ScriptedJudge` is its twin in memory; suites know this protocol alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

Progress = Callable[[int, int], None]
"""Told how many of how many questions are answered, from the thread that asked."""


@dataclass(frozen=True)
class JudgeQuestion:
    """One question.

    ``prompt_version`` names the wording; it enters the cache key and the result. ``image`` holds the bytes of a PNG,
    JPEG, WebP or GIF. ``attempt`` is 0, or 1 where the question is put again: a judge at temperature 0 would otherwise
    answer from its cache what it answered before.
    """

    prompt_version: str
    text: str
    system: str = ""
    image: bytes | None = None
    attempt: int = 0

    def again(self, reminder: str) -> JudgeQuestion:
        """The same question with ``reminder`` below it."""
        return replace(self, text=f"{self.text.rstrip()}\n\n{reminder}\n", attempt=self.attempt + 1)


@dataclass(frozen=True)
class JudgeAnswer:
    """What the judge wrote.

    ``text`` is empty where the judge declined. ``model`` is what the server says answered. ``asked_at`` is in UTC
    seconds, of the time when the server answered, also for an answer that is ``cached`` from an earlier run.
    """

    text: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    asked_at: float
    cached: bool = False


class Judge(Protocol):
    """Somebody to ask. Two judges with one ``label`` give comparable verdicts."""

    @property
    def model(self) -> str:
        """The model as it was asked for."""
        ...

    @property
    def label(self) -> str:
        """The model and how it is sampled, for a suite's variant."""
        ...

    def ask(self, question: JudgeQuestion) -> JudgeAnswer:
        """Answer one question.

        Raises:
            ResourceError: the judge cannot be asked, in one sentence; without any secret.
        """
        ...

    def ask_all(self, questions: Sequence[JudgeQuestion], progress: Progress | None = None) -> list[JudgeAnswer]:
        """Answer many, in their order; equal questions are asked once.

        Raises:
            ResourceError: as `ask`, at the first question that fails for good.
        """
        ...

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """What tokens cost in the currency of the configured prices; None without prices."""
        ...
