"""RLHF-V-Dataset: Parquet with the question and both answers as JSON in ``text``, the picture in ``image``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from redraft.errors import DataError
from redraft.sources.formats import Cells, Draft, Format
from redraft.sources.pictures import Pictures
from redraft.sources.texts import prompt_text, refuse_equal, response_text


def _fits(columns: frozenset[str]) -> bool:
    return {"text", "image"} <= columns


def _parse(cells: Cells, pictures: Pictures) -> Draft:
    texts = _texts(cells.get("text"))
    prompt = prompt_text(texts.get("question"))
    chosen, rejected = (response_text(texts.get(side), side) for side in ("chosen", "rejected"))
    refuse_equal(chosen, rejected)
    image = pictures.in_cell(cells.get("image")) or pictures.in_cell(cells.get("image_path"))
    if image is None:
        raise DataError("there is no image")
    return Draft(prompt, chosen, rejected, image)


def _texts(value: object) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    if value is None:
        raise DataError("text is missing")
    if not isinstance(value, str):
        raise DataError("text is neither a JSON string nor a struct")
    try:
        tree = json.loads(value)
    except RecursionError as e:
        raise DataError("text is JSON that is nested too deeply") from e
    except ValueError as e:
        raise DataError(f"text is not valid JSON ({e})") from e
    if not isinstance(tree, dict):
        raise DataError("text is no JSON object with question, chosen and rejected")
    return tree


FORMAT = Format(
    name="RLHF-V",
    needs="text (JSON or a struct with question, chosen, rejected) and image (bytes, or a struct of bytes and path)",
    columns=("text", "image", "image_path"),
    fits=_fits,
    parse=_parse,
)
