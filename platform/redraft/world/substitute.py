"""Small edits within one sentence: a wrong noun phrase becomes the right one, word by word, and the verb follows."""

from __future__ import annotations

import re
from collections.abc import Iterable

from redraft.records import Edit, HallucinationType, Span
from redraft.world.claims import Claim
from redraft.world.language import be, phrase_of
from redraft.world.scene import Group
from redraft.world.vocabulary import CELLS, COUNT_WORDS, noun, with_article

_FLAGS = re.ASCII | re.IGNORECASE
_VERB_BEFORE = re.compile(r"\b(is|are)\s+\Z", _FLAGS)
_VERB_AFTER = re.compile(r"\s+(is|are)\b", _FLAGS)
_CELL_BEFORE = re.compile(rf"\b(?:{'|'.join(CELLS)})\s+\Z", _FLAGS)
_JOINED_BEFORE = re.compile(r"(?:,?\s+and|,)\s+\Z", _FLAGS)
_JOINED_AFTER = re.compile(r"(?:,?\s+and|,)\s+", _FLAGS)

Change = tuple[Span, str]
"""What to write in the place of a span."""


def substitute(text: str, claim: Claim, group: Group, one: str = "a") -> tuple[Edit, ...] | None:
    """Edits that make a wrong claim tell of ``group``, in as few words as possible; None where no small edit would do.

    ``one`` is the word for a single object.
    """
    if claim.object is None:
        return _fill(text, claim, group)
    if claim.noun_at is None:
        return _bare(text, claim, group)
    if claim.colour_at is not None and group.colour is None and claim.colour_at.start > claim.noun_at.end:
        return None
    changes: list[Change] = []
    renamed = claim.object != group.object
    recounted = claim.number_at is not None and claim.count != group.count
    if claim.number_at is not None and (recounted or _needs_a(text, claim, group)):
        changes.append((claim.number_at, one if group.count == 1 else COUNT_WORDS[group.count]))
    changes += _recolour(text, claim, group)
    if renamed or recounted:
        colour = f"{group.colour} " if renamed and group.colour and claim.colour_at is None else ""
        changes.append((claim.noun_at, colour + noun(group.object, group.count)))
        if _is_plural(text, claim) != (group.count > 1):
            changes += _agree(text, claim, group)
    return edits_from(text, changes, claim.error)


def cut(text: str, claim: Claim, *, leads: bool = False) -> tuple[Edit, ...] | None:
    """An edit that takes a phrase out of an enumeration ("a cup and a knife"); None where it is not in one.

    A phrase goes with what joins it to the one before; one that ``leads``, with what joins it to the next.
    """
    if leads:
        joined = _JOINED_AFTER.match(text, claim.span.end, claim.sentence.end)
        return joined and edits_from(text, [(Span(start=claim.span.start, end=joined.end()), "")], claim.error)
    joined = _JOINED_BEFORE.search(text, claim.sentence.start, claim.span.start)
    if joined is None:
        return None
    return edits_from(text, [(Span(start=joined.start(), end=claim.span.end), "")], claim.error)


def resettle(text: str, claim: Claim, setting: str) -> tuple[Edit, ...] | None:
    """Edits that give a wrong setting its right name, and its article where that changes with it."""
    if claim.noun_at is None or claim.number_at is None:
        return None
    article, _, name = with_article(setting).partition(" ")
    definite = text[claim.number_at.start : claim.number_at.end].lower() == "the"
    changes = [(claim.noun_at, name)] if definite else [(claim.number_at, article), (claim.noun_at, name)]
    return edits_from(text, changes, claim.error)


def edits_from(text: str, changes: Iterable[Change], error: HallucinationType | None) -> tuple[Edit, ...] | None:
    """Changes as edits of one type, neighbouring words joined; None if nothing changes."""
    edits: list[Edit] = []
    for span, word in sorted(changes, key=lambda change: change[0].start):
        old = text[span.start : span.end]
        new = word[:1].upper() + word[1:] if old[:1].isupper() and _opens(text, span.start) else word
        if old.lower() == new.lower():
            continue
        edit = Edit(start=span.start, end=span.end, replacement=new, type=error or HallucinationType.OTHER)
        if edits and not text[edits[-1].end : edit.start].strip():
            last = edits.pop()
            between = (text[last.end : edit.start] or " ") if last.replacement and edit.replacement else ""
            edit = edit.model_copy(update={"start": last.start, "replacement": last.replacement + between + new})
        edits.append(edit)
    return tuple(edits) or None


def _opens(text: str, at: int) -> bool:
    return text[:at].rstrip()[-1:] in ("", ".", "!", "?")


def _fill(text: str, claim: Claim, group: Group) -> tuple[Edit, ...] | None:
    """A cell wrongly called empty: "is empty" becomes "shows a cup", "nothing" becomes "a cup"."""
    said = text[claim.span.start : claim.span.end].lower()
    if said == "nothing":
        changes = [(claim.span, phrase_of(group))]
        if verb := _VERB_BEFORE.search(text, claim.sentence.start, claim.span.start):
            changes.append((Span(start=verb.start(1), end=verb.end(1)), be(group.count)))
        return edits_from(text, changes, claim.error)
    follows_cell = _CELL_BEFORE.search(text, claim.sentence.start, claim.span.start)
    if said == "empty" or follows_cell is None:
        return None
    return edits_from(text, [(claim.span, f"shows {phrase_of(group)}")], claim.error)


def _bare(text: str, claim: Claim, group: Group) -> tuple[Edit, ...] | None:
    """A lone "yes", "no", number or colour."""
    if claim.colour_at is not None:
        word = group.colour
    elif claim.number_at is not None:
        word = "one" if group.count == 1 else COUNT_WORDS[group.count]
    else:
        word = "yes"
    return None if word is None else edits_from(text, [(claim.span, word)], claim.error)


def _recolour(text: str, claim: Claim, group: Group) -> list[Change]:
    at = claim.colour_at
    if at is None or claim.colour == group.colour:
        return []
    if group.colour is not None:
        return [(at, group.colour)]
    end = at.end
    while text[end].isspace():
        end += 1
    return [(Span(start=at.start, end=end), "")]


def _agree(text: str, claim: Claim, group: Group) -> list[Change]:
    """The verbs next to the phrase, in the form that goes with the new number."""
    assert claim.noun_at is not None
    before = _VERB_BEFORE.search(text, claim.sentence.start, claim.span.start)
    after = _VERB_AFTER.match(text, claim.noun_at.end, claim.sentence.end)
    return [(Span(start=m.start(1), end=m.end(1)), be(group.count)) for m in (before, after) if m is not None]


def _is_plural(text: str, claim: Claim) -> bool:
    assert claim.noun_at is not None and claim.object is not None
    return text[claim.noun_at.start : claim.noun_at.end].lower() != claim.object


def _needs_a(text: str, claim: Claim, group: Group) -> bool:
    """Whether "an" stands before a colour that goes ("an orange car")."""
    assert claim.number_at is not None
    an = text[claim.number_at.start : claim.number_at.end].lower() == "an"
    return an and group.count == 1 and claim.colour != group.colour
