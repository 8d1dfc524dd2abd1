"""What a person sees while the loop runs."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from redraft.errors import Outage
from redraft.records import Phase, Split
from redraft.runs import Progress, read_events
from redraft_actors.context import RunContext

STEPS = ("sample", "route", "annotate", "build", "train", "evaluate", "promote")
REFRESH_SECONDS = 0.5
FULL_BELOW_BYTES = 1 << 20


def watch(run: RunContext, finished: Callable[[], bool], console: Console) -> None:
    """Show the loop until ``finished()``; a terminal gets a live table, a log file one line a step."""
    if sys.stdout.isatty():
        with Live(console=console, refresh_per_second=4, transient=True) as live:
            while not finished():
                live.update(_picture_or_outage(run))
        return
    told = None
    while not finished():
        news, line = _news_or_outage(run)
        if line and news != told:
            told = news
            console.print(line, markup=False, highlight=False, soft_wrap=True)


def _news_or_outage(run: RunContext) -> tuple[str, str]:
    """What is going on, short, and the line that tells of it; the line is empty before anything goes on."""
    try:
        full, progress = _full_disk(run), run.read_progress()
        if full is not None:
            return full, full
        if progress is None:
            return "", ""
        return f"{progress.round} {progress.step} {progress.message}", _line(run, progress)
    except Outage as e:
        waits = f"The loop waits: {e}"
        return waits, waits


def _picture_or_outage(run: RunContext) -> Group:
    try:
        full = _full_disk(run)
        return picture(run) if full is None else Group(picture(run), Text(full))
    except Outage as e:
        return Group(Text(f"The loop waits: {e}"))


def _full_disk(run: RunContext) -> str | None:
    """A sentence if the disk of the run is full, so that not even that can be written into the run."""
    free = shutil.disk_usage(run.folder.root).free
    if free >= FULL_BELOW_BYTES:
        return None
    return f"The loop waits: the disk that holds {run.folder.root} is full; free some space, it then goes on by itself"


def picture(run: RunContext) -> Group:
    """The rounds so far, and the step under way with its bar and the time it will take."""
    table = Table(title=f"Redraft · {run.config.name}", title_justify="left", expand=False)
    for column in ("round", "phase", "corrections", "hallucination (test)", "policy"):
        table.add_column(column)
    rates = {e.policy: e.response_rate for e in run.store.evaluations() if e.split == Split.TEST}
    for row in run.store.rounds():
        measured = rates.get(row.candidate or row.incumbent) if row.phase in (Phase.PROMOTING, Phase.DONE) else None
        table.add_row(
            str(row.number),
            str(row.phase),
            str(run.store.counts(row.number).corrected) if row.number else "",
            f"{measured.value:.1%} [{measured.low:.1%}, {measured.high:.1%}]" if measured else "",
            row.candidate or row.incumbent,
        )
    progress = run.read_progress()
    if progress is None:
        return Group(table, Text("starting Ray…"))
    total, done = progress.total, _done(run, progress)
    bar = ProgressBar(total=max(total, 1), completed=done, width=40) if total else Text("")
    return Group(table, Text(_line(run, progress)), bar)


def _line(run: RunContext, progress: Progress) -> str:
    elapsed = time.time() - progress.since
    parts = [f"round {progress.round}", progress.step]
    if progress.message:
        return f"round {progress.round} · {progress.message}"
    if progress.total:
        parts.append(f"{_done(run, progress)}/{progress.total} {progress.unit}")
    usual = [e.seconds for e in read_events(run.folder) if e.step == progress.step and e.seconds]
    if usual:
        parts.append(f"{elapsed:.0f} s of about {usual[-1]:.0f} s")
    else:
        parts.append(f"{elapsed:.0f} s")
    return " · ".join(parts)


def _done(run: RunContext, progress: Progress) -> int:
    if progress.step == "annotate":
        counts = run.store.counts(progress.round)
        return progress.total - min(progress.total, counts.open + counts.leased)
    if progress.step == "train":
        log = run.folder.train_log(progress.round)
        return min(progress.total, len(log.read_text().splitlines())) if log.exists() else 0
    if progress.step == "sample":
        files = len(list((run.folder.root / "staging" / "samples").glob("*.parquet")))
        return min(progress.total, files * run.config.sample.images_per_block)
    return progress.done
