"""What the loop can do next; ``then`` is the phase that whoever does it commits."""

from __future__ import annotations

from typing import ClassVar

from redraft.records import Phase, Record


class BeginRound(Record):
    """Begin round ``number`` in phase ``then``."""

    number: int
    then: Phase


class Sample(Record):
    """Sample, score and route responses of the incumbent, and put them on the worklist."""

    then: ClassVar[Phase] = Phase.ANNOTATING
    number: int


class WaitForAnnotators(Record):
    """Nothing to do until more answers are in; ``reason`` says what is waited for, for people to read."""

    number: int
    reason: str


class Refill(Record):
    """Draw more tasks of the incumbent for the round; its phase stays."""

    number: int


class Hold(Record):
    """Begin nothing for now; ``reason`` says what is waited for, for people to read."""

    number: int
    reason: str


class EndAnnotation(Record):
    """Go on with the corrections at hand; ``reason`` says why now."""

    then: ClassVar[Phase] = Phase.BUILDING
    number: int
    reason: str


class SkipTraining(Record):
    """End the round without a candidate, whatever its phase; ``reason`` says why. Its corrections wait for the next."""

    then: ClassVar[Phase] = Phase.DONE
    number: int
    reason: str


class BuildDataset(Record):
    """Make the unused corrections into a dataset version."""

    then: ClassVar[Phase] = Phase.TRAINING
    number: int


class Train(Record):
    """Train a candidate on the round's dataset version, from the incumbent."""

    then: ClassVar[Phase] = Phase.EVALUATING
    number: int


class Evaluate(Record):
    """Measure the round's candidate, in round 0 the base policy, on the held-out splits."""

    then: ClassVar[Phase] = Phase.PROMOTING
    number: int


class WatchCanary(Record):
    """Let the candidate answer a share of the requests for a while, and see what becomes of them; its phase stays."""

    number: int


class Promote(Record):
    """Decide whether the candidate replaces the incumbent; in round 0 the base policy is promoted as it is."""

    then: ClassVar[Phase] = Phase.DONE
    number: int


class Finish(Record):
    """Leave the loop; it goes on from the same place when it is resumed, if there is anything left to do."""

    reason: str


Action = (
    BeginRound
    | Sample
    | WaitForAnnotators
    | Refill
    | Hold
    | EndAnnotation
    | SkipTraining
    | BuildDataset
    | Train
    | Evaluate
    | WatchCanary
    | Promote
    | Finish
)
