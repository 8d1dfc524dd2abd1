"""The tables in a document: each between two comments that name it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

FILE = Path(__file__).parents[2] / "docs" / "scaling.md"


def filled(text: str, tables: Mapping[str, str]) -> str:
    """The document with every table between ``<!-- table NAME -->`` and ``<!-- end -->`` put in anew.

    Raises:
        KeyError: the document names a table that there is not.
    """
    place = re.compile(r"(<!-- table (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
    return place.sub(lambda found: f"{found[1]}{tables[found[2]]}\n{found[3]}", text)
