"""What goes wrong in a worker of Ray Data reaches the loop as what it is."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from redraft.blobs import open_blobs
from redraft.errors import StorageError
from redraft.logs import about, run_logs
from redraft_actors.outages import outage_in
from redraft_actors.pools import map_on_actors, map_on_warm_workers
from redraft_actors.worker_errors import plain

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("local_ray")]


class Reader:
    """Reads keys of a blob store."""

    def __init__(self, blobs_url: str) -> None:
        os.environ |= {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "none"}  # a worker inherits no others
        self.blobs = open_blobs(blobs_url)

    def __call__(self, batch: pa.Table) -> pa.Table:
        for key in batch["key"].to_pylist():
            self.blobs.get(key)
        return batch


@pytest.mark.parametrize("run", [map_on_warm_workers, map_on_actors])
def test_a_blob_store_that_is_away_is_an_outage_and_one_that_lacks_a_blob_is_none(tmp_path: Path, run: Any) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{probe.getsockname()[1]}"
    pool: dict[str, Any] = {"batch_size": 1, "actors": 1, "cpus": 0.5, "gpus": 0}
    for url, outage in (
        (f"s3://bucket/p?endpoint_url={away}&retries=0&cache={tmp_path}", True),
        (str(tmp_path), False),
    ):
        logs = tmp_path / ("away" if outage else "here")
        logs.mkdir()
        with (
            run_logs(logs, "mine", "controller"),
            about(round=2, policy="r02-abc"),
            pytest.raises(StorageError) as caught,
        ):
            run(pa.table({"key": ["images/a"]}), Reader, {"blobs_url": url}, **pool).materialize()
        said = str(plain(caught.value))
        assert ("cannot be reached" in said) == outage and ("holds no images/a" in said) != outage
        assert "\n" not in said
        assert outage_in(caught.value) == (said if outage else None)
        (file,) = (logs / "logs").glob("reader-*.jsonl")
        logged = [json.loads(line) for line in file.read_text().splitlines()]
        assert {(line["run"], line["round"], line["policy"]) for line in logged} == {("mine", 2, "r02-abc")}
        assert said in logged[-1]["message"] and "self.blobs.get(key)" in logged[-1]["exception"]
