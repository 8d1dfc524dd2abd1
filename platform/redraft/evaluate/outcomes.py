"""Outcomes as Parquet, the form in which an evaluation keeps what is behind its figures."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError

from redraft.errors import DataError
from redraft.records import Outcome

SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("prompt", pa.string()),
        ("scene", pa.string()),
        ("text", pa.string()),
        ("mentions", pa.int32()),
        ("errors", pa.int32()),
        ("error_types", pa.list_(pa.string())),
        ("found", pa.int32()),
        ("present", pa.int32()),
        ("words", pa.int32()),
        ("mentioned", pa.list_(pa.string())),
        ("invented", pa.list_(pa.string())),
    ]
)
_OUTCOMES = TypeAdapter(list[Outcome])


def write_outcomes(outcomes: Sequence[Outcome]) -> bytes:
    """One Parquet row an outcome, in the order given; the same outcomes give the same bytes."""
    rows = [outcome.model_dump(mode="json") for outcome in outcomes]
    sink = BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), sink, compression="zstd")
    return sink.getvalue()


def read_outcomes(data: bytes) -> list[Outcome]:
    """The outcomes that ``write_outcomes`` wrote, in order.

    Raises:
        DataError: if ``data`` is not Parquet or its rows are not outcomes.
    """
    try:
        return _OUTCOMES.validate_python(pq.read_table(BytesIO(data)).to_pylist())
    except pa.ArrowInvalid as e:
        raise DataError(f"evaluation outcomes are not readable as Parquet: {e}") from e
    except ValidationError as e:
        raise DataError(
            f"evaluation outcomes hold {e.error_count()} wrong values, first: {e.errors()[0]['msg']}"
        ) from e
