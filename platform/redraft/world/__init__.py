"""The picture world: the embedded default, with exact ground truth, an oracle, and a tiny base policy.

    scene_at ──► Scene ──► render            the picture
                       ──► true_description, question_for, true_answer
    text ──► judge ──► Claim, ... ──► outcome        counts for the evaluation
         ──► correct ──► Edit, ...  ──► OracleAnnotator
    builtin_policy                           the shipped checkpoint; train_base rebuilds it

Nothing here needs torch but the modules that train (``train_base``, ``architecture``) and ``quality``.
"""

from __future__ import annotations

from redraft.world.annotator import OracleAnnotator
from redraft.world.builtin import builtin_policy
from redraft.world.claims import Claim
from redraft.world.correction import correct
from redraft.world.judging import judge, outcome
from redraft.world.language import DESCRIBE, DESCRIBE_LONG, PROMPTS, Form, true_description
from redraft.world.painting import render
from redraft.world.questions import question_for, true_answer
from redraft.world.scene import Group, Scene, origin, scene_at, scene_of
from redraft.world.vocabulary import SETTINGS as TYPICAL

__all__ = [
    "DESCRIBE",
    "DESCRIBE_LONG",
    "PROMPTS",
    "TYPICAL",
    "Claim",
    "Form",
    "Group",
    "OracleAnnotator",
    "Scene",
    "builtin_policy",
    "correct",
    "judge",
    "origin",
    "outcome",
    "question_for",
    "render",
    "scene_at",
    "scene_of",
    "true_answer",
    "true_description",
]
