"""The judge: every claim of a text held against the exact truth of its scene."""

from __future__ import annotations

from collections.abc import Sequence

from redraft.records import HallucinationType, Outcome, Span
from redraft.world.claims import Claim, read_claims
from redraft.world.questions import Question, QuestionKind, parse_question
from redraft.world.scene import Group, Scene
from redraft.world.vocabulary import COLOURS


def judge(scene: Scene, prompt: str, text: str) -> tuple[Claim, ...]:
    """The claims of a text with their errors, in its order.

    An object that is nowhere in the picture is an OBJECT error; one that is in another cell or row, or put twice into
    its cell, a POSITION error; then NUMBER and ATTRIBUTE (colour). "Empty" and "no" said of what is there, a wrong
    setting, and an answer that does not answer its question (one claim over the whole text) are OTHER. What a text or
    its recap leaves out is no error, naming a thing again without a cell is none either, and words outside the world's
    vocabulary claim nothing.
    """
    question = parse_question(prompt)
    claims = read_claims(text, question)
    judged: list[Claim] = []
    told: set[int] = set()
    for claim in claims:
        error = _error(scene, claim, told)
        if error is None and claim.asserts and claim.cell is not None:
            told.add(claim.cell)
        judged.append(claim if error is None else claim.model_copy(update={"error": error}))
    if question is not None and not _answered(question, claims):
        whole = Span(start=0, end=len(text))
        judged.append(Claim(span=whole, sentence=whole, error=HallucinationType.OTHER))
    return tuple(judged)


def errors_of(claims: Sequence[Claim]) -> tuple[HallucinationType, ...]:
    """The errors among claims, in the order of the text."""
    return tuple(claim.error for claim in claims if claim.error is not None)


def outcome(item_id: str, scene: Scene, prompt: str, text: str) -> Outcome:
    """One judged response, counted.

    Mentions are claims about objects and empty cells, right or wrong, and settings wrongly named (a right one is too
    easy to count). A short question has nothing to recall: ``found`` and ``present`` are 0.
    """
    claims = [claim for claim in judge(scene, prompt, text) if claim.setting is None or claim.error is not None]
    errors = errors_of(claims)
    named = [claim.object for claim in claims if claim.object is not None and claim.asserts]
    invented = [c.object for c in claims if c.object is not None and c.error is HallucinationType.OBJECT]
    asked = parse_question(prompt) is not None
    return Outcome(
        image_id=item_id,
        prompt=prompt,
        scene=scene.setting,
        text=text,
        mentions=len(claims),
        errors=len(errors),
        error_types=errors,
        found=0 if asked else sum(group.object in named for group in scene.groups),
        present=0 if asked else len(scene.groups),
        words=len(text.split()),
        mentioned=tuple(named),
        invented=tuple(invented),
    )


def _error(scene: Scene, claim: Claim, told: set[int]) -> HallucinationType | None:
    if claim.setting is not None:
        return None if claim.setting == scene.setting else HallucinationType.OTHER
    if claim.object is None:
        return HallucinationType.OTHER if any(_covers(claim, group) for group in scene.groups) else None
    group = scene.group_of(claim.object)
    if claim.count == 0:
        denied = group is not None and _covers(claim, group)
        return HallucinationType.OTHER if denied else None
    if group is None:
        return HallucinationType.OBJECT
    if not _covers(claim, group):
        return HallucinationType.POSITION
    if claim.count not in (None, group.count):
        return HallucinationType.NUMBER
    if claim.colour not in (None, group.colour):
        return HallucinationType.ATTRIBUTE
    return HallucinationType.POSITION if claim.cell in told else None


def _covers(claim: Claim, group: Group) -> bool:
    """Whether a claim is about the place where a group is."""
    return claim.cell in (None, group.cell) and claim.row in (None, group.row)


def _answered(question: Question, claims: Sequence[Claim]) -> bool:
    if question.kind is QuestionKind.CELL:
        return any(claim.cell == question.cell and (claim.asserts or claim.object is None) for claim in claims)
    about = [claim for claim in claims if claim.object == question.object]
    if question.kind is QuestionKind.COUNT:
        return any(claim.count is not None for claim in about)
    if question.kind is QuestionKind.COLOUR and question.object in COLOURS:
        return any(claim.colour is not None or claim.count == 0 for claim in about)
    return bool(about)
