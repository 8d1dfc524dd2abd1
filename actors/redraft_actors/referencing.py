"""The reference's log-probabilities of prepared pairs, file by file: in this process, or on Ray Data's workers."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from redraft.blobs import open_blobs
from redraft.config import Config
from redraft.policy import load_policy
from redraft.train.encode import TRAINING_SCHEMA
from redraft.train.reference_pass import ReferencePass
from redraft_actors.pools import map_on_warm_workers

ROWS_AT_A_TIME = 256


class ReferenceFiles:
    """Writes prepared files again elsewhere, with the reference's columns; a few rows are in memory at a time."""

    def __init__(self, policy_path: str, blobs_url: str, config: Config, out: str) -> None:
        policy = load_policy(policy_path, config.policy.device, config.policy.dtype)
        self.references = ReferencePass(policy, open_blobs(blobs_url), config)
        self.out = Path(out)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Paths in, the same paths out, done."""
        for path in batch["path"].to_pylist():
            self.score(Path(path))
        return batch

    def score(self, path: Path) -> None:
        """One file; written elsewhere first, so that a task that is killed and repeated leaves one whole file."""
        partial = self.out / f".{path.name}.partial"
        with pq.ParquetFile(path) as file, pq.ParquetWriter(partial, TRAINING_SCHEMA) as writer:
            for rows in file.iter_batches(batch_size=ROWS_AT_A_TIME):
                writer.write_table(self.references.add(pa.Table.from_batches([rows])))
        partial.rename(self.out / path.name)


def add_references(prepared: Path, out: Path, policy: Path, blobs_url: str, config: Config, *, on_ray: bool) -> None:
    """Every Parquet file of ``prepared`` with its references, in ``out``."""
    files = [str(path) for path in sorted(prepared.glob("*.parquet"))]
    arguments = {"policy_path": str(policy), "blobs_url": blobs_url, "config": config, "out": str(out)}
    if not on_ray:
        worker = ReferenceFiles(str(policy), blobs_url, config, str(out))
        for path in files:
            worker.score(Path(path))
        return
    evaluate = config.evaluate
    map_on_warm_workers(
        pa.table({"path": files}),
        ReferenceFiles,
        arguments,
        batch_size=1,
        actors=evaluate.actors,
        cpus=evaluate.cpus_per_actor,
        gpus=evaluate.gpus_per_actor,
    ).materialize()
