"""What programs read: one object a run, one line an answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from redraft.evaluate.objhal.overgeneral import OverGeneralisation
from redraft.evaluate.objhal.reading import COLUMNS, AnswerObjects
from redraft.evaluate.suite import ItemScore
from redraft.records import Interval, JudgeUse, Record, Source, SuiteResult


class ObjHalSummary(Record):
    """Counts, and the figures that follow from them; a figure is None where it is over nothing.

    ``responses_with_objects`` mention an object, ``hallucinated_responses`` one that is not there;
    ``response_rate`` is the second over the first and ``mention_rate`` ``hallucinated_mentions`` over ``mentions``.
    ``recall`` is ``found_objects`` over ``present_objects``, both classes summed over responses. ``unparsable``
    responses are counted as naming no object, because a judge did not list theirs.
    """

    suite: str
    variant: str
    policy: str
    images: int
    responses: int
    responses_with_objects: int
    hallucinated_responses: int
    mentions: int
    hallucinated_mentions: int
    found_objects: int
    present_objects: int
    words: int
    unparsable: int
    response_rate: float | None
    mention_rate: float | None
    recall: float | None
    mean_words: float | None
    intervals: dict[str, Interval | None]
    bootstrap: int
    seed: int
    over_generalisation: tuple[OverGeneralisation, ...]
    judge: JudgeUse | None
    data: tuple[Source, ...]
    answers: str
    code: str
    notes: tuple[str, ...]


class AnswerLine(Record):
    """One answer: ``words`` as the text has them, in the singular, and the classes they mean, in the same order.

    ``hallucinated`` are those classes that are not in the image; ``listed`` is False where a judge did not list the
    objects.
    """

    image_id: int | str
    prompt: str
    text: str
    objects: tuple[str, ...]
    hallucinated: tuple[str, ...]
    words: tuple[str, ...]
    listed: bool


def summary(
    result: SuiteResult, scores: Sequence[ItemScore], scenes: Sequence[OverGeneralisation] = ()
) -> ObjHalSummary:
    """``result`` with the counts behind it."""
    totals = {name: int(sum(score.values[place] for score in scores)) for place, name in enumerate(COLUMNS)}
    intervals = {figure.name: figure.interval for figure in result.figures}
    values = {name: None if interval is None else interval.value for name, interval in intervals.items()}
    return ObjHalSummary(
        suite=result.suite,
        variant=result.variant,
        policy=result.policy,
        images=result.images,
        responses=totals["responses"],
        responses_with_objects=totals["named"],
        hallucinated_responses=totals["wrong"],
        mentions=totals["mentions"],
        hallucinated_mentions=totals["hallucinated"],
        found_objects=totals["found"],
        present_objects=totals["present"],
        words=totals["words"],
        unparsable=totals["unparsable"],
        response_rate=values["response_rate"],
        mention_rate=values["mention_rate"],
        recall=values["recall"],
        mean_words=values["mean_words"],
        intervals=intervals,
        bootstrap=result.bootstrap,
        seed=result.seed,
        over_generalisation=tuple(scenes),
        judge=result.judge,
        data=result.data,
        answers=result.answers,
        code=result.code,
        notes=result.notes,
    )


def answer_lines(read: Iterable[AnswerObjects], names: Mapping[str, int | str]) -> Iterator[AnswerLine]:
    """A line an answer, in order; ``names`` are what a file of answers called the images, by item id."""
    for one in read:
        yield AnswerLine(
            image_id=names.get(one.item.id, one.item.image_id),
            prompt=one.item.prompt,
            text=one.text,
            objects=one.objects,
            hallucinated=one.hallucinated,
            words=tuple(mention.word for mention in one.mentions or ()),
            listed=one.mentions is not None,
        )
