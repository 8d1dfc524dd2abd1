"""The tables of docs/scaling.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simulation.results import kept
from simulation.scenarios import SCENARIOS
from simulation.tables import scenario_table

from growth.checks import checks
from growth.inputs import SETUPS, Assumptions
from growth.limits import CHANGES, full_first, loads, most_people
from growth.measured import Measured
from growth.model import Day, a_day
from redraft.plan import gpu_named

Row = tuple[str, Callable[[Day], str]]

GPUS = (1, 8, 64)


def all_tables(a: Assumptions, m: Measured) -> dict[str, str]:
    """Each table by its name, as Markdown."""
    days = [a_day(people, gpus, a, m) for people, gpus in SETUPS]
    return {
        "assumed": assumed(a),
        "measured": measured(m),
        "checks": checked(a, m),
        "work": by_day([day for day in days if day.gpus == 1], WORK, lambda day: f"{day.people:g}"),
        "machines": by_day(days, MACHINES, lambda day: f"{day.people:g} on {day.gpus}"),
        "full": full(days, a, m),
        "most": most(a, m),
        "cost": by_day(days, cost_rows(a), lambda day: f"{day.people:g} on {day.gpus}"),
        "asked": asked(),
        "simulated": scenario_table(kept()),
    }


def asked() -> str:
    """What each scenario asks whose results are kept."""
    ran = {result.scenario for result in kept()}
    return "\n".join(f"- *{scenario.name}*: {scenario.question}" for scenario in SCENARIOS if scenario.name in ran)


def assumed(a: Assumptions) -> str:
    """Every assumption, from the fields' own descriptions."""
    lines = ["| assumed | |", "|---|---|"]
    for name, field in Assumptions.model_fields.items():
        lines.append(f"| {field.description} | {getattr(a, name):g} |")
    gpu = gpu_named("A100-40GB")
    lines.append(f"| {gpu.name}: peak of dense bfloat16 products, TFLOP/s | {gpu.bfloat16_tflops:g} |")
    lines.append(f"| a task takes so many active seconds, from these and routing's guess | {a.task_seconds:.1f} |")
    return "\n".join(lines)


def measured(m: Measured) -> str:
    """The measured points that the model stands on."""
    lines = ["| measured | |", "|---|---|"]
    for calls in m.calls:
        lines.append(
            f"| {calls.database}: lease, answer, median of one annotator alone | "
            f"{calls.lease_ms:.1f} ms, {calls.submit_ms:.1f} ms |"
        )
        lines.append(
            f"| {calls.database}: pairs of lease and answer a second, of 1 and of {calls.annotators} who never think | "
            f"{calls.alone:.0f}, {calls.together:.0f} |"
        )
    lines.append(f"| sqlite: a draft kept, median | {m.draft_ms:.1f} ms |")
    for reading in m.readings:
        lines.append(
            f"| {reading.corrections} new corrections: a decision of the loop; what a routing reads | "
            f"{1000 * reading.decision_s:.0f} ms; {1000 * reading.effort_s:.0f} ms |"
        )
    lines.append(f"| routing {m.route_candidates} candidates | {1000 * m.route_s:.0f} ms |")
    lines.append(f"| database, a task with response, lease and answer | {m.row_bytes:.0f} bytes |")
    lines.append(f"| samples, a response in its Parquet file | {m.response_bytes:.0f} bytes |")
    return "\n".join(lines)


def checked(a: Assumptions, m: Measured) -> str:
    """Predicted against measured."""
    lines = ["| | predicted from | predicted | measured | ratio |", "|---|---|---|---|---|"]
    for check in checks(a, m):
        unit = f" {check.unit}" if check.unit else ""
        numbers = f"{_short(check.predicted)}{unit} | {_short(check.measured)}{unit} | {check.ratio:.2f}"
        lines.append(f"| {check.what} | {check.how} | {numbers} |")
    return "\n".join(lines)


WORK: tuple[Row, ...] = (
    ("tasks a day", lambda d: f"{d.tasks:,.0f}"),
    ("corrections a day", lambda d: f"{d.corrections:,.0f}"),
    ("rounds a day", lambda d: f"{d.rounds:.2f}"),
    ("corrections a round", lambda d: f"{d.pairs:,.0f}"),
    ("`route.budget` (two batches a round)", lambda d: f"{d.batch:,.0f}"),
    ("pictures a day", lambda d: f"{d.pictures:,.0f}"),
    ("responses a day; a second", lambda d: f"{d.responses:,.0f}; {d.samples_s:.2f}"),
    ("answers a second, busiest hour", lambda d: f"{d.answers_s:.2f}"),
    ("database, GiB a month", lambda d: f"{30 * d.database_gib:.2f}"),
    ("photographs and samples, GiB a month", lambda d: f"{30 * d.blobs_gib:,.1f}"),
    ("policies, GiB a month", lambda d: f"{30 * d.policies_gib:,.0f}"),
)

MACHINES: tuple[Row, ...] = (
    ("trained", lambda d: "adapters" if d.lora else f"all, {d.plan.workers} workers"),
    ("a batch drawn, min", lambda d: f"{d.sample_s / 60:,.0f}"),
    ("dataset built, min", lambda d: f"{d.build_s / 60:,.0f}"),
    ("trained, min", lambda d: f"{d.train_s / 60:,.0f}"),
    ("evaluated, min", lambda d: f"{d.evaluate_s / 60:,.0f}"),
    ("`loop.refill_below` at least", lambda d: f"{d.low_water:,.0f}" if d.loop < 1 else "never enough"),
    ("the loop's day is full to", lambda d: f"{100 * d.loop:,.0f} %"),
    ("GPU-hours a day", lambda d: f"{d.gpu_hours:,.1f}"),
)


def cost_rows(a: Assumptions) -> tuple[Row, ...]:
    """USD a day, and a correction."""
    return (
        ("people", lambda d: f"{d.people_usd:,.0f}"),
        ("GPUs", lambda d: f"{d.gpu_usd:,.0f}"),
        ("a month of the disk, for what a day adds", lambda d: f"{d.disk_usd:,.1f}"),
        ("head and database", lambda _: f"{a.always_day:,.0f}"),
        ("a correction", lambda d: f"{(d.usd + a.always_day) / d.corrections:.2f}"),
    )


def by_day(days: Sequence[Day], rows: Sequence[Row], head: Callable[[Day], str]) -> str:
    """A column for every setup."""
    lines = ["| | " + " | ".join(head(day) for day in days) + " |", "|---" * (len(days) + 1) + "|"]
    return "\n".join(lines + [f"| {name} | " + " | ".join(show(day) for day in days) + " |" for name, show in rows])


def full(days: Sequence[Day], a: Assumptions, m: Measured) -> str:
    """How full each part is, and what is first."""
    parts = list(loads(days[0], a, m))
    lines = ["| people on GPUs | " + " | ".join(parts) + " | fullest |", "|---" * (len(parts) + 2) + "|"]
    for day in days:
        cells = " | ".join(_percent(load) for load in loads(day, a, m).values())
        lines.append(f"| {day.people:g} on {day.gpus} | {cells} | {full_first(day, a, m)[0]} |")
    return "\n".join(lines)


def most(a: Assumptions, m: Measured) -> str:
    """With how many annotators each part is full, and what to change."""
    lines = ["| full | " + " | ".join(f"{n} GPUs" for n in GPUS) + " | then |", "|---|---|---|---|---|"]
    for part, change in CHANGES.items():
        people = " | ".join(_people(most_people(part, n, a, m)) for n in GPUS)
        lines.append(f"| {part} | {people} | {change} |")
    return "\n".join(lines)


def _percent(load: float) -> str:
    return f"{100 * load:,.0f} %" if load >= 0.095 else f"{100 * load:.1f} %"


def _people(people: float) -> str:
    return f"{people:,.0f} annotators" if people < 1e5 else "over 100,000"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
