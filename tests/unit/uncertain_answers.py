"""Responses, tasks and answers about them, small enough to reckon with by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from redraft.claims import LexicalClaims
from redraft.records import Answer, Arm, Correction, Edit, HallucinationType, Mark, Response, Span, Task, TaskState
from redraft.records import TokenTrace as Trace
from redraft.uncertainty.labels import ClaimLabel, Example, LabelSource
from redraft.uncertainty.sampled import SampledResponse, observe

TEXT = "The top left shows two red cups."


def response(
    text: str = TEXT,
    logprobs: Mapping[str, float] | None = None,
    entropies: Mapping[str, float] | None = None,
    blank: Mapping[str, float] | None = None,
    *,
    id: str = "mine",
    image: str = "image",
    policy: str = "p0",
    sample: int = 0,
) -> Response:
    """One token a word, its leading space included, then end-of-sequence; numbers are by word, 0 elsewhere."""
    tokens = list(re.finditer(r"\s*(\w+|[^\w\s])", text))

    def column(values: Mapping[str, float] | None) -> tuple[float, ...]:
        return (*((values or {}).get(token[1], 0.0) for token in tokens), 0.0)

    trace = Trace(
        token_ids=tuple(range(len(tokens) + 1)),
        starts=(*(token.start() for token in tokens), len(text)),
        ends=(*(token.end() for token in tokens), len(text)),
        logprobs=column(logprobs),
        entropies=column(entropies),
        blank_logprobs=None if blank is None else column(blank),
    )
    return Response(
        id=id,
        image_id=image,
        prompt="Describe.",
        text=text,
        policy=policy,
        round=1,
        sample=sample,
        seed=0,
        temperature=1.0,
        top_p=1.0,
        finished=True,
        trace=trace,
    )


def sampled(mine: Response, *others: str) -> SampledResponse:
    siblings = [response(text, id=f"{mine.id}-{i}", image=mine.image_id) for i, text in enumerate(others)]
    return observe(mine, siblings, 0.5, LexicalClaims())


def task(mine: Response, arm: Arm = Arm.RANDOM) -> Task:
    return Task(
        id=f"task-{mine.id}",
        round=mine.round,
        response_id=mine.id,
        image_id=mine.image_id,
        prompt=mine.prompt,
        text=mine.text,
        spans=(),
        arm=arm,
        priority=1.0,
        policy=mine.policy,
        state=TaskState.DONE,
    )


def answer(
    mine: Response,
    kind: Answer,
    swaps: Sequence[tuple[str, str]] = (),
    *,
    by: str = "ann",
    right: Sequence[str] = (),
    review: bool = False,
    inserted: str = "",
) -> Correction:
    """``swaps`` replace words, ``right`` are words checked and found correct, ``inserted`` is added at the end."""
    edits = [
        Edit(start=at, end=at + len(old), replacement=new, type=HallucinationType.OBJECT)
        for old, new in swaps
        for at in [mine.text.index(old)]
    ]
    if inserted:
        end = len(mine.text)
        edits.append(Edit(start=end, end=end, replacement=inserted, type=HallucinationType.OBJECT))
    corrected = mine.text + inserted
    for old, new in swaps:
        corrected = corrected.replace(old, new, 1)
    spans = [Span(start=at, end=at + len(word)) for word in right for at in [mine.text.index(word)]]
    return Correction(
        id=f"{mine.id}-{by}",
        task_id=f"task-{mine.id}",
        round=mine.round,
        annotator=by,
        answer=kind,
        original=mine.text,
        corrected=corrected,
        edits=tuple(edits),
        arm=Arm.RANDOM,
        seconds=1.0,
        submitted_at=0.0,
        marks=tuple(Mark(span=span) for span in spans),
        review=review,
    )


def example(
    number: int, doubt: float, wrong: bool, *, arm: Arm = Arm.RANDOM, policy: str = "p0", entropy: float | None = None
) -> Example:
    """A response of one claim, written with ``doubt`` nats; its entropy is half of that, or as told."""
    uncertain = doubt / 2 if entropy is None else entropy
    mine = response("A dog.", {"dog": -doubt}, {"dog": uncertain}, id=f"r{number}", image=f"i{number}", policy=policy)
    one = sampled(mine)
    source = LabelSource.EDITED if wrong else LabelSource.CLEAN
    return Example(one, arm, 1, wrong, (ClaimLabel(one.claims[0].span, wrong, source),), samples="samples/one")
