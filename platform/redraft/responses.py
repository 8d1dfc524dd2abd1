"""Responses as Parquet rows: one row a sample, with its trace; those that may be routed also with their uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from redraft.records import Response, ResponseScore, Span, SpanScore, TokenTrace

RESPONSE_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("image_id", pa.string()),
        ("prompt", pa.string()),
        ("text", pa.string()),
        ("policy", pa.string()),
        ("round", pa.int32()),
        ("sample", pa.int32()),
        ("seed", pa.int64()),
        ("temperature", pa.float64()),
        ("top_p", pa.float64()),
        ("finished", pa.bool_()),
        ("token_ids", pa.list_(pa.int32())),
        ("starts", pa.list_(pa.int32())),
        ("ends", pa.list_(pa.int32())),
        ("logprobs", pa.list_(pa.float64())),
        ("entropies", pa.list_(pa.float64())),
        ("blank_logprobs", pa.list_(pa.float64())),
        ("embedding", pa.list_(pa.float32())),
        ("score", pa.float64()),
        ("segments", pa.float64()),
        ("entropy", pa.float64()),
        ("disagreement", pa.float64()),
        ("span_starts", pa.list_(pa.int32())),
        ("span_ends", pa.list_(pa.int32())),
        ("span_scores", pa.list_(pa.float64())),
    ]
)
"""Columns of a round's samples: the response, its token trace, and its uncertainty."""

_TRACE = ("token_ids", "starts", "ends", "logprobs", "entropies")
_WHERE_ASKED = ("blank_logprobs", "embedding")
_PLAIN = RESPONSE_SCHEMA.names[:11]


def scored_table(scored: Sequence[tuple[Response, ResponseScore | None]]) -> pa.Table:
    """Responses with their scores as a table of ``RESPONSE_SCHEMA``; a row without a score has nulls there."""
    rows = []
    for response, score in scored:
        row = {name: getattr(response, name) for name in _PLAIN}
        row |= {name: getattr(response.trace, name) for name in (*_TRACE, *_WHERE_ASKED)}
        if score is not None:
            row |= {
                "score": score.score,
                "segments": score.segments,
                "entropy": score.entropy,
                "disagreement": score.disagreement,
                "span_starts": [s.span.start for s in score.spans],
                "span_ends": [s.span.end for s in score.spans],
                "span_scores": [s.score for s in score.spans],
            }
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=RESPONSE_SCHEMA)


def scored_from_table(table: pa.Table) -> list[tuple[Response, ResponseScore]]:
    """The rows of ``scored_table`` that have a score."""
    result = []
    for row in table.to_pylist():
        if row["score"] is None:
            continue
        response = _response(row)
        spans = zip(row["span_starts"], row["span_ends"], row["span_scores"], strict=True)
        score = ResponseScore(
            response_id=row["id"],
            score=row["score"],
            segments=row["segments"],
            entropy=row["entropy"],
            disagreement=row["disagreement"],
            spans=tuple(SpanScore(span=Span(start=a, end=b), score=s) for a, b, s in spans),
        )
        result.append((response, score))
    return result


def responses_from_table(table: pa.Table) -> list[Response]:
    """All rows of ``scored_table``, those without a score too."""
    return [_response(row) for row in table.to_pylist()]


def _response(row: Mapping[str, Any]) -> Response:
    asked = {name: row.get(name) for name in _WHERE_ASKED}  # absent from samples drawn before there was the column
    trace = TokenTrace(
        **{name: tuple(row[name]) for name in _TRACE},
        **{name: None if values is None else tuple(values) for name, values in asked.items()},
    )
    return Response(**{name: row[name] for name in _PLAIN}, trace=trace)
