"""Object HalBench and over-generalisation by scene, on images in COCO's format."""

from redraft.evaluate.objhal.answers import AnswersGiven, read_given
from redraft.evaluate.objhal.extraction import Extractor
from redraft.evaluate.objhal.matching import Mention, mentions
from redraft.evaluate.objhal.overgeneral import OverGeneralisation, SceneAnswer, of_outcomes, over_generalisation
from redraft.evaluate.objhal.scenes import typical_objects
from redraft.evaluate.objhal.suite import ObjHal, published_prompts
from redraft.evaluate.objhal.summary import AnswerLine, ObjHalSummary, answer_lines, summary
from redraft.evaluate.objhal.truth import GroundTruth

__all__ = [
    "AnswerLine",
    "AnswersGiven",
    "Extractor",
    "GroundTruth",
    "Mention",
    "ObjHal",
    "ObjHalSummary",
    "OverGeneralisation",
    "SceneAnswer",
    "answer_lines",
    "mentions",
    "of_outcomes",
    "over_generalisation",
    "published_prompts",
    "read_given",
    "summary",
    "typical_objects",
]
