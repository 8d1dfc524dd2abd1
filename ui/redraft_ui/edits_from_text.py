"""From a text and the same text retyped by a person: the edits that lead from one to the other, with their types."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Set

from redraft.records import Edit, HallucinationType
from redraft.segments import diff_edits

_WORD = re.compile(r"[^\W_]+")
_LINE_END = re.compile(r"\r\n|\r")


def _vocabulary(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NUMBERS = _vocabulary(
    "no none zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty thirty forty fifty hundred dozen couple pair both single several few many"
)
_ATTRIBUTES = _vocabulary(
    "red orange yellow green blue purple violet pink brown black white grey gray gold golden silver beige tan cream "
    "turquoise teal navy maroon magenta dark light bright pale colourful colorful striped"
)
_POSITIONS = _vocabulary(
    "left right top bottom upper lower middle center centre corner edge side above below over under underneath "
    "beneath beside next near behind front between inside outside foreground background row column"
)
_PREPOSITIONS = _vocabulary("in on at by from to with into onto")
_FILLERS = _vocabulary("a an the of is are was were there it its this that these those and") | _PREPOSITIONS


def edits_from_text(original: str, retyped: str) -> tuple[Edit, ...]:
    """The edits of ``original`` that give exactly ``retyped``, in order and with an unchanged word between any two.

    Each has the type that its words suggest (`suggest_type`). Positions are code points of ``original``.
    """
    return tuple(_typed(original, _trimmed(original, edit)) for edit in diff_edits(original, retyped))


def edits_from_box(original: str, typed: str) -> tuple[Edit, ...]:
    """The edits that a person meant who was shown ``original`` in a browser's text box and left ``typed`` there.

    A text box turns every line end into a line feed, and white space around the whole is no correction: neither
    becomes an edit.
    """
    shown = _LINE_END.sub("\n", original)
    body = shown.strip()
    before = shown[: shown.index(body)]
    meant = before + typed.strip() + shown[len(before) + len(body) :]
    edits = edits_from_text(shown, meant)
    if shown == original:
        return edits
    place = _shown_positions(original)
    return tuple(edit.model_copy(update={"start": place[edit.start], "end": place[edit.end]}) for edit in edits)


def suggest_type(old: str, new: str) -> HallucinationType:
    """What kind of mistake replacing ``old`` by ``new`` mends, judged by the words that only one of them has.

    Numbers, attributes and positions are recognised when nothing else changed; anything else is an object.
    """
    gone, come = _words(old) - _words(new), _words(new) - _words(old)
    changed = gone.keys() | come.keys()
    things = _stems(gone.keys()) ^ _stems(come.keys())
    if not changed - _FILLERS:
        return HallucinationType.POSITION if changed & _PREPOSITIONS else HallucinationType.OBJECT
    numbers = {word for word in things if word in _NUMBERS or word.isdigit()}
    attributes, positions = things & _ATTRIBUTES, things & _POSITIONS
    if things - numbers - attributes - positions:
        return HallucinationType.OBJECT
    if numbers or not things:
        return HallucinationType.NUMBER
    return HallucinationType.ATTRIBUTE if attributes else HallucinationType.POSITION


def _trimmed(original: str, edit: Edit) -> Edit:
    """The edit without the white space at its ends that it would put back."""
    start, end, new = edit.start, edit.end, edit.replacement
    while start < end and new and original[start] == new[0] and new[0].isspace():
        start, new = start + 1, new[1:]
    while start < end and new and original[end - 1] == new[-1] and new[-1].isspace():
        end, new = end - 1, new[:-1]
    return edit.model_copy(update={"start": start, "end": end, "replacement": new})


def _typed(original: str, edit: Edit) -> Edit:
    return edit.model_copy(update={"type": suggest_type(original[edit.start : edit.end], edit.replacement)})


def _words(text: str) -> Counter[str]:
    return Counter(word.lower() for word in _WORD.findall(text))


def _stems(words: Set[str]) -> set[str]:
    """Content words without a plural's ending, so that "cups" and "cup" are the same thing."""
    return {
        word.removesuffix("s") if len(word) > 3 and not word.endswith("ss") else word
        for word in words
        if word not in _FILLERS
    }


def _shown_positions(original: str) -> list[int]:
    """For every position in the text as a browser shows it, the position in ``original``."""
    place = [at for at, character in enumerate(original) if not (character == "\n" and original[at - 1 : at] == "\r")]
    return [*place, len(original)]
