"""What TRL trains on: prompt, chosen and rejected, plain or conversational, with one picture in images or image.

A ``kind`` column (``correction`` or ``ranking``) is heeded. Without one, pairs count as corrections: a ranking whose
texts have little in common has almost all of its tokens marked as changed anyway.
"""

from __future__ import annotations

from redraft.errors import DataError
from redraft.sources.formats import Cells, Draft, Format
from redraft.sources.pictures import Pictures
from redraft.sources.texts import prompt_text, refuse_equal, response_text


def _fits(columns: frozenset[str]) -> bool:
    return {"prompt", "chosen", "rejected"} <= columns and bool({"images", "image"} & columns)


def _parse(cells: Cells, pictures: Pictures) -> Draft:
    prompt = prompt_text(cells.get("prompt"))
    chosen, rejected = (response_text(cells.get(side), side) for side in ("chosen", "rejected"))
    refuse_equal(chosen, rejected)
    kind = cells.get("kind") or "correction"
    if kind not in ("correction", "ranking"):
        raise DataError(f"kind is {str(kind)[:40]!r}, which must be correction or ranking")
    image = pictures.in_cell(_picture(cells))
    if image is None:
        raise DataError("there is no image")
    return Draft(prompt, chosen, rejected, image, kind="ranking" if kind == "ranking" else "correction")


def _picture(cells: Cells) -> object:
    """The cell of the row's one picture."""
    several = cells.get("images")
    if several is None or several == []:
        return cells.get("image")
    if not isinstance(several, list):
        return several
    if len(several) > 1:
        raise DataError(f"there are {len(several)} images, and only one is supported")
    return several[0]


FORMAT = Format(
    name="TRL",
    needs="prompt, chosen, rejected (texts or messages) and images or image (bytes, paths or data URIs)",
    columns=("prompt", "chosen", "rejected", "images", "image", "kind"),
    fits=_fits,
    parse=_parse,
)
