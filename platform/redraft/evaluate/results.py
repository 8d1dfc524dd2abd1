"""A suite's result in a folder: ``result.json`` and ``scores.parquet``, beside ``answers.jsonl``.

``scores.parquet`` has a row for each item that was scored: ``item``, ``image_id``, ``group``, and one column of numbers
for each of the suite's, so that every figure can be computed anew and two policies compared.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from redraft.code_version import code_version
from redraft.errors import DataError, ResourceError
from redraft.evaluate.answer_lines import answers_digest
from redraft.evaluate.suite import ItemScore, Suite, measure, measure_groups
from redraft.records import SuiteResult

RESULT_FILE = "result.json"
SCORES_FILE = "scores.parquet"
_KEYS = ("item", "image_id", "group")


@dataclass(frozen=True)
class StoredResult:
    """What a folder holds: the result, and each item's numbers under the names ``columns``."""

    result: SuiteResult
    columns: tuple[str, ...]
    scores: tuple[ItemScore, ...]


def measure_suite(
    suite: Suite,
    answers: Mapping[str, str],
    *,
    policy: str,
    bootstrap: int,
    seed: int,
    notes: Sequence[str] = (),
) -> tuple[SuiteResult, list[ItemScore]]:
    """Score ``answers`` by item id, and measure them.

    Raises:
        DataError: no answer is about an item of the suite.
    """
    scores = suite.score(answers)
    if not scores:
        raise DataError(f"none of the {len(answers)} answers of {policy} is about an item of {suite.name}")
    items = suite.items()
    result = SuiteResult(
        suite=suite.name,
        variant=suite.variant,
        policy=policy,
        answers=answers_digest(answers),
        items=len(items),
        images=len({score.image_id for score in scores}),
        unanswered=sum(item.id not in answers for item in items),
        figures=measure(suite, scores, bootstrap=bootstrap, seed=seed),
        groups=measure_groups(suite, scores, bootstrap=bootstrap, seed=seed),
        judge=suite.judge_use(),
        data=suite.sources(),
        code=code_version(),
        seed=seed,
        bootstrap=bootstrap,
        measured_at=time.time(),
        notes=tuple(notes),
    )
    return result, scores


def write_results(folder: Path, result: SuiteResult, columns: Sequence[str], scores: Sequence[ItemScore]) -> None:
    """Write both files; the result last, so a folder that has one is whole.

    Raises:
        DataError: the folder holds the result of another suite.
        ResourceError: it cannot be written.
    """
    if (folder / RESULT_FILE).exists():
        there = _read_record(folder)
        if (there.suite, there.variant) != (result.suite, result.variant):
            raise DataError(f"{folder} holds a result of {_told(there)}, not of {_told(result)}: name another --out")
    table = pa.table(
        {key: pa.array([getattr(score, key) for score in scores], pa.string()) for key in _KEYS}
        | {
            name: pa.array([float(score.values[place]) for score in scores], pa.float64())
            for place, name in enumerate(columns)
        }
    )
    sink = BytesIO()
    pq.write_table(table, sink, compression="zstd")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / SCORES_FILE, sink.getvalue())
        _replace(folder / RESULT_FILE, (result.model_dump_json(indent=2) + "\n").encode())
    except OSError as e:
        raise ResourceError(f"cannot write to {folder}: {e.strerror or e}; name a folder that can be made") from e


def read_results(folder: Path) -> StoredResult:
    """What ``write_results`` wrote.

    Raises:
        DataError: no result there, or a file of it is damaged.
    """
    result = _read_record(folder)
    path = folder / SCORES_FILE
    try:
        table = pq.read_table(BytesIO(path.read_bytes()))
    except OSError as e:
        raise DataError(f"{path} cannot be read ({e.strerror or e}): run the suite again with --out {folder}") from e
    except pa.ArrowException as e:
        raise DataError(f"{path} is not readable as Parquet: run the suite again with --out {folder}") from e
    names = tuple(table.column_names)
    columns = names[len(_KEYS) :]
    text = all(pa.types.is_string(table.schema.field(key).type) for key in _KEYS if key in names)
    numbers = all(pa.types.is_float64(table.schema.field(name).type) for name in columns)
    if names[: len(_KEYS)] != _KEYS or not text or not numbers or any(c.null_count for c in table.columns):
        raise DataError(f"{path} is no table of {', '.join(_KEYS)} and numbers: run the suite again with --out")
    rows = zip(*(table[name].to_pylist() for name in names), strict=True)
    scores = tuple(ItemScore(row[0], row[1], row[2], tuple(row[3:])) for row in rows)
    if len({score.item for score in scores}) != len(scores):
        raise DataError(f"{path} scores an item twice: run the suite again with --out {folder}")
    return StoredResult(result, columns, scores)


def _read_record(folder: Path) -> SuiteResult:
    path = folder / RESULT_FILE
    try:
        return SuiteResult.model_validate_json(path.read_bytes())
    except FileNotFoundError as e:
        raise DataError(f"{folder} holds no result: make one with `redraft eval SUITE --out {folder}`") from e
    except OSError as e:
        raise DataError(f"{path} cannot be read ({e.strerror})") from e
    except ValidationError as e:
        where = ".".join(str(part) for part in e.errors()[0]["loc"]) or "the file"
        raise DataError(
            f"{path} is no suite result ({where}: {e.errors()[0]['msg']}): run the suite again with --out"
        ) from e


def _told(result: SuiteResult) -> str:
    return f"{result.suite} ({result.variant})" if result.variant else result.suite


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    partial.rename(path)
