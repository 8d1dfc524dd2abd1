"""Ray Data over a pool of workers: rows in, a plain class maps batches, rows out.

Loading torch and transformers costs a process several seconds. An actor always pays them, while a task runs in whatever
worker process is idle: on CPUs, steps that come every round therefore run as tasks that keep their last worker object.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa
import ray.data

from redraft.logs import LogPlace, carried, logs_here
from redraft.pool import Request

IN_FLIGHT = 2
"""Batches that an actor has at a time: the one it works on, and the next, so that it need not wait."""


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
    accelerator_type: str | None = None,
) -> ray.data.Dataset:
    """``worker(**arguments)(batch)`` over the rows, lazily; a killed actor is started again and its batch repeated.

    No more than ``actors * IN_FLIGHT`` batches are under way; ``accelerator_type`` is a kind of GPU as Ray names it.
    """
    dataset, batches = _blocks(table, batch_size)
    return dataset.map_batches(
        type(worker.__name__, (_WithLogs,), {}),  # Ray names its processes after the class
        fn_constructor_kwargs={"worker": worker, "arguments": arguments, "logs": logs_here()},
        batch_size=batch_size,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=min(actors, batches), max_tasks_in_flight_per_actor=IN_FLIGHT),
        num_cpus=cpus,
        num_gpus=gpus,
        accelerator_type=accelerator_type,
    )


def map_on_warm_workers(
    table: pa.Table,
    worker: type,
    arguments: dict[str, Any],
    *,
    batch_size: int,
    actors: int,
    cpus: float,
    gpus: float,
) -> ray.data.Dataset:
    """As ``map_on_actors``, but in idle worker processes. A GPU is given to actors, which hold on to it."""
    if gpus:
        return map_on_actors(table, worker, arguments, batch_size=batch_size, actors=actors, cpus=cpus, gpus=gpus)
    key, logs = tuple(sorted(arguments.items())), logs_here()

    def on_kept_worker(batch: pa.Table) -> pa.Table:
        with carried(logs, _log_name(worker)):
            return _kept(worker, key)(batch)

    dataset, batches = _blocks(table, batch_size)
    return dataset.map_batches(
        on_kept_worker,
        batch_size=batch_size,
        batch_format="pyarrow",
        compute=ray.data.TaskPoolStrategy(size=min(actors, batches)),
        num_cpus=cpus,
    )


class _WithLogs:
    """A worker of an actor, which keeps the logs of whoever wants its work."""

    def __init__(self, worker: type, arguments: dict[str, Any], logs: LogPlace | None) -> None:
        self.name, self.logs = _log_name(worker), logs
        with carried(logs, self.name):
            self.worker = worker(**arguments)

    def __call__(self, batch: pa.Table) -> pa.Table:
        with carried(self.logs, self.name):
            return self.worker(batch)


def _log_name(worker: type) -> str:
    """``ReferenceScorer`` logs as reference-scorer."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", worker.__name__).lower()


@lru_cache(maxsize=1)
def _kept(worker: Callable[..., Any], arguments: tuple[tuple[str, Hashable], ...]) -> Any:
    import torch

    torch.set_num_threads(1)  # here and not in the workers: the same classes run in the command's own process
    return worker(**dict(arguments))


def _blocks(table: pa.Table, batch_size: int) -> tuple[ray.data.Dataset, int]:
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.raise_original_map_exception = True  # or an outage in a worker would come back as a text without a type
    context.execution_options.preserve_order = True
    batches = -(-len(table) // batch_size)
    return ray.data.from_arrow([table.slice(i * batch_size, batch_size) for i in range(batches)]), batches
