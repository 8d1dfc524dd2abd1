"""The vocabulary: one frozen record for everything that crosses a boundary.

    responses.py  images and what policies wrote     versions.py    datasets and policies
    tasks.py      what waits for people              evaluation.py  what was measured
    answers.py    what people say
    people.py     who they are                       suites.py      what an evaluation suite found
    canary.py     how a candidate does on requests   schedule.py    when rounds train
    base.py       what they all share                progress.py    where the loop stands

Character positions are Unicode code points, half-open ``[start, end)``. Times are UTC seconds since the epoch.
Identifiers are strings; those of stored content are derived from the content, so that repeating a step writes
the same rows instead of new ones.
"""

from redraft.records.answers import Answer, Correction, Edit, HallucinationType, Mark, Submission
from redraft.records.base import Record, Span, stable_id
from redraft.records.canary import Canary, ServerTally, Tally
from redraft.records.evaluation import (
    Evaluation,
    HumanDifference,
    HumanEvaluation,
    Interval,
    Outcome,
    SceneRate,
    Verdict,
)
from redraft.records.people import MAIN_PROJECT, Project, ProjectKind, Role, Token, TokenKind, User, WorkFilter
from redraft.records.progress import Phase, RoundRow, StepSpeed, TrainStep
from redraft.records.responses import Arm, ImageItem, Response, ResponseScore, SpanScore, Split, TokenTrace
from redraft.records.schedule import Schedule
from redraft.records.suites import Figure, GroupFigures, JudgeUse, Source, SuiteResult
from redraft.records.tasks import Draft, Gold, GoldRules, Lease, Task, TaskState, Typing
from redraft.records.versions import DatasetVersion, PolicyStatus, PolicyVersion, PreferencePair

__all__ = [
    "MAIN_PROJECT",
    "Answer",
    "Arm",
    "Canary",
    "Correction",
    "DatasetVersion",
    "Draft",
    "Edit",
    "Evaluation",
    "Figure",
    "Gold",
    "GoldRules",
    "GroupFigures",
    "HallucinationType",
    "HumanDifference",
    "HumanEvaluation",
    "ImageItem",
    "Interval",
    "JudgeUse",
    "Lease",
    "Mark",
    "Outcome",
    "Phase",
    "PolicyStatus",
    "PolicyVersion",
    "PreferencePair",
    "Project",
    "ProjectKind",
    "Record",
    "Response",
    "ResponseScore",
    "Role",
    "RoundRow",
    "SceneRate",
    "Schedule",
    "ServerTally",
    "Source",
    "Span",
    "SpanScore",
    "Split",
    "StepSpeed",
    "Submission",
    "SuiteResult",
    "Tally",
    "Task",
    "TaskState",
    "Token",
    "TokenKind",
    "TokenTrace",
    "TrainStep",
    "Typing",
    "User",
    "Verdict",
    "WorkFilter",
    "stable_id",
]
