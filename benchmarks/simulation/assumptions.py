"""How people and machines are taken to behave; every number has a name, and none was measured on people."""

from __future__ import annotations

from pydantic import Field

from redraft.records import Record


class People(Record):
    """Annotators. Times are active seconds; ``sigma`` is the spread of a logarithm, of normal distribution.

    Who works when: a person's sessions begin at random (a Poisson process), in the busiest hour of the day ``swing``
    times as often as in the quietest. A session lasts an exponential time.
    """

    count: int = Field(1000, ge=1)
    sessions_a_day: float = Field(0.5, gt=0, description="of one person, on average")
    session_minutes: float = Field(30.0, gt=0, description="mean")
    swing: float = Field(5.0, ge=1)
    speed_sigma: float = Field(0.35, ge=0, description="between people")
    task_sigma: float = Field(0.4, ge=0, description="between tasks of one person")
    overlooks: float = Field(0.1, ge=0, le=1, description="chance that a wrong response is called clean")
    skips: float = Field(0.04, ge=0, le=1, description="chance that a task is skipped")
    flags: float = Field(0.002, ge=0, le=1, description="chance that a task is reported as unfit")
    leaves: float = Field(0.02, ge=0, le=1, description="chance to walk away from a task for good, without a word")
    called_away: float = Field(0.01, ge=0, le=1, description="chance to be called away and answer afterwards")
    away_minutes: float = Field(20.0, gt=0, description="mean of that")
    asks_again_s: float = Field(60.0, gt=0, description="pause before asking again when there is nothing to do")
    asks: int = Field(5, ge=1, description="how often in a row they ask in vain before the session ends")


class Policies(Record):
    """What policies write, and how training changes that.

    A held-out picture has a difficulty, even in [0, 1]; the response about it is wrong if the policy's share of wrong
    responses exceeds that. Other responses are wrong with that chance. A candidate from n corrections has
    ``1 - gain n / (n + half)`` of its parent's share, times a spread.
    """

    wrong: float = Field(0.6, gt=0, lt=1, description="share of wrong responses of the first policy")
    gain: float = Field(0.4, ge=0, lt=1)
    half: float = Field(500.0, gt=0)
    sigma: float = Field(0.08, ge=0, description="spread of a candidate's share, logarithmic")
    alike: float = Field(0.6, ge=0, le=1, description="share of held-out pictures that are as hard for all policies")
    words: float = Field(65.0, gt=0, description="median words of a response")
    words_sigma: float = Field(0.4, ge=0)
    segments: float = Field(2.65, gt=0, description="mean wrong segments of a wrong response (RLHF-V)")
    blur: float = Field(0.5, ge=0, description="error of the expected segments that the router is told")


class Machines(Record):
    """How long steps take, in seconds: something anyway, and something an item."""

    start_s: float = Field(60.0, ge=0, description="of a step: processes, loading the model")
    sample_image_s: float = Field(0.1, ge=0, description="all responses to a picture, over all samplers")
    build_pair_s: float = Field(0.05, ge=0)
    train_pair_s: float = Field(0.3, ge=0, description="a pair seen once, over all workers")
    passes: float = Field(7.0, gt=0)
    evaluate_s: float = Field(300.0, ge=0)
    poll_s: float = Field(900.0, gt=0, description="between two looks of a waiting controller (2 in earnest)")
