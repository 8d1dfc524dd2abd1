"""Ray Data over an actor pool: rows in, a plain class maps batches, rows out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import ray.data

from redraft.pool import Request


def request_table(requests: Sequence[Request]) -> pa.Table:
    """Requests as rows."""
    return pa.Table.from_pylist([r.model_dump(mode="json") for r in requests])


def map_on_actors(
    table: pa.Table,
    worker: type,
    arguments: dict[str, Any],
    *,
    batch_size: int,
    actors: int,
    cpus: float,
    gpus: float,
) -> ray.data.Dataset:
    """``worker(**arguments)(batch)`` over the rows, lazily; a killed actor is started again and its batch repeated."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    blocks = -(-len(table) // batch_size)
    parts = [table.slice(i * batch_size, batch_size) for i in range(blocks)]
    return ray.data.from_arrow(parts).map_batches(
        worker,
        fn_constructor_kwargs=arguments,
        batch_size=batch_size,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=min(actors, blocks)),
        num_cpus=cpus,
        num_gpus=gpus,
    )
