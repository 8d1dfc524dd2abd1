"""The formats that are understood, and which of them a file is in."""

from __future__ import annotations

from collections.abc import Iterable

from redraft.errors import DataError
from redraft.sources import rlhfv, trl, versions
from redraft.sources.formats import Format

FORMATS: tuple[Format, ...] = (versions.FORMAT, rlhfv.FORMAT, trl.FORMAT)
"""The first that fits is taken: a dataset version has the columns of TRL's format and more."""

_NAMED = 20


def recognise(columns: Iterable[str], where: str) -> Format:
    """The format of a file with these columns.

    Raises:
        DataError: none fits; it names the columns found and those that each format needs.
    """
    found = frozenset(columns)
    for known in FORMATS:
        if known.fits(found):
            return known
    names = sorted(found)
    shown = ", ".join(name[:40] for name in names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    raise DataError(
        f"{where} has the columns {shown or '(none)'}, which no format has: "
        + "; ".join(f"{known.name} needs {known.needs}" for known in FORMATS)
    )
