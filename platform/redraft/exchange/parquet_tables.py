"""Corrected responses as Parquet rows: RLHF-V-Dataset's columns, and those that TRL trains on.

Both carry the pictures as they were encoded, and what the ``datasets`` library wants to know to decode them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from redraft.exchange.exported import Exported

_PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_MESSAGES = pa.list_(
    pa.struct([("role", pa.string()), ("content", pa.list_(pa.struct([("type", pa.string()), ("text", pa.string())])))])
)
_STRING = {"dtype": "string", "_type": "Value"}
_CONVERSATION = [{"role": _STRING, "content": [{"type": _STRING, "text": _STRING}]}]


@dataclass(frozen=True)
class ParquetFormat:
    """A format by its name, its columns, and the row of its columns that an answer makes; rows are counted from 0."""

    name: str
    schema: pa.Schema
    row: Callable[[Exported, int], dict[str, Any]]

    def table(self, answers: Sequence[Exported], first: int) -> pa.Table:
        """One row an answer, the first of them being row number ``first``."""
        return pa.Table.from_pylist([self.row(a, first + i) for i, a in enumerate(answers)], schema=self.schema)


def _schema(columns: list[tuple[str, pa.DataType]], features: dict[str, Any]) -> pa.Schema:
    info = json.dumps({"info": {"features": features}})
    return pa.schema(columns).with_metadata({"huggingface": info})


def _rlhfv_row(answer: Exported, number: int) -> dict[str, Any]:
    line = answer.line
    return {
        "ds_name": "redraft",
        "image": {"bytes": answer.image, "path": answer.image_name},
        "text": json.dumps(
            {"question": line.prompt, "chosen": line.chosen, "rejected": line.rejected}, ensure_ascii=False
        ),
        "origin_dataset": line.image_origin,
        "origin_split": json.dumps({"model": line.policy, "type": "correction"}),
        "idx": number,
        "image_path": answer.image_name,
    }


def _trl_row(answer: Exported, _number: int) -> dict[str, Any]:
    line = answer.line
    return {
        "images": [{"bytes": answer.image, "path": answer.image_name}],
        "prompt": [_message("user", {"type": "image", "text": None}, _words(line.prompt))],
        "chosen": [_message("assistant", _words(line.chosen))],
        "rejected": [_message("assistant", _words(line.rejected))],
    }


def _message(role: str, *parts: dict[str, str | None]) -> dict[str, Any]:
    return {"role": role, "content": list(parts)}


def _words(text: str | None) -> dict[str, str | None]:
    return {"type": "text", "text": text}


RLHFV = ParquetFormat(
    name="rlhfv",
    schema=_schema(
        [
            ("ds_name", pa.string()),
            ("image", _PICTURE),
            ("text", pa.string()),
            ("origin_dataset", pa.string()),
            ("origin_split", pa.string()),
            ("idx", pa.int64()),
            ("image_path", pa.string()),
        ],
        {
            "ds_name": _STRING,
            "image": {"_type": "Image"},
            "text": _STRING,
            "origin_dataset": _STRING,
            "origin_split": _STRING,
            "idx": {"dtype": "int64", "_type": "Value"},
            "image_path": _STRING,
        },
    ),
    row=_rlhfv_row,
)

TRL = ParquetFormat(
    name="trl",
    schema=_schema(
        [("images", pa.list_(_PICTURE)), ("prompt", _MESSAGES), ("chosen", _MESSAGES), ("rejected", _MESSAGES)],
        {
            "images": [{"_type": "Image"}],
            "prompt": _CONVERSATION,
            "chosen": _CONVERSATION,
            "rejected": _CONVERSATION,
        },
    ),
    row=_trl_row,
)
