"""From answers to verdicts: one that cannot be read is asked for once more, then counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from redraft.evaluate.judging.protocol import Judge, JudgeAnswer, JudgeQuestion, Progress
from redraft.records import JudgeUse

Verdict = TypeVar("Verdict")


class JudgeTally:
    """What a judge was asked during one scoring."""

    def __init__(self) -> None:
        self._answers: list[JudgeAnswer] = []
        self._unparsable = 0

    def clear(self) -> None:
        """Begin anew."""
        self._answers, self._unparsable = [], 0

    def add(self, answers: Sequence[JudgeAnswer], unparsable: int) -> None:
        """Note answers, second ones included, and how many questions ended without a verdict."""
        self._answers += answers
        self._unparsable += unparsable

    def use(self, judge: Judge, prompt_version: str) -> JudgeUse | None:
        """The sum; None where nothing was asked.

        Tokens and cost are of all answers, also of those that the cache held and an earlier run paid for, so that they
        say what it takes to repeat the result. Where a server names the model that answered, that name is added.
        """
        if not self._answers:
            return None
        served = sorted({answer.model for answer in self._answers} - {judge.model})
        prompt = sum(answer.prompt_tokens for answer in self._answers)
        completion = sum(answer.completion_tokens for answer in self._answers)
        return JudgeUse(
            model=f"{judge.model} (answered as {', '.join(served)})" if served else judge.model,
            prompt_version=prompt_version,
            answers=len(self._answers),
            cached=sum(answer.cached for answer in self._answers),
            unparsable=self._unparsable,
            prompt_tokens=prompt,
            completion_tokens=completion,
            cost=judge.cost(prompt, completion),
            first_asked=min(answer.asked_at for answer in self._answers),
            last_asked=max(answer.asked_at for answer in self._answers),
        )


def ask_verdicts(
    judge: Judge,
    questions: Sequence[JudgeQuestion],
    parse: Callable[[str], Verdict | None],
    *,
    reminder: str,
    tally: JudgeTally,
    progress: Progress | None = None,
) -> list[Verdict | None]:
    """A verdict a question, in their order; None where two answers held none.

    Args:
        judge: who is asked.
        questions: what.
        parse: an answer's text to its verdict, None where it holds none.
        reminder: stands below a question that is put again, and says how to answer.
        tally: notes everything.
        progress: told about the first answers.

    Raises:
        ResourceError: the judge cannot be asked.
    """
    answers = judge.ask_all(questions, progress)
    verdicts = [parse(answer.text) for answer in answers]
    unclear = [place for place, verdict in enumerate(verdicts) if verdict is None]
    second = judge.ask_all([questions[place].again(reminder) for place in unclear]) if unclear else []
    for place, answer in zip(unclear, second, strict=True):
        verdicts[place] = parse(answer.text)
    tally.add([*answers, *second], sum(verdict is None for verdict in verdicts))
    return verdicts
