"""The types of hallucination as people meet them, and the words by which one is suggested."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence, Set
from typing import Final

from redraft.records import Edit, HallucinationType
from redraft_ui.annotating.bodies import EditIn
from redraft_ui.annotating.views import TypeView, Vocabulary

TYPES: Final = (
    TypeView(id=HallucinationType.OBJECT, label="Object", key="1", hint="a thing that is not there"),
    TypeView(id=HallucinationType.NUMBER, label="Number", key="2", hint="how many there are"),
    TypeView(id=HallucinationType.ATTRIBUTE, label="Attribute", key="3", hint="colour, size, material"),
    TypeView(id=HallucinationType.POSITION, label="Position", key="4", hint="where something is"),
    TypeView(id=HallucinationType.ACTION, label="Action", key="5", hint="what somebody does"),
    TypeView(id=HallucinationType.OTHER, label="Other", key="6", hint="anything else that is wrong"),
)
"""In the order in which they are offered."""


def _vocabulary(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NUMBERS = _vocabulary(
    "no none zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty thirty forty fifty hundred dozen couple pair both single several few many"
)
_ATTRIBUTES = _vocabulary(
    "red orange yellow green blue purple violet pink brown black white grey gray gold golden silver beige tan cream "
    "turquoise teal navy maroon magenta dark light bright pale colourful colorful striped spotted plain big large huge "
    "small little tiny tall short long wide narrow thick thin round square old young new wooden metal plastic leather "
    "empty full open closed"
)
_POSITIONS = _vocabulary(
    "left right top bottom upper lower middle center centre corner edge side above below over under underneath "
    "beneath beside next near behind front between inside outside foreground background row column in on at by from "
    "to into onto across along around against toward"
)
_ACTIONS = _vocabulary(
    "sit sitting stand standing lie lying laying leaning kneel kneeling crouching walk walking run running jump "
    "jumping climb climbing riding driving flying swim swimming sleep sleeping resting eat eating drinking cooking "
    "hold holding carry carrying wear wearing throw throwing catching kicking hitting playing looking watching read "
    "reading write writing talk talking smile smiling laugh laughing waving pointing pushing pulling waiting working "
    "dancing"
)
_FILLERS = _vocabulary("a an the of is are was were there it its this that these those and with")
_WORD = re.compile(r"[^\W_]+")


def vocabulary() -> Vocabulary:
    """The words that editors suggest a type by; ``suggest_type`` uses the same."""
    return Vocabulary(
        number=tuple(sorted(_NUMBERS)),
        attribute=tuple(sorted(_ATTRIBUTES)),
        position=tuple(sorted(_POSITIONS)),
        action=tuple(sorted(_ACTIONS)),
    )


def typed(original: str, edits: Sequence[EditIn]) -> tuple[Edit, ...]:
    """Edits as they are stored; one that came without a type gets the one that its words suggest."""
    return tuple(
        Edit(
            start=edit.start,
            end=edit.end,
            replacement=edit.replacement,
            type=edit.type or suggest_type(original[edit.start : edit.end], edit.replacement),
        )
        for edit in edits
    )


def suggest_type(old: str, new: str) -> HallucinationType:
    """What kind of mistake replacing ``old`` by ``new`` mends, judged by the words that only one of them has.

    Numbers, attributes, actions and positions are recognised when nothing else changed; anything else is an object.
    """
    gone, come = _words(old) - _words(new), _words(new) - _words(old)
    if not (gone.keys() | come.keys()) - _FILLERS:
        return HallucinationType.OBJECT
    things = _stems(gone.keys()) ^ _stems(come.keys())
    numbers = {word for word in things if word in _NUMBERS or word.isdigit()}
    if things - numbers - _ATTRIBUTES - _ACTIONS - _POSITIONS:
        return HallucinationType.OBJECT
    if numbers or not things:
        return HallucinationType.NUMBER
    if things & _ATTRIBUTES:
        return HallucinationType.ATTRIBUTE
    return HallucinationType.ACTION if things & _ACTIONS else HallucinationType.POSITION


def _words(text: str) -> Counter[str]:
    return Counter(word.lower() for word in _WORD.findall(text))


def _stems(words: Set[str]) -> set[str]:
    """Content words without a plural's ending, so that "cups" and "cup" are the same thing."""
    return {
        word.removesuffix("s") if len(word) > 3 and not word.endswith("ss") else word
        for word in words
        if word not in _FILLERS
    }
