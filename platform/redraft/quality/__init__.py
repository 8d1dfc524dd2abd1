"""What annotators' answers say about the annotators: pure functions over corrections, tasks and gold answers.

segments_found.py  what an answer says is wrong, however its edits were drawn
agreement.py       Krippendorff's alpha and span F1 of tasks with several answers
gold_scores.py     answers against known ones and against review
people.py          each annotator's answers by kind, and how they stood up to review
speed.py           active time, idle time, answers that came too fast
drift.py           lately against before, and week by week
anchoring.py       whether shading the policy's doubts leads people
reliability.py     how often corrections are right, as label smoothing for training
shares.py          shares and differences with intervals
"""

from redraft.quality.agreement import Agreement, agreement
from redraft.quality.anchoring import AnchoringReport, anchoring
from redraft.quality.drift import Change, Week, drift, weekly
from redraft.quality.gold_scores import AnswerScore, GoldScore, gold_scores, score_answer
from redraft.quality.people import Person, people
from redraft.quality.reliability import Reliability, reliabilities, smoothing_for, smoothing_of, smoothings
from redraft.quality.speed import Speed, speed

__all__ = [
    "Agreement",
    "AnchoringReport",
    "AnswerScore",
    "Change",
    "GoldScore",
    "Person",
    "Reliability",
    "Speed",
    "Week",
    "agreement",
    "anchoring",
    "drift",
    "gold_scores",
    "people",
    "reliabilities",
    "score_answer",
    "smoothing_for",
    "smoothing_of",
    "smoothings",
    "speed",
    "weekly",
]
