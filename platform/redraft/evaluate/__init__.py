"""What a policy gets wrong, with intervals: pure functions of the outcomes of evaluated responses."""

from redraft.evaluate.bootstrap import ImageBootstrap
from redraft.evaluate.metrics import descriptions, evaluate, paired_difference, questions
from redraft.evaluate.outcomes import read_outcomes, write_outcomes

__all__ = [
    "ImageBootstrap",
    "descriptions",
    "evaluate",
    "paired_difference",
    "questions",
    "read_outcomes",
    "write_outcomes",
]
