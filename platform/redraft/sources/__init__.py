"""Other people's preference data, read as a stream: files in, checked pairs with their tokens out.

    path ──► Source ──► slices ──► rows: SourcePair | BadRow          no torch so far
                                     └──► RowChecker ──► PreparedPair | BadRow ──► prepare_slice ──► Parquet

A format is known by its columns, never by a name. Whatever is read is untrusted: pictures are decoded in
``redraft.images`` alone, paths must stay inside the data folder, and a row that cannot be used is told with its reason
instead of being mended. ``checking`` and ``parts`` call the policy's tokenizer and so need torch; they are imported by
their own names.
"""

from redraft.sources.formats import Format
from redraft.sources.reading import Source, read_source
from redraft.sources.recognising import FORMATS, recognise
from redraft.sources.rows import BadRow, SourcePair, SourceRow, SourceSlice

__all__ = [
    "FORMATS",
    "BadRow",
    "Format",
    "Source",
    "SourcePair",
    "SourceRow",
    "SourceSlice",
    "read_source",
    "recognise",
]
