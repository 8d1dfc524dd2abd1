"""What was measured."""

from __future__ import annotations

from redraft.records.answers import HallucinationType
from redraft.records.base import Record
from redraft.records.responses import Split


class Interval(Record):
    """An estimate with the ends of its confidence interval."""

    value: float
    low: float
    high: float


class Outcome(Record):
    """What one evaluated response held; the unit that bootstraps and paired tests resample.

    ``mentions`` counts claims about objects, ``errors`` the wrong ones (by type in ``error_types``); ``found`` of
    ``present`` objects were named; ``words`` is the length. A short question has ``present`` 0. ``mentioned`` are the
    objects that the response names, in order and with repetitions; ``invented`` those that are nowhere in the picture.
    """

    image_id: str
    prompt: str
    scene: str
    text: str
    mentions: int
    errors: int
    error_types: tuple[HallucinationType, ...]
    found: int
    present: int
    words: int
    mentioned: tuple[str, ...] = ()
    invented: tuple[str, ...] = ()


class SceneRate(Record):
    """Over-generalisation in one scene: how often its typical objects are invented inside it and elsewhere."""

    scene: str
    inside: float
    inside_mentions: int
    elsewhere: float
    elsewhere_mentions: int


class Evaluation(Record):
    """One policy version measured on one split; ``blob`` holds the outcomes as Parquet."""

    policy: str
    split: Split
    responses: int
    response_rate: Interval
    mention_rate: Interval
    recall: Interval
    mean_words: Interval
    question_accuracy: Interval | None
    by_type: dict[HallucinationType, float]
    by_scene: dict[str, float]
    over_generalisation: tuple[SceneRate, ...]
    blob: str


class Verdict(Record):
    """Whether a candidate replaces the incumbent, and why."""

    candidate: str
    incumbent: str
    promoted: bool
    difference: Interval
    reasons: tuple[str, ...]


class HumanDifference(Record):
    """What separates a policy from ``other`` on the same images, its own figure minus the other's."""

    other: str
    response_rate: Interval
    segments: Interval


class HumanEvaluation(Record):
    """What people, blind to the policy, found wrong in one policy version's responses (MHumanEval).

    ``judged`` of ``responses`` were judged, as were those of the other policies on the same images; every figure is
    about them. Where several people judged a response, it counts as the mean of what they found.
    ``response_rate`` is the share of responses with a wrong segment, ``segments`` the wrong segments per 100 words,
    and ``by_type`` the same for each type. ``answers`` were given by ``annotators`` people, each in ``seconds`` of
    active time on average. ``agreement`` is Krippendorff's alpha over the whole study's characters marked wrong, None
    where nothing was judged twice. ``differences`` are to every other policy version of the study.
    """

    project: str
    policy: str
    split: Split
    responses: int
    judged: int
    answers: int
    annotators: int
    words: int
    seconds: float
    response_rate: Interval
    segments: Interval
    by_type: dict[HallucinationType, float]
    agreement: Interval | None
    differences: tuple[HumanDifference, ...]
    closed_at: float
