"""Preparing other people's preference data: slices of a source to tokens, on Ray Data or in this process.

    Source.slices ──► prepare_slice on warm workers ──► pairs/part-*.parquet, bad rows
                          └──► one PartSummary a slice ──► join_parts ──► PreparedSource

Rows come neither to the driver nor into Ray's object store: a task reads its slice, writes what it made of it and
reports counts. So memory does not depend on the number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from redraft.blobs import open_blobs
from redraft.config import Config
from redraft.errors import DataError, RedraftError, StorageError
from redraft.policy import load_policy
from redraft.sources import Source, SourceSlice
from redraft.sources.checking import RowChecker
from redraft.sources.parts import PartSummary, PreparedSource, join_parts, prepare_slice, start_parts

ROWS_A_TASK = 1024
"""A task that dies is done again from its first row."""

_DONE = pa.schema([("summary", pa.string()), ("mistake", pa.string()), ("message", pa.string())])
_MISTAKES: dict[str, type[RedraftError]] = {"DataError": DataError, "StorageError": StorageError}


@dataclass(frozen=True)
class PrepareJob:
    """What to prepare, for which policy, and where to.

    ``source`` is a file or folder; ``source_blobs`` the blob store of a dataset version, if it is not above it;
    ``blobs_url`` takes the pictures, and ``folder``, new or empty, the pairs. All machines of a cluster must see both.
    """

    config: Config
    policy_path: Path
    source: Path
    blobs_url: str
    folder: Path
    source_blobs: str | None = None

    def open_source(self) -> Source:
        """The source, its files recognised.

        Raises:
            DataError, StorageError: as ``Source``.
        """
        return Source(self.source, max_pixels=self.config.images.max_pixels, blobs=self.source_blobs)


class Preparer:
    """Prepares slices; a worker keeps one for as long as the job runs."""

    def __init__(self, job: PrepareJob) -> None:
        config = job.config
        policy = load_policy(job.policy_path, weights=False)
        self.checker = RowChecker(policy, config.train, config.images.max_pixels)
        self.source, self.blobs, self.folder = job.open_source(), open_blobs(job.blobs_url), job.folder

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Slices in, ``_DONE`` out: a mistake travels as a row, because Ray Data would bury it in its own error."""
        rows = []
        for row in batch.to_pylist():
            try:
                done = self.prepare(SourceSlice.model_validate(row))
                rows.append({"summary": done.model_dump_json(), "mistake": None, "message": None})
            except (DataError, StorageError) as e:
                rows.append({"summary": None, "mistake": type(e).__name__, "message": str(e)})
        return pa.Table.from_pylist(rows, schema=_DONE)

    def prepare(self, part: SourceSlice) -> PartSummary:
        """Write one slice's files; errors as ``prepare_slice``."""
        return prepare_slice(self.source, part, self.checker, self.blobs, self.folder)


def prepare_alone(job: PrepareJob) -> PreparedSource:
    """One process, no Ray.

    Raises:
        DataError: the source is of no known format, damaged, or has no good pair.
        PolicyError: the policy cannot be loaded.
        StorageError: a folder or a blob store cannot be used.
    """
    source = job.open_source()
    start_parts(job.folder)
    preparer = Preparer(job)
    return join_parts(str(job.source), job.folder, map(preparer.prepare, source.slices()))


def prepare_on_ray(job: PrepareJob) -> PreparedSource:
    """As ``prepare_alone``, slices side by side on ``evaluate.actors`` workers of the connected Ray."""
    source = job.open_source()
    start_parts(job.folder)
    return join_parts(str(job.source), job.folder, _on_workers(job, source))


def _on_workers(job: PrepareJob, source: Source) -> Iterator[PartSummary]:
    from redraft_actors.pools import map_on_warm_workers

    rows = [part.model_dump() for part in source.slices(ROWS_A_TASK)]
    if not rows:
        return
    evaluate = job.config.evaluate
    done = map_on_warm_workers(
        pa.Table.from_pylist(rows),
        Preparer,
        {"job": job},
        batch_size=1,
        actors=evaluate.actors,
        cpus=evaluate.cpus_per_actor,
        gpus=0,
    )
    for row in done.iter_rows():
        if row["mistake"] is not None:
            raise _MISTAKES.get(row["mistake"], DataError)(row["message"])
        yield PartSummary.model_validate_json(row["summary"])
