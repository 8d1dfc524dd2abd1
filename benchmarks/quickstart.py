"""Time and peak memory of every step of a run.

    python benchmarks/quickstart.py                     runs configs/quickstart.yaml in a scratch folder
    python benchmarks/quickstart.py --run runs/quickstart   reads a run that was made before

Absolute times drift with the machine; the shares do not.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from redraft.runs import Event, RunFolder, read_events

CONFIG = Path(__file__).parents[1] / "configs" / "quickstart.yaml"


def main() -> None:
    """Run or read, then print."""
    parser = argparse.ArgumentParser(description="Time and peak memory of every step of a run.")
    parser.add_argument("--run", type=Path, help="folder of a finished run; default: make one")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.run or Path(scratch) / "quickstart"
        if arguments.run is None:
            command = [sys.executable, "-c", "from redraft_actors.cli import main; main()"]
            subprocess.run([*command, "run", str(CONFIG), "--out", str(folder)], check=True)
        events = read_events(RunFolder.open(folder))
    show(events)
    if arguments.json:
        print(json.dumps(as_json(events)))


def show(events: list[Event]) -> None:
    """A table of steps by round, and the totals."""
    table = Table("round", "step", "seconds", "peak GiB", title="Steps")
    for e in events:
        if e.seconds is not None and e.step != "run":
            table.add_row(str(e.round), e.step, f"{e.seconds:.1f}", f"{e.rss_gib:.2f}" if e.rss_gib else "")
    Console().print(table)
    total = sum(e.seconds or 0 for e in events if e.step == "run")
    for step, seconds in by_step(events).items():
        print(f"{step:10} {seconds:7.1f} s  {seconds / total:6.1%}" if total else f"{step:10} {seconds:7.1f} s")
    print(f"{'whole run':10} {total:7.1f} s, peak {peak(events):.2f} GiB")


def by_step(events: list[Event]) -> dict[str, float]:
    """Seconds of each step over all rounds."""
    seconds: dict[str, float] = defaultdict(float)
    for e in events:
        if e.seconds is not None and e.step != "run":
            seconds[e.step] += e.seconds
    return dict(seconds)


def peak(events: list[Event]) -> float:
    """The most memory that any step took, GiB."""
    return max((e.rss_gib for e in events if e.rss_gib is not None), default=0.0)


def as_json(events: list[Event]) -> dict[str, object]:
    """The same figures for programs."""
    return {
        "wall_seconds": sum(e.seconds or 0 for e in events if e.step == "run"),
        "peak_rss_gib": peak(events),
        "seconds_by_step": by_step(events),
        "steps": [e.model_dump(include={"round", "step", "seconds", "rss_gib"}) for e in events if e.step != "run"],
    }


if __name__ == "__main__":
    main()
