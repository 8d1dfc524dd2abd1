"""Runs a study's cells on Ray: one actor a core, each with its own copy of a base policy; what is done stays done.

    samples of each base ──► search on dev ──► the grid on test ──► OUT/cells, one file a cell

A worker that dies is started again, and its cell with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import ray
from pydantic import TypeAdapter
from ray.exceptions import RayActorError, RayTaskError

from redraft.errors import RedraftError, ResourceError
from redraft.records import Split, stable_id
from redraft.scaling.design import Cell, StudyConfig, grid, trials
from redraft.scaling.labels import Sampled
from redraft.scaling.rows import CellResult, ResultFolder
from redraft.scaling.search import Choice, choose

BLOCK = 500
_ATTEMPTS = 3
_SAMPLES = TypeAdapter(tuple[Sampled, ...])


class Watcher(Protocol):
    """Who is told how far a study is."""

    def stage(self, name: str, total: int, done: int) -> None:
        """A stage begins, ``done`` of its ``total`` jobs lie there from earlier."""

    def finished(self) -> None:
        """One more job of the stage is done."""


class StudyWorker:
    """Holds a bench for each base it has met; an actor, but plain enough to be called."""

    def __init__(self, config: StudyConfig, out: str) -> None:
        import torch

        torch.set_num_threads(1)
        self.config, self.out = config, Path(out)
        self._benches: dict[str, Any] = {}

    def sample(self, base: str, block: int) -> None:
        """Draw the samples of one block of pictures and keep them."""
        from redraft.scaling.items import draw_samples, origins

        names = origins(self.config.world_seed, Split.POOL, block * BLOCK, _block_size(self.config, block))
        policy = self._bench(base).workshop.untrained()
        drawn = draw_samples(policy, names, temperature=self.config.temperature, form=self.config.form)
        file = samples_file(self.out, self.config, base, block)
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_bytes(_SAMPLES.dump_json(tuple(drawn)))
        partial.replace(file)

    def run(self, cell: Cell) -> CellResult:
        """One cell."""
        result: CellResult = self._bench(cell.base).run(cell)
        return result

    def _bench(self, base: str) -> Any:
        from redraft.scaling.bench import Bench

        if base not in self._benches:
            self._benches.clear()
            self._benches[base] = Bench(base, self.config, lambda: read_samples(self.out, self.config, base))
        return self._benches[base]


def run_study(config: StudyConfig, out: Path, workers: int, watch: Watcher) -> tuple[list[CellResult], list[Choice]]:
    """Everything a study needs that is not in ``out`` yet; the results of its grid, and the recipes chosen.

    Must be called with a Ray that has ``workers`` CPUs.

    Raises:
        ResourceError: workers die again and again.
    """
    folder = ResultFolder(out)
    remote = ray.remote(num_cpus=1, max_restarts=-1)(StudyWorker)
    pool = [remote.remote(config, str(out)) for _ in range(workers)]
    _sample_all(config, out, pool, watch)
    tried = trials(config)
    _run_cells(tried, config, folder, pool, watch, "search on dev")
    found = [folder.get(cell, config) for cell in tried]
    choices = choose(config, found[1:], found[0]) if found else {}
    cells = grid(config, {arm: choice.recipe for arm, choice in choices.items()})
    _run_cells(cells, config, folder, pool, watch, "the grid")
    return [folder.get(cell, config) for cell in cells], list(choices.values())


def results_so_far(config: StudyConfig, out: Path) -> tuple[list[CellResult], int]:
    """The grid's results that are in ``out``, and how many cells the grid has; nothing before the search is done."""
    folder = ResultFolder(out)
    tried = trials(config)
    if not all(folder.has(cell, config) for cell in tried):
        return [], 0
    found = [folder.get(cell, config) for cell in tried]
    choices = choose(config, found[1:], found[0]) if found else {}
    cells = grid(config, {arm: choice.recipe for arm, choice in choices.items()})
    return [folder.get(cell, config) for cell in cells if folder.has(cell, config)], len(cells)


def trials_done(config: StudyConfig, out: Path) -> list[str]:
    """The ids of the search's results that are in ``out``."""
    folder = ResultFolder(out)
    return [cell.id(config) for cell in trials(config) if folder.has(cell, config)]


def samples_file(out: Path, config: StudyConfig, base: str, block: int) -> Path:
    """Where the samples of a block are kept; another base, world, temperature or form is another file."""
    form = () if config.form == "short" else (config.form,)
    key = stable_id("samples", base, config.world_seed, config.temperature, *form)[:12]
    return out / "samples" / key / f"{block:04d}-{_block_size(config, block)}.json"


def read_samples(out: Path, config: StudyConfig, base: str) -> Sequence[Sampled]:
    """All samples of a base, in the order of pictures."""
    files = [samples_file(out, config, base, block) for block in range(_blocks(config))]
    return [sampled for file in files for sampled in _SAMPLES.validate_json(file.read_bytes())]


def _sample_all(config: StudyConfig, out: Path, pool: Sequence[Any], watch: Watcher) -> None:
    blocks = [(base, block) for base in config.bases for block in range(_blocks(config))]
    missing = [job for job in blocks if not samples_file(out, config, *job).is_file()]
    watch.stage("samples", len(blocks), len(blocks) - len(missing))
    share_out(pool, missing, lambda worker, job: worker.sample.remote(*job), lambda _: watch.finished())


def _run_cells(
    cells: Sequence[Cell], config: StudyConfig, folder: ResultFolder, pool: Sequence[Any], watch: Watcher, name: str
) -> None:
    missing = [cell for cell in cells if not folder.has(cell, config)]
    watch.stage(name, len(cells), len(cells) - len(missing))

    def keep(result: CellResult) -> None:
        folder.put(result, config)
        watch.finished()

    share_out(pool, missing, lambda worker, cell: worker.run.remote(cell), keep)


def share_out(
    pool: Sequence[Any], jobs: Iterable[Any], start: Callable[[Any, Any], Any], done: Callable[[Any], None]
) -> None:
    """Keep every worker busy with one job at a time until there is none.

    Raises:
        ResourceError: a job's workers die again and again.
    """
    waiting, attempts = list(jobs), dict[int, int]()
    idle, running = list(pool), dict[Any, tuple[Any, Any]]()
    while waiting or running:
        while waiting and idle:
            worker, job = idle.pop(), waiting.pop(0)
            running[start(worker, job)] = (worker, job)
        (ready, *_), _ = ray.wait(list(running))
        worker, job = running.pop(ready)
        idle.append(worker)
        try:
            result = ray.get(ready)
        except RayActorError as e:
            attempts[id(job)] = attempts.get(id(job), 0) + 1
            if attempts[id(job)] == _ATTEMPTS:
                raise ResourceError(f"a study's worker died {_ATTEMPTS} times at {job}: is there memory enough?") from e
            waiting.insert(0, job)
            continue
        except RayTaskError as e:
            if isinstance(e.cause, RedraftError):
                raise e.cause from None
            raise
        done(result)


def _blocks(config: StudyConfig) -> int:
    return -(-config.items // BLOCK)


def _block_size(config: StudyConfig, block: int) -> int:
    return min(BLOCK, config.items - block * BLOCK)
