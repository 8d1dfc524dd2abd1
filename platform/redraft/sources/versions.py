"""Redraft's own dataset versions: pairs with the characters that changed, pictures in a blob store."""

from __future__ import annotations

from pathlib import Path

from redraft.errors import DataError
from redraft.records import Span
from redraft.sources.formats import Cells, Draft, Format
from redraft.sources.pictures import Pictures
from redraft.sources.texts import plain_text, refuse_equal

_SPANS = ("chosen_starts", "chosen_ends", "rejected_starts", "rejected_ends")


def blob_folder(path: Path) -> Path:
    """The blob store that a dataset version lies in: the nearest folder above it that holds ``images``.

    Raises:
        DataError: there is none.
    """
    for folder in path.resolve().parents:
        if (folder / "images").is_dir():
            return folder
    raise DataError(
        f"{path} is a dataset version, and no folder above it is a blob store (a folder that holds images/): "
        "say where its blobs are"
    )


def _fits(columns: frozenset[str]) -> bool:
    return {"prompt", "chosen", "rejected", "blob", *_SPANS} <= columns


def _parse(cells: Cells, pictures: Pictures) -> Draft:
    prompt, chosen, rejected = (plain_text(cells.get(name), name) for name in ("prompt", "chosen", "rejected"))
    refuse_equal(chosen, rejected)
    kind = cells.get("kind", "correction")
    if kind not in ("correction", "ranking"):
        raise DataError(f"kind is {str(kind)[:40]!r}, which must be correction or ranking")
    return Draft(
        prompt,
        chosen,
        rejected,
        pictures.in_blobs(cells.get("blob")),
        _spans(cells, "chosen", chosen),
        _spans(cells, "rejected", rejected),
        "ranking" if kind == "ranking" else "correction",
        _smoothing(cells.get("smoothing")),
    )


def _smoothing(cell: object) -> float | None:
    if cell is None:
        return None
    if not isinstance(cell, float) or not 0 <= cell < 0.5:
        raise DataError(f"smoothing is {str(cell)[:40]}, which must be a number from 0 to below 0.5")
    return cell


def _spans(cells: Cells, side: str, text: str) -> tuple[Span, ...] | None:
    starts, ends = cells.get(f"{side}_starts"), cells.get(f"{side}_ends")
    if starts is None and ends is None:
        return None
    if not isinstance(starts, list) or not isinstance(ends, list) or len(starts) != len(ends):
        raise DataError(f"{side}_starts and {side}_ends are not of one length")
    try:
        spans = tuple(Span(start=start, end=end) for start, end in zip(starts, ends, strict=True))
    except ValueError as e:
        raise DataError(f"{side}_starts and {side}_ends are no ranges of characters") from e
    if any(span.end > len(text) for span in spans):
        raise DataError(f"a changed span reaches past {side}, which has {len(text)} characters")
    return spans


FORMAT = Format(
    name="a Redraft dataset version",
    needs=f"prompt, chosen, rejected, blob, {', '.join(_SPANS)}",
    columns=("prompt", "chosen", "rejected", "blob", *_SPANS, "kind", "smoothing"),
    fits=_fits,
    parse=_parse,
    blobs=True,
)
