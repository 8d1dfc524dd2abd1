"""Answers about images, as any program may write them: JSON lines with ``image_id``, ``prompt`` and ``text``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from redraft.errors import DataError
from redraft.evaluate.coco import CocoData, CocoImage
from redraft.evaluate.probing.published import Row, first_problem
from redraft.evaluate.suite import SuiteItem

_FORM = 'write one JSON object a line with "image_id", "prompt" and "text"'


class _Line(Row):
    image_id: int | str | None = None
    prompt: str | None = None
    text: str
    id: int | str | None = None


@dataclass(frozen=True)
class AnswersGiven:
    """A file of answers: what each is about, its text by item id, and how the file called each item's image."""

    items: tuple[SuiteItem, ...]
    texts: dict[str, str]
    names: dict[str, int | str]
    notes: tuple[str, ...]


def item_about(image: CocoImage, prompt: str, repeat: int = 0) -> SuiteItem:
    """The item of a prompt about an image; ``repeat`` counts earlier answers to the same."""
    return SuiteItem(f"{image.id}/{repeat}/{prompt}", image.id, image.file_name, prompt)


def read_given(path: Path, data: CocoData) -> AnswersGiven:
    """Every line is a response, also where an image and a prompt come more than once: a policy may be asked again.

    Keys other than the three are ignored. ``answers.jsonl`` of a kept result is read, too: the ``id`` of its lines says
    image and prompt. Texts may be empty; such an answer names no object.

    Raises:
        DataError: the file is missing or empty, a line is of another form or about an image without ground truth.
    """
    items: list[SuiteItem] = []
    texts: dict[str, str] = {}
    names: dict[str, int | str] = {}
    asked: Counter[tuple[str, str]] = Counter()
    for number, line in _lines(path):
        name, prompt = _about(path, number, line)
        image = data.find(name)
        if image is None:
            raise DataError(
                f"{path} line {number} is about image {name!r}, of which neither {data.files[0].name} nor "
                f"{data.files[1].name} knows anything: give the annotations of the images that were asked about"
            )
        item = item_about(image, prompt, asked[image.id, prompt])
        asked[image.id, prompt] += 1
        items.append(item)
        texts[item.id], names[item.id] = line.text, name
    if not items:
        raise DataError(f"{path} holds no answer: {_FORM}")
    return AnswersGiven(tuple(items), texts, names, _notes(items, texts))


def _about(path: Path, number: int, line: _Line) -> tuple[int | str, str]:
    if line.image_id is not None and line.prompt is not None:
        return line.image_id, line.prompt
    if line.image_id is None and isinstance(line.id, str) and line.id.count("/") >= 2:
        image, _, prompt = line.id.split("/", 2)
        return image, prompt
    missing = "image_id" if line.image_id is None else "prompt"
    raise DataError(f"{path} line {number} has no {missing}: {_FORM}")


def _notes(items: list[SuiteItem], texts: dict[str, str]) -> tuple[str, ...]:
    notes = []
    empty = sum(not text.strip() for text in texts.values())
    if empty:
        notes.append(f"{empty} of {len(items)} answers are empty: they are responses that name no object")
    repeated = len(items) - len({(item.image_id, item.prompt, texts[item.id]) for item in items})
    if repeated:
        notes.append(f"{repeated} of {len(items)} answers repeat an earlier line word for word; each is counted")
    return tuple(notes)


def _lines(path: Path) -> Iterator[tuple[int, _Line]]:
    try:
        with path.open("rb") as f:
            for number, line in enumerate(f, 1):
                if line.strip():
                    yield number, _Line.model_validate_json(line)
    except FileNotFoundError as e:
        raise DataError(f"{path} does not exist: {_FORM} and give the file as --answers") from e
    except OSError as e:
        raise DataError(f"{path} cannot be read ({e.strerror}): {_FORM} and give the file as --answers") from e
    except ValidationError as e:
        raise DataError(f"{path} line {number} is not an answer ({first_problem(e)}): {_FORM}") from e
