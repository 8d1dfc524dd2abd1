"""The oracle's corrections: the least that makes a text true, as a careful person would mark it.

Within a sentence only the wrong words are replaced; a sentence about an empty cell goes; with ``add``, a sentence
about each occupied cell that went unmentioned comes in, in scan order. Where small edits cannot mend a sentence, it is
rewritten whole; where that cannot mend the text (it contradicts itself, or is no description), all of it is.

In a recap, an object that is not there becomes the one that is in the cell where the text put it; where it put it into
none, or the list has that one already, it goes, and a list with nothing right goes whole. Nothing is added to a recap:
it sums up and need not be complete, since the sentences by cell are made so.
"""

from __future__ import annotations

from collections.abc import Sequence

from redraft.records import Edit, HallucinationType, Span
from redraft.segments import apply_edits, diff_edits
from redraft.world.claims import Claim, sentences
from redraft.world.judging import errors_of, judge
from redraft.world.language import sentence, sums_up
from redraft.world.questions import Question, QuestionKind, parse_question, true_answer
from redraft.world.scene import Group, Scene
from redraft.world.substitute import cut, resettle, substitute

Fix = tuple[Edit, ...]
"""The edits that mend one wrong segment; they make sense only together."""


def correct(scene: Scene, prompt: str, text: str, *, add: bool = True) -> tuple[Edit, ...]:
    """The minimal edits of a text: in its order, typed, not overlapping; none if it is true (and, with ``add``, whole).

    Applied, they give a text in which ``judge`` finds no error.
    """
    return in_order(fixes(scene, prompt, text, add=add))


def in_order(chosen: Sequence[Fix]) -> tuple[Edit, ...]:
    """The edits of several fixes in the order of the text."""
    return tuple(sorted((edit for fix in chosen for edit in fix), key=lambda edit: (edit.start, edit.end)))


def fixes(scene: Scene, prompt: str, text: str, *, add: bool = True) -> tuple[Fix, ...]:
    """The corrections of a text, one a wrong or missing segment."""
    question = parse_question(prompt)
    claims = judge(scene, prompt, text)
    if question is not None:
        return _fix_answer(scene, question, prompt, text, claims)
    for coarse in (False, True):
        plan = _Plan(scene, text, claims, coarse)
        found = (*plan.mend(), *(plan.additions() if add else ()))
        if _is_mended(scene, prompt, text, found):
            return found
    return (_rewritten(text, true_answer(scene, prompt), HallucinationType.OTHER),)


def _is_mended(scene: Scene, prompt: str, text: str, found: Sequence[Fix]) -> bool:
    return not errors_of(judge(scene, prompt, apply_edits(text, in_order(found))))


def _rewritten(text: str, truth: str, error: HallucinationType) -> Fix:
    return (Edit(start=0, end=len(text), replacement=truth, type=error),)


def _fix_answer(scene: Scene, question: Question, prompt: str, text: str, claims: Sequence[Claim]) -> tuple[Fix, ...]:
    """Substitutions where they suffice, else the words in which the answer differs from a true one."""
    wrong = [claim for claim in claims if claim.error is not None]
    if not wrong:
        return ()
    found = []
    for claim in wrong:
        group = scene.group_of(claim.object) if claim.object and claim.cell is None else None
        group = scene.at(claim.cell) if claim.cell is not None else group
        one = "one" if question.kind is QuestionKind.COUNT else "a"
        found.append(substitute(text, claim, group, one) if group is not None else None)
    small = [fix for fix in found if fix is not None]
    if len(small) == len(wrong) and _is_mended(scene, prompt, text, small):
        return tuple(small)
    error = wrong[0].error or HallucinationType.OTHER
    edits = diff_edits(text, true_answer(scene, prompt))
    return (tuple(edit.model_copy(update={"type": error}) for edit in edits),)


def _meant(scene: Scene, claims: Sequence[Claim]) -> dict[str | None, list[Group]]:
    """For each object that a text put into a cell where it is not: what is there instead."""
    meant: dict[str | None, list[Group]] = {}
    for claim in claims:
        there = scene.at(claim.cell) if claim.cell is not None and claim.asserts else None
        if there is not None and claim.error in (HallucinationType.OBJECT, HallucinationType.POSITION):
            meant.setdefault(claim.object, []).append(there)
    return meant


class _Plan:
    """The corrections of one description, sentence by sentence; ``coarse`` rewrites every sentence with an error."""

    def __init__(self, scene: Scene, text: str, claims: Sequence[Claim], coarse: bool) -> None:
        self.scene = scene
        self.text = text
        self.coarse = coarse
        self.sentences = sentences(text)
        self.claims = {span: [claim for claim in claims if claim.sentence == span] for span in self.sentences}
        self.told = {c.cell for c in claims if c.error is None and c.asserts and c.cell is not None}
        self.meant = _meant(scene, claims)
        self.kept: list[tuple[Span, int | None]] = []

    def mend(self) -> list[Fix]:
        """A fix for every wrong segment; also takes note of the sentences that stay, and of the cells they tell of."""
        found: list[Fix] = []
        for at in self.sentences:
            claims = self.claims[at]
            wrong = [claim for claim in claims if claim.error is not None]
            cell = max((claim.cell for claim in claims if claim.cell is not None), default=None)
            small = None if wrong and self.coarse else self._small_fixes(claims, wrong)
            if small is not None:
                found += small
                self.kept.append((at, cell))
                continue
            replacement = self._rewrite(claims)
            if replacement:
                self.kept.append((at, cell))
                error = wrong[0].error or HallucinationType.OTHER
                found.append((Edit(start=at.start, end=at.end, replacement=replacement, type=error),))
            else:
                found.append(self._delete(at, wrong[0]))
        return found

    def additions(self) -> list[Fix]:
        """A sentence about each occupied cell that the mended text does not tell of, where scan order puts it."""
        missing: dict[int, list[str]] = {}
        for group in self.scene.groups:
            if group.cell not in self.told:
                later = (at.start for at, cell in self.kept if cell is not None and cell > group.cell)
                place = next(later, self._end_of_cells())
                missing.setdefault(place, []).append(sentence(group.cell, group, self.scene.texture + group.cell))
        return [self._insert(place, " ".join(written)) for place, written in missing.items()]

    def _small_fixes(self, claims: Sequence[Claim], wrong: Sequence[Claim]) -> list[Fix] | None:
        """Word-sized fixes of a sentence's claims, or None if one of them cannot be had."""
        if wrong and sums_up(self._words(wrong[0].sentence)):
            return self._list_fixes(claims)
        found: list[Fix] = []
        newly_told: set[int] = set()
        for claim in wrong:
            fix = self._small_fix(claim, newly_told, alone=len(claims) == 1)
            if fix is None:
                return None
            found.append(fix)
        self.told |= newly_told
        return found

    def _small_fix(self, claim: Claim, newly_told: set[int], alone: bool) -> Fix | None:
        if claim.setting is not None:
            return resettle(self.text, claim, self.scene.setting)
        if claim.cell is None:
            group = self.scene.group_of(claim.object) if claim.object else None
        else:
            group = self.scene.at(claim.cell)
            if claim.cell in self.told | newly_told:
                group = None
        if group is None:
            return None if alone else cut(self.text, claim)
        if claim.cell is not None:
            newly_told.add(claim.cell)
        return substitute(self.text, claim, group)

    def _list_fixes(self, claims: Sequence[Claim]) -> list[Fix] | None:
        """Word-sized fixes of a recap's list, or None if one cannot be had or nothing of the list would stay."""
        found: list[Fix] = []
        listed = {claim.object for claim in claims if claim.error is None and claim.asserts}
        leads = True
        for claim in claims:
            if claim.error is None:
                leads = False
                continue
            group = self._group_of_listed(claim, listed)
            leads = leads and group is None
            fix = cut(self.text, claim, leads=leads) if group is None else substitute(self.text, claim, group)
            if fix is None:
                return None
            found.append(fix)
        return found

    def _group_of_listed(self, claim: Claim, listed: set[str | None]) -> Group | None:
        """What a part of a recap's list should tell of, which the list then has; None where nothing fits."""
        own = self.scene.group_of(claim.object) if claim.object else None
        meant = [group for group in self.meant.get(claim.object, ()) if group.object not in listed]
        for group in (own, *meant):
            if group is not None and claim.row in (None, group.row):
                listed.add(group.object)
                return group
        return None

    def _end_of_cells(self) -> int:
        """Where the sentences by cell end: before the recap, if there is one."""
        place = len(self.text)
        for at, _ in reversed(self.kept):
            if not sums_up(self._words(at)):
                break
            place = at.start
        return place

    def _words(self, at: Span) -> str:
        return self.text[at.start : at.end]

    def _rewrite(self, claims: Sequence[Claim]) -> str:
        """True sentences about the cells that a sentence told of, less those told of elsewhere."""
        cells = {claim.cell for claim in claims if claim.cell is not None}
        right = {claim.cell for claim in claims if claim.error is None and claim.asserts}
        groups = [g for g in self.scene.groups if g.cell in cells and (g.cell in right or g.cell not in self.told)]
        self.told |= {group.cell for group in groups}
        return " ".join(sentence(group.cell, group, self.scene.texture + group.cell) for group in groups)

    def _delete(self, at: Span, claim: Claim) -> Fix:
        """Take a sentence out, with the white space before it, or after it where nothing before it stays."""
        start, end = at.start, at.end
        while self.kept and self.text[start - 1].isspace():
            start -= 1
        while not self.kept and end < len(self.text) and self.text[end].isspace():
            end += 1
        return (Edit(start=start, end=end, replacement="", type=claim.error or HallucinationType.OTHER),)

    def _insert(self, place: int, written: str) -> Fix:
        if place < len(self.text):
            written += " "
        elif self.kept:
            last = self.kept[-1][0]
            stop = "" if self.text[last.end - 1] in ".!?" else "."
            space = "" if self.text[-1].isspace() else " "
            written = stop + space + written
        return (Edit(start=place, end=place, replacement=written, type=HallucinationType.OTHER),)
