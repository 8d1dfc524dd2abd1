"""Results of a study on their way to another folder: copied, or packed into one small file that can be published."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path

from redraft.errors import DataError

PACKED = "cells.zip"
_CELL = re.compile(r"cells/[0-9a-f]{8,64}\.json")
_LARGEST = 10_000_000
_LONG_AGO = (2000, 1, 1, 0, 0, 0)


def pack(folder: Path, ids: Iterable[str]) -> Path:
    """Write these results of a study into ``folder/cells.zip``; the same results give the same bytes.

    A folder may hold more: what another study left there.
    """
    target = folder / PACKED
    partial = target.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name in sorted(f"cells/{id}.json" for id in set(ids)):
            packed.writestr(_entry(name), (folder / name).read_bytes())
    return partial.replace(target)


def take_over(other: Path, folder: Path) -> None:
    """Copy the cells and samples of another study that a folder lacks: what they depend on is in their names.

    Args:
        other: a study's folder, or the ``cells.zip`` of one.

    Raises:
        DataError: ``other`` is neither.
    """
    if other.is_file():
        _unpack(other, folder)
        return
    if not (other / "cells").is_dir():
        raise DataError(
            f"{other} holds no study: name the folder that `redraft study scaling` wrote, or the {PACKED} in it"
        )
    for part in ("cells", "samples"):
        for file in sorted((other / part).rglob("*.json")):
            target = folder / file.relative_to(other)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                partial = target.with_suffix(".partial")
                shutil.copyfile(file, partial)
                partial.replace(target)


def _unpack(packed: Path, folder: Path) -> None:
    """Names other than those of cells are refused, and so is what would unpack to more than a cell can be."""
    try:
        with zipfile.ZipFile(packed) as file:
            for entry in file.infolist():
                if not _CELL.fullmatch(entry.filename) or entry.file_size > _LARGEST:
                    raise DataError(f"{packed} holds {entry.filename!r}, which is no cell: name a {PACKED} of a study")
                target = folder / entry.filename
                if not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    partial = target.with_suffix(".partial")
                    partial.write_bytes(file.read(entry))
                    partial.replace(target)
    except zipfile.BadZipFile as e:
        raise DataError(f"{packed} is no {PACKED} of a study: {e}") from e


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _LONG_AGO)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
