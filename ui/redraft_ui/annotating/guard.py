"""The guard rails: what an answer must be, and what is asked back before it is taken.

    refuse      what no answer may be: edits that do not fit the text, a correction that says nothing
    questions   what is odd but may be meant: a whole rewrite, a change of style alone

Pure functions. The store checks again that edits fit, whoever sends them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final, Literal

from redraft.config.sections import AnnotateConfig
from redraft.errors import EditError
from redraft.records import Answer, Edit, ProjectKind, Submission
from redraft.segments import apply_edits
from redraft_ui.annotating.bodies import LONGEST_TEXT
from redraft_ui.annotating.refusals import Asked, Question, QuestionName, Refused, TooFast

STRAY_SECONDS: Final = 0.3
"""Nobody judges a task this soon: such an answer is the second half of a double click on the one before."""

_MESSAGES: Final[dict[QuestionName, tuple[str, str]]] = {
    "rewrite": (
        "You have changed most of the text: please mend only what is wrong, so that the model learns which words were.",
        "You have changed most of the text. Was so much of it wrong?",
    ),
    "style_only": (
        "Only capital letters, spaces or punctuation have changed: please leave the style, and mend what is wrong.",
        "Only capital letters, spaces or punctuation have changed. Is that what was wrong with it?",
    ),
}


def refuse(original: str, submission: Submission, kind: ProjectKind) -> None:
    """Refuse what no answer may be.

    Raises:
        EditError: edits or marks that do not fit the text or the answer, or do not give the text that was shown.
        Refused: an answer of a kind that the project does not ask for.
    """
    _check_kind(submission, kind)
    _check_marks(original, submission)
    if submission.answer is not Answer.CORRECTED:
        if submission.edits:
            raise EditError("You have changed some words: send them as a correction, or undo your changes first.")
        return
    if not submission.edits:
        raise EditError("You have not changed any word yet: if nothing is wrong, answer “No hallucination”.")
    corrected = apply_edits(original, submission.edits)
    if submission.corrected is not None and submission.corrected != corrected:
        raise EditError(
            "The edits do not give the corrected text that came with them: count positions in code points of the "
            "original text, and reload the page if you used one."
        )
    if not corrected.strip():
        raise EditError("Nothing is left of the text: please leave what is true, or skip the task.")
    if corrected == original:
        raise EditError("Your changes leave the text as it was: mend the wrong words, or answer “No hallucination”.")
    if len(corrected) > LONGEST_TEXT:
        raise EditError(f"The corrected text has {len(corrected)} characters: it may have {LONGEST_TEXT}.")


def questions(original: str, submission: Submission, rules: AnnotateConfig) -> tuple[Question, ...]:
    """What is still to be asked about a sound answer; those in ``submission.confirmed`` are not.

    Raises:
        Refused: the answer does what the configuration refuses.
        EditError: the edits do not fit the text.
    """
    if submission.answer is not Answer.CORRECTED:
        return ()
    found: list[tuple[QuestionName, Literal["allow", "ask", "refuse"]]] = []
    if change_share(original, submission.edits) > rules.max_change:
        found.append(("rewrite", rules.rewrites))
    if same_but_for_style(original, apply_edits(original, submission.edits)):
        found.append(("style_only", rules.style_only))
    for name, rule in found:
        if rule == "refuse":
            raise Refused(_MESSAGES[name][0])
    return tuple(
        Question(name=name, message=_MESSAGES[name][1])
        for name, rule in found
        if rule == "ask" and name not in submission.confirmed
    )


def check(original: str, submission: Submission, kind: ProjectKind, rules: AnnotateConfig) -> None:
    """Let an answer pass, or say why not.

    Raises:
        EditError, Refused: as ``refuse`` and ``questions``.
        Asked: with the first question that has not been answered.
    """
    refuse(original, submission, kind)
    for question in questions(original, submission, rules):
        raise Asked(question)


def refuse_stray(elapsed: float | None) -> None:
    """Refuse what was pressed before anybody can have looked; None is a caller that does not tell.

    Raises:
        TooFast: less than ``STRAY_SECONDS`` have passed since the task was shown.
    """
    if elapsed is not None and elapsed < STRAY_SECONDS:
        raise TooFast("That came too soon after the task was shown: look at it, and press again if you mean it.")


def change_share(original: str, edits: Sequence[Edit]) -> float:
    """How much of the text is changed, in ``[0, 1]``.

    Every edit counts the longer of what goes and what comes, in code points; their sum is divided by the original's
    length. Edits that put back what was there count nothing.
    """
    changed = sum(
        max(edit.end - edit.start, len(edit.replacement))
        for edit in edits
        if original[edit.start : edit.end] != edit.replacement
    )
    return min(changed / max(len(original), 1), 1.0)


def same_but_for_style(one: str, two: str) -> bool:
    """Whether two texts differ in letter case, white space and punctuation alone."""
    return one != two and _bare(one) == _bare(two)


def _bare(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if not c.isspace() and not unicodedata.category(c).startswith("P"))


def _check_kind(submission: Submission, kind: ProjectKind) -> None:
    if kind is ProjectKind.EVALUATION and submission.answer is Answer.CORRECTED:
        raise Refused("This project asks what is wrong, not for corrections: mark the wrong words instead.")
    if kind is ProjectKind.CORRECTION and submission.answer is Answer.MARKED:
        raise Refused("This project asks for corrections: change the wrong words instead of marking them.")


def _check_marks(original: str, submission: Submission) -> None:
    for mark in submission.marks:
        if not mark.span.start < mark.span.end <= len(original):
            raise EditError(
                f"The mark [{mark.span.start}, {mark.span.end}) holds nothing of the text, which has {len(original)} "
                "characters: count positions in code points of the original text."
            )
    wrong = any(mark.type is not None for mark in submission.marks)
    if submission.answer is Answer.MARKED and not wrong:
        raise EditError("You have not marked anything as wrong: if nothing is, answer “No hallucination”.")
    if submission.answer is not Answer.MARKED and wrong:
        raise EditError("You have marked words as wrong: send them as marks, or take the marks off first.")
