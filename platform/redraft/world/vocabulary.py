"""The words of the picture world: settings, their typical objects, colours and cells, and how each is written."""

from __future__ import annotations

SETTINGS: dict[str, tuple[str, ...]] = {
    "living room": ("couch", "tv", "clock", "plant", "cat", "guitar"),
    "kitchen": ("knife", "bottle", "pan", "cup", "banana", "pizza"),
    "bathroom": ("toilet", "mirror", "bathtub", "toothbrush", "sponge", "duck"),
    "street": ("bus", "bicycle", "truck", "car", "person", "scooter"),
    "park": ("tree", "kite", "dog", "tulip", "bird", "tent"),
    "office": ("laptop", "printer", "phone", "book", "pen", "briefcase"),
}
"""Each setting with its six typical objects; the first three are the ones an over-generalising policy invents."""

OBJECTS: tuple[str, ...] = tuple(name for names in SETTINGS.values() for name in names)
HOME: dict[str, str] = {name: setting for setting, names in SETTINGS.items() for name in names}

COLOURS: dict[str, tuple[str, ...]] = {
    "car": ("red", "blue", "green"),
    "cup": ("red", "blue", "green"),
    "book": ("red", "blue", "green"),
    "tulip": ("red", "purple", "yellow"),
}
"""Objects that come in several colours; all others have none that is worth telling."""

CLASSES: tuple[tuple[str, str | None], ...] = tuple(
    (name, colour) for name in OBJECTS for colour in COLOURS.get(name, (None,))
)
"""Everything that has a sprite: an object in a colour."""

CLASS_INDEX: dict[tuple[str, str | None], int] = {entry: i for i, entry in enumerate(CLASSES)}

ROWS = ("top", "middle", "bottom")
COLUMNS = ("left", "center", "right")
CELLS: tuple[str, ...] = tuple(f"{row} {column}" for row in ROWS for column in COLUMNS)
"""The nine cells in scan order; a cell is written as an index into this tuple."""

MAX_COUNT = 3
COUNT_WORDS = ("no", "a", "two", "three")

_IRREGULAR = {
    "person": "people",
    "knife": "knives",
    "couch": "couches",
    "bus": "buses",
    "toothbrush": "toothbrushes",
}


def plural(name: str) -> str:
    """The plural of an object's name."""
    return _IRREGULAR.get(name, name + "s")


def noun(name: str, count: int) -> str:
    """The form of an object's name that goes with ``count``; none of them is written in the plural."""
    return name if count == 1 else plural(name)


def noun_phrase(name: str, count: int, colour: str | None) -> str:
    """ "a red cup", "two knives", "no buses"."""
    return " ".join(word for word in (COUNT_WORDS[count], colour, noun(name, count)) if word)


def with_article(name: str) -> str:
    """ "a street", "an office"."""
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
