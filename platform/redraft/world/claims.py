"""What a text claims about a picture, phrase by phrase; any text at all can be read.

An object is claimed with a number, a colour and a cell where the text gives them. A denial ("no cups") claims the
number 0; "empty" and "nothing" claim a cell without object. In a sentence that begins with a position, a phrase belongs
to the last position before it; in any other, to the first after it. A position is a cell or a whole row ("top row").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from redraft.records import HallucinationType, Record, Span
from redraft.world.questions import Question, QuestionKind
from redraft.world.vocabulary import COLUMNS, OBJECTS, ROWS, SETTINGS, plural


class Claim(Record):
    """One thing that a text says of the picture, and what is wrong about it, if anything.

    ``span`` is the noun phrase (or whatever word makes the claim), ``sentence`` the sentence around it; the spans of
    its number or article, colour and noun are given where it has them. ``count`` is None where no number is given and
    0 in a denial; ``object`` is None for an empty cell and for a ``setting``. ``row`` is set where a row is named in
    place of a ``cell``; a claim with neither is about the whole picture.
    """

    span: Span
    sentence: Span
    object: str | None = None
    count: int | None = None
    colour: str | None = None
    cell: int | None = None
    row: int | None = None
    setting: str | None = None
    number_at: Span | None = None
    colour_at: Span | None = None
    noun_at: Span | None = None
    error: HallucinationType | None = None

    @property
    def asserts(self) -> bool:
        """Whether the claim is that an object is there."""
        return self.object is not None and self.count != 0


_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
_NUMBERS |= {"nine": 9, "ten": 10, "zero": 0, "none": 0, "no": 0}
_COLOUR_WORDS = "red|green|blue|yellow|purple|orange|pink|brown|black|white|gray|grey"
_ADJECTIVES = "small|big|large|little|tiny|bright|dark|light|old|new|other|more"
_SINGULAR = {form: name for name in OBJECTS for form in (name, plural(name))}
_NOUNS = "|".join(sorted(map(re.escape, _SINGULAR), key=lambda form: (-len(form), form)))
_DENIAL = r"no|zero|not\s+(?:an?|any)|without(?:\s+(?:an?|any))?"
_COUNTED = "an?|one|two|three|four|five|six|seven|eight|nine|ten|[0-9]{1,3}"
_FLAGS = re.ASCII | re.IGNORECASE

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_PHRASE = re.compile(
    rf"\b(?:(?P<number>{_DENIAL}|{_COUNTED})\s+)?(?:(?:{_ADJECTIVES})\s+){{0,2}}(?:(?P<colour>{_COLOUR_WORDS})\s+)?"
    rf"(?P<noun>{_NOUNS})\b(?:\s+(?:is|are|looks?)\s+(?P<predicate>{_COLOUR_WORDS})\b)?",
    _FLAGS,
)
_EMPTY = re.compile(r"\b(?:(?:is|are|looks|seems|remains)\s+)?(?<!not )empty\b|\bnothing\b", _FLAGS)
_POSITION = re.compile(
    r"\b(top|upper|middle|center|centre|bottom|lower)[ -](left|center|centre|middle|right)\b", _FLAGS
)
_WHOLE_ROW = re.compile(r"\b(top|upper|middle|center|centre|bottom|lower)[ -]row\b", _FLAGS)
_SETTING = re.compile(
    rf"\b(?:image|picture|photo|scene|this)\b[^.!?\n]{{0,40}}?\b((an?|the)\s+({'|'.join(SETTINGS)}))\b", _FLAGS
)
_YES_OR_NO = re.compile(
    rf"\s*(yes|no)\b(?!\s+(?:(?:{_ADJECTIVES})\s+){{0,2}}(?:(?:{_COLOUR_WORDS})\s+)?(?:{_NOUNS})\b)", _FLAGS
)
_BARE_NUMBER = re.compile(rf"\b(none|no|zero|{_COUNTED.removeprefix('an?|')})\b", _FLAGS)
_BARE_COLOUR = re.compile(rf"\b({_COLOUR_WORDS})\b", _FLAGS)
_ROW_OF = {"upper": "top", "lower": "bottom", "center": "middle", "centre": "middle"}
_COLUMN_OF = {"centre": "center", "middle": "center"}

_Place = tuple[int | None, int | None]
"""A cell or a row, or neither."""


def read_claims(text: str, question: Question | None = None) -> tuple[Claim, ...]:
    """The claims of a text, in its order and unjudged; ``question`` is what it answers, if anything."""
    claims: list[Claim] = []
    for sentence in sentences(text):
        claims += _claims_in(text, sentence, question)
    if question is not None and question.object is not None:
        claims += _bare_answers(text, question, claims)
    return tuple(sorted(claims, key=lambda claim: (claim.span.start, claim.span.end)))


def sentences(text: str) -> tuple[Span, ...]:
    """The sentences of a text, without the white space around them."""
    spans = []
    for match in _SENTENCE.finditer(text):
        body = match[0].strip()
        if body:
            start = match.start() + match[0].index(body)
            spans.append(Span(start=start, end=start + len(body)))
    return tuple(spans)


def _claims_in(text: str, sentence: Span, question: Question | None) -> Iterator[Claim]:
    places = _places_in(text, sentence)
    phrases = list(_PHRASE.finditer(text, sentence.start, sentence.end))
    empties = list(_EMPTY.finditer(text, sentence.start, sentence.end))
    first = min((m.start() for m in (*phrases, *empties)), default=0)
    asked = question.cell if question is not None else None

    def place_of(at: int) -> _Place:
        before = [place for start, place in places if start < at]
        after = [place for start, place in places if start > at]
        position_first = bool(places) and places[0][0] < first
        options = before[::-1] + after if position_first else after + before[::-1]
        return options[0] if options else (asked, None)

    for match in phrases:
        yield _object_claim(match, sentence, place_of(match.start()))
    for match in empties:
        cell, row = place_of(match.start())
        if cell is not None or row is not None:
            yield Claim(span=_span(match), sentence=sentence, count=0, cell=cell, row=row)
    if question is None and (setting := _SETTING.search(text, sentence.start, sentence.end)):
        yield Claim(
            span=_span(setting, 1),
            sentence=sentence,
            setting=setting[3].lower(),
            number_at=_span(setting, 2),
            noun_at=_span(setting, 3),
        )


def _places_in(text: str, sentence: Span) -> list[tuple[int, _Place]]:
    """The positions that a sentence names, each with where it begins, in order."""
    cells = _POSITION.finditer(text, sentence.start, sentence.end)
    rows = _WHOLE_ROW.finditer(text, sentence.start, sentence.end)
    found: list[tuple[int, _Place]] = [(m.start(), (_cell(m[1].lower(), m[2].lower()), None)) for m in cells]
    found += [(m.start(), (None, _row(m[1].lower()))) for m in rows]
    return sorted(found, key=lambda place: place[0])


def _object_claim(match: re.Match[str], sentence: Span, place: _Place) -> Claim:
    number = match["number"]
    colour = "colour" if match["colour"] else "predicate" if match["predicate"] else None
    return Claim(
        span=_span(match),
        sentence=sentence,
        object=_SINGULAR[match["noun"].lower()],
        count=_count(number.lower()) if number else None,
        colour=match[colour].lower() if colour else None,
        cell=place[0],
        row=place[1],
        number_at=_span(match, "number") if number else None,
        colour_at=_span(match, colour) if colour else None,
        noun_at=_span(match, "noun"),
    )


def _bare_answers(text: str, question: Question, claims: list[Claim]) -> Iterator[Claim]:
    """Yes and no, and a number or a colour that stands alone, claim something of the object asked about."""
    whole = Span(start=0, end=len(text))
    if question.kind is QuestionKind.EXISTENCE and (match := _YES_OR_NO.match(text)):
        count = 0 if match[1].lower() == "no" else None
        yield Claim(span=_span(match, 1), sentence=whole, object=question.object, count=count)
    if any(claim.object is not None for claim in claims):
        return
    if question.kind is QuestionKind.COUNT and (match := _BARE_NUMBER.search(text)):
        at = _span(match, 1)
        yield Claim(span=at, sentence=whole, object=question.object, count=_count(match[1].lower()), number_at=at)
    if question.kind is QuestionKind.COLOUR and (match := _BARE_COLOUR.search(text)):
        at = _span(match, 1)
        yield Claim(span=at, sentence=whole, object=question.object, colour=match[1].lower(), colour_at=at)


def _count(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS.get(word, 0)


def _cell(row: str, column: str) -> int:
    return _row(row) * len(COLUMNS) + COLUMNS.index(_COLUMN_OF.get(column, column))


def _row(row: str) -> int:
    return ROWS.index(_ROW_OF.get(row, row))


def _span(match: re.Match[str], group: int | str = 0) -> Span:
    return Span(start=match.start(group), end=match.end(group))
