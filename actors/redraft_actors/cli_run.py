"""What the commands about runs do."""

from __future__ import annotations

import logging
import shutil
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from redraft.config import Config
from redraft.errors import RedraftError, RunError
from redraft.logs import failures_logged, run_logs
from redraft.records import Phase
from redraft.report import Summary, summary_table, write_report, write_summary
from redraft.runs import Event, RunFolder
from redraft.store.url import parse_url, shown
from redraft_actors.context import RunContext
from redraft_actors.live import picture, watch
from redraft_actors.preflight import preflight
from redraft_actors.run_lock import run_lock
from redraft_actors.sigterm import sigterm_interrupts

_log = logging.getLogger(__name__)


def start(config: Config, out: Path, *, replace: bool, wait: bool, console: Console) -> None:
    """Check everything, make the run folder, and go."""
    if not replace and (out / "config.yaml").exists():
        RunFolder.create(out, config)
    for checked in preflight(config, out):
        _say(console, f"  {checked.what:8} {checked.found}")
    if replace and out.exists():
        _remove(out)
    folder = RunFolder.create(out, config)
    go_on(folder, wait=wait, console=console)


def resume(folder: RunFolder, *, wait: bool, console: Console) -> None:
    """Go on from the last committed step; whoever resumes a run wants it neither stopped nor paused."""
    store = folder.store()
    store.clear_stop()
    store.unpause(actor="command line")
    go_on(folder, wait=wait, console=console)


def go_on(folder: RunFolder, *, wait: bool, console: Console) -> None:
    """Start Ray and the controller, show the loop, and write the results when it pauses or ends."""
    began = time.time()
    name = folder.info().name
    with run_lock(folder.root), run_logs(folder.root, name, "terminal"), failures_logged(_log):
        run = RunContext.open(folder.root)
        _say(console, f"Run folder: {folder.root}")
        _log.info("follows the loop")
        try:
            reason = _drive(run, wait, console)
        except KeyboardInterrupt:
            _log.info("interrupted")
            _say(Console(stderr=True), f"\nInterrupted. Go on with: redraft resume {folder.root}")
            raise
        run.record(Event(at=time.time(), round=0, step="run", seconds=round(time.time() - began, 1)))
        _log.info("the loop ended: %s", reason)
        _say(console, reason)
        write_results(folder, console)
    if run.store.rounds() and run.store.rounds()[-1].phase == Phase.ANNOTATING:
        _say(
            console, f"Annotators work at: redraft ui {folder.root}\nGo on with:          redraft resume {folder.root}"
        )


def _drive(run: RunContext, wait: bool, console: Console) -> str:
    from redraft_actors.cluster import ray_cluster

    with ray_cluster(run.config) as dashboard, sigterm_interrupts():
        import ray
        from ray.exceptions import RayActorError, RayTaskError

        from redraft_actors.clusters.offered import require_room
        from redraft_actors.controller import start_controller

        if run.config.ray.address is not None:
            require_room(run.config)
        done = start_controller(str(run.folder.root), dashboard, wait)

        def finished() -> bool:
            ready, _ = ray.wait([done], timeout=0.5)
            return bool(ready)

        watch(run, finished, console)
        try:
            return str(ray.get(done))
        except RayTaskError as e:
            if isinstance(e.cause, RedraftError):
                raise e.cause from None
            raise
        except RayActorError as e:
            raise RunError(
                f"the controller died for good ({' '.join(str(e).split())[:200]}): "
                f"go on with `redraft resume {run.folder.root}`"
            ) from e


def _say(console: Console, text: str) -> None:
    """Plain words: paths and figures as they are, whatever the width of the terminal."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def write_results(folder: RunFolder, console: Console) -> None:
    """Report, summary and the table people look for."""
    if not folder.store().evaluations():
        console.print("Nothing was evaluated yet, so there is no report.")
        return
    write_summary(folder)
    page = write_report(folder)
    console.print(summary_table(Summary.model_validate_json(folder.summary.read_text())))
    _say(console, f"Report: {page}\nSummary: {folder.summary}")


def show_status(folder: RunFolder, console: Console) -> None:
    """Rounds, worklist and the step under way."""
    run = RunContext.open(folder.root)
    console.print(picture(run))
    counts = run.store.counts()
    if run.store.paused():
        _say(console, f"paused; let it go on with: redraft unpause {folder.root}")
    console.print(
        f"tasks: {counts.open} open, {counts.leased} leased, {counts.done} done; "
        f"answers: {counts.corrected} corrected, {counts.clean} clean, {counts.skipped} skipped",
        highlight=False,
    )


def show_checks(config: Config, out: Path, console: Console) -> None:
    """The resolved tree and what was found."""
    console.print(_without_passwords(config).to_yaml(), markup=False, highlight=False)
    from redraft.checkpoints import resolve_policy_path
    from redraft.policy import load_policy

    table = Table("checked", "found")
    for checked in preflight(config, out):
        table.add_row(checked.what, checked.found)
    policy = load_policy(resolve_policy_path(config.policy.path), config.policy.device, config.policy.dtype)
    table.add_row("model", f"{type(policy.model).__name__} loads on {policy.device}")
    console.print(table)


def _remove(out: Path) -> None:
    if not (out / "config.yaml").exists():
        raise RunError(
            f"{out} is no run folder, so --replace leaves it alone: remove it yourself or name another --out"
        )
    with run_lock(out):
        pass
    shutil.rmtree(out)


def _without_passwords(config: Config) -> Config:
    """The config as it may be shown."""
    if config.storage.database is None:
        return config
    masked = shown(parse_url(config.storage.database))
    return config.model_copy(update={"storage": config.storage.model_copy(update={"database": masked})})
