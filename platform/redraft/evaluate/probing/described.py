"""What one description gets right and wrong, after AMBER's published script.

Each noun of the vocabulary is looked up in this order:

    a safe word                                           counts as an object, and is never wrong
    a word of an object that is there                     right; the first such object is covered
    equal or alike to a word of an object often imagined  the first such object was imagined
    alike to a word of an object that is there            right after all; the first such object is covered
    otherwise                                             wrong

An object's words are its associated words and its name; all objects' associated words are looked at before any name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import eq

from redraft.evaluate.probing.amber_files import Described, Lexicon
from redraft.evaluate.probing.nouns import NounReader


@dataclass(frozen=True)
class DescriptionScore:
    """Nouns that count, those that are wrong; objects there, those covered; objects often imagined, those imagined."""

    nouns: int
    wrong: int
    truth: int
    covered: int
    expected: int
    imagined: int


def score_description(text: str, known: Described, lexicon: Lexicon, reader: NounReader) -> DescriptionScore:
    """Score one text; repeated nouns count every time, objects once."""
    vocabulary = lexicon.vocabulary
    nouns = [noun for noun in reader.nouns(text) if noun in vocabulary]
    there, expected = _words_of(known.truth, lexicon), _words_of(known.imagined, lexicon)
    covered: set[int] = set()
    imagined: set[int | None] = set()
    wrong = 0
    for noun in nouns:
        if noun in lexicon.safe:
            continue
        equal = _first(there, noun, eq)
        if equal is not None:
            covered.add(equal)
            continue
        imagined |= {_first(expected, noun, eq), _first(expected, noun, reader.alike)}
        alike = _first(there, noun, reader.alike)
        if alike is not None:
            covered.add(alike)
        else:
            wrong += 1
    imagined.discard(None)
    return DescriptionScore(len(nouns), wrong, len(known.truth), len(covered), len(known.imagined), len(imagined))


def _words_of(objects: Sequence[str], lexicon: Lexicon) -> list[tuple[str, int]]:
    """Each word with the place of its object."""
    associated = [(word, place) for place, name in enumerate(objects) for word in lexicon.associations[name]]
    return associated + [(name, place) for place, name in enumerate(objects)]


def _first(words: Sequence[tuple[str, int]], noun: str, same: Callable[[str, str], bool]) -> int | None:
    return next((place for word, place in words if same(noun, word)), None)
