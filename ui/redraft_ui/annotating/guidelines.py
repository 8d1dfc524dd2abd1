"""What an annotator has to know, in plain words."""

from __future__ import annotations

from typing import Final

from redraft.records import HallucinationType, Record


class Example(Record):
    """A mistake of one type in its sentence: ``wrong`` words go, ``right`` ones come; either may be empty."""

    type: HallucinationType
    before: str
    wrong: str
    right: str
    after: str


RULES: Final = (
    "Look at the picture first, then read the answer.",
    "Change only what is wrong. Leave style, grammar and what is merely odd as it is.",
    "A thing that is not there: take it out, with the words that belong to it. A wrong colour, number, place or "
    "action: put the right word. Add words only where the sentence needs them.",
    "Words with dots under them are those the model was unsure of. Look there first: they may be right, and others may "
    "be wrong. If they are right, say so with the space bar.",
    "Nothing wrong? “No hallucination”. Cannot tell from the picture? “Skip”: somebody else will see it. A broken or "
    "unfit picture? “Flag”.",
)

MARKING_RULES: Final = (
    "Look at the picture first, then read the answer.",
    "Choose the words that are wrong, and press the key of the kind of mistake. Nothing is changed: say what is wrong, "
    "and leave it as it is.",
    "Mark the smallest part that is wrong: “red” where only the colour is, “two red cups” where there are no cups.",
    "Nothing wrong? “No hallucination”. Cannot tell from the picture? “Skip”. A broken or unfit picture? “Flag”.",
)
"""Instead of `RULES`, where wrong words are marked and not changed."""

EXAMPLES: Final = (
    Example(type=HallucinationType.OBJECT, before="A man sits on a bench", wrong=" with his dog", right="", after="."),
    Example(type=HallucinationType.OBJECT, before="There is a ", wrong="cat", right="rabbit", after=" in the grass."),
    Example(type=HallucinationType.NUMBER, before="", wrong="Three", right="Two", after=" cups are on the table."),
    Example(type=HallucinationType.ATTRIBUTE, before="She wears a ", wrong="red", right="blue", after=" coat."),
    Example(
        type=HallucinationType.POSITION, before="The lamp is on the ", wrong="left", right="right", after=" of the bed."
    ),
    Example(type=HallucinationType.ACTION, before="The boy is ", wrong="riding", right="pushing", after=" a bicycle."),
    Example(type=HallucinationType.OTHER, before="The photo was taken ", wrong="at night", right="by day", after="."),
)

GUIDELINES: Final = "\n".join(f"{number}. {rule}" for number, rule in enumerate(RULES, start=1))
"""The rules as Markdown."""
