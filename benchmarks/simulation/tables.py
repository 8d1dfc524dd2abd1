"""Results for people to read, as tables of Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simulation.results import Result

Row = tuple[str, Callable[[Result], str]]

ROWS: tuple[Row, ...] = (
    ("people, days", lambda r: f"{r.people}, {r.days:g}"),
    ("rounds, promoted", lambda r: f"{r.rounds}, {r.promoted}"),
    ("tasks", lambda r: str(r.tasks)),
    ("answers, corrections", lambda r: f"{r.answers}, {r.corrections}"),
    ("minutes of people", lambda r: f"{r.minutes:.0f}"),
    ("retired as stale", lambda r: str(r.retired)),
    ("most open", lambda r: str(r.depth)),
    ("open at the end, of these skipped", lambda r: f"{r.depth_end}, {r.skipped_end}"),
    ("oldest open, h", lambda r: f"{r.oldest:.1f}"),
    ("wait for an answer, median, p95, h", lambda r: f"{r.waited:.1f}, {r.waited_p95:.1f}"),
    ("handed out stale, by 2 or more", lambda r: f"{r.stale:.1%}, {r.staler:.1%}"),
    ("asked in vain, while a step runs", lambda r: f"{r.idle:.1%}, {r.idle_in_steps:.1%}"),
    ("hours that people waited", lambda r: f"{r.idle_hours:.1f}"),
    ("answers refused, lease gone", lambda r: str(r.late)),
    ("GPU-hours", lambda r: f"{r.gpu_hours:.1f}"),
    ("left when the loop ended", lambda r: str(r.left) if r.ended else ""),
    ("faults", lambda r: str(len(r.faults))),
)


def scenario_table(results: Sequence[Result], columns: int = 6) -> str:
    """A column for every run, so many beside each other; below, why loops ended and what was wrong."""
    blocks = [_block(results[i : i + columns]) for i in range(0, len(results), columns)]
    ends = [f"*{r.scenario}* ended: {r.ended}." for r in results if r.ended]
    faults = [f"*{r.scenario}*, seed {r.seed}: {fault}." for r in results for fault in r.faults[:5]]
    return "\n\n".join([*blocks, *(["\n".join(ends)] if ends else []), *(["\n".join(faults)] if faults else [])])


def _block(results: Sequence[Result]) -> str:
    lines = ["| | " + " | ".join(r.scenario for r in results) + " |", "|---" * (len(results) + 1) + "|"]
    return "\n".join(lines + [f"| {name} | " + " | ".join(show(r) for r in results) + " |" for name, show in ROWS])
