"""`redraft study routing`: what the ways to choose responses are worth."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from redraft.config import Config
from redraft.routing_study.analysis import RoutingAnalysis
from redraft.routing_study.design import RoutingStudyConfig, load_routing_study, walks
from redraft.routing_study.rows import WalkFolder, WalkResult

console = Console()


def routing(
    config: Annotated[Path, typer.Argument(help="YAML file; see configs/studies/routing.yaml.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the study; default runs/studies/NAME.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="One base, one seed, three rounds, two strategies: a few minutes.")
    ] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a core.")] = None,
    report_only: Annotated[
        bool, typer.Option("--report-only", help="Write the report of what is done, and run nothing.")
    ] = False,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=C", help="Override one value; may be repeated.")
    ] = None,
) -> None:
    """Walk the loop with every routing strategy at equal budgets, and report the labels that each needs.

    A study that was stopped goes on with the walks that are not done.
    """
    study = load_routing_study(config, sets or [])
    study = study.quick() if quick else study
    folder = out or Path("runs/studies") / (f"{study.name}-quick" if quick else study.name)
    folder.mkdir(parents=True, exist_ok=True)
    if not report_only:
        _run(study, folder, workers or len(os.sched_getaffinity(0)))
    _report(study, folder)


class WalkWorker:
    """Walks; an actor, but plain enough to be called."""

    def __init__(self, config: RoutingStudyConfig) -> None:
        import torch

        torch.set_num_threads(1)
        self.config = config
        self._walkers: dict[str, Any] = {}

    def run(self, walk: Any) -> WalkResult:
        """One walk."""
        from redraft.routing_study.walk import Walker

        if walk.base not in self._walkers:
            self._walkers.clear()
            self._walkers[walk.base] = Walker(walk.base, self.config)
        result: WalkResult = self._walkers[walk.base].run(walk)
        return result


def _run(study: RoutingStudyConfig, folder: Path, workers: int) -> None:
    import ray

    from redraft_actors.cli_scaling import bars
    from redraft_actors.cluster import ray_cluster
    from redraft_actors.studying import share_out

    kept = WalkFolder(folder)
    everything = walks(study)
    missing = [walk for walk in everything if not kept.has(walk, study)]
    settings = Config.model_validate({"ray": {"cpus": workers}, "serve": {"enabled": False}, "name": "study"})
    with ray_cluster(settings), bars() as watch:
        remote = ray.remote(num_cpus=1, max_restarts=-1)(WalkWorker)
        pool = [remote.remote(study) for _ in range(workers)]
        watch.stage("walks", len(everything), len(everything) - len(missing))

        def keep(result: WalkResult) -> None:
            kept.put(result, study)
            watch.finished()

        share_out(pool, missing, lambda worker, walk: worker.run.remote(walk), keep)


def _report(study: RoutingStudyConfig, folder: Path) -> None:
    from redraft.report.routing import write_routing_study

    kept = WalkFolder(folder)
    everything = walks(study)
    results = [kept.get(walk, study) for walk in everything if kept.has(walk, study)]
    if not results:
        console.print("No walk is done yet.")
        return
    analysis = write_routing_study(study, results, len(everything), folder)
    console.print(_table(study, analysis))
    console.print(
        f"{len(results)} of {len(everything)} walks: {folder / 'summary.md'}", soft_wrap=True, highlight=False
    )


def _table(study: RoutingStudyConfig, analysis: RoutingAnalysis) -> Table:
    table = Table("strategy", title=f"Until {100 * study.targets[0]:g} % of descriptions err", title_justify="left")
    for heading in ("responses read", "random takes", "at the end", "recall"):
        table.add_column(heading, justify="right")
    from redraft.report.routing import amount, times

    for strategy in study.strategies:
        row = next(
            n for n in analysis.needed if (n.strategy, n.cost, n.target) == (strategy, "tasks", study.targets[0])
        )
        last = next(p for p in analysis.points if (p.strategy, p.round) == (strategy, study.rounds))
        end = f"{100 * last.response_rate.value:.1f} %"
        table.add_row(strategy, amount(row.needed), times(row), end, f"{last.recall.value:.3f}")
    return table
