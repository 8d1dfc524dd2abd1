"""What one answer says of the objects in its image."""

from __future__ import annotations

from dataclasses import dataclass

from redraft.evaluate.objhal.matching import Mention
from redraft.evaluate.suite import SuiteItem

COLUMNS = ("responses", "named", "wrong", "mentions", "hallucinated", "found", "present", "words", "unparsable")
"""Per answer: 1; whether it mentions an object; whether one that is not there; its mentions; those of what is not
there; classes that are there and mentioned; classes that are there; its words; whether no list of objects was got."""


@dataclass(frozen=True)
class AnswerObjects:
    """An answer's ``mentions`` in order, and the classes that are ``present`` in its image; ``words`` is its length.

    ``mentions`` is None where a judge was to list the objects and its answer could not be read.
    """

    item: SuiteItem
    text: str
    mentions: tuple[Mention, ...] | None
    present: frozenset[str]

    @property
    def objects(self) -> tuple[str, ...]:
        """The classes mentioned, in order and with repetitions."""
        return tuple(mention.name for mention in self.mentions or ())

    @property
    def hallucinated(self) -> tuple[str, ...]:
        """Those of `objects` that are not there."""
        return tuple(name for name in self.objects if name not in self.present)

    @property
    def values(self) -> tuple[float, ...]:
        """A number for each of `COLUMNS`."""
        objects, wrong = self.objects, self.hallucinated
        counts = (
            1,
            bool(objects),
            bool(wrong),
            len(objects),
            len(wrong),
            len(self.present.intersection(objects)),
            len(self.present),
            len(self.text.split()),
            self.mentions is None,
        )
        return tuple(float(count) for count in counts)
