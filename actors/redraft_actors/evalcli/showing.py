"""Results and comparisons as tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from redraft.evaluate.comparing import Comparison
from redraft.records import Figure, Interval, SuiteResult

MOST_GROUPS = 40


def show_result(result: SuiteResult, console: Console) -> None:
    """A row a figure; groups below, where there are some; then what a reader should know."""
    variant = f", {result.variant}" if result.variant else ""
    answered = result.items - result.unanswered
    title = f"{result.suite}{variant}: {result.policy}, {answered} answers about {result.images} images"
    console.print(_figures(title, result.figures))
    if result.groups:
        console.print(_groups(result))
    if result.unanswered:
        say(console, f"{result.unanswered} of {result.items} items have no answer.")
    if result.judge is not None:
        judge = result.judge
        cost = "" if judge.cost is None else f", cost {judge.cost:.4f}"
        when = datetime.fromtimestamp(judge.last_asked, UTC).date()
        say(
            console,
            f"Judge {judge.model} (prompt {judge.prompt_version}, last asked {when}): {judge.answers} answers, "
            f"{judge.cached} from an earlier run, {judge.unparsable} without a verdict{cost}.",
        )
    for note in result.notes:
        say(console, f"Note: {note}.")


def show_comparison(found: Comparison, console: Console) -> None:
    """A row a figure, then the verdict."""
    title = f"{found.about}: B minus A over {found.items} items, {found.images} images"
    table = Table(title=Text(title), title_justify="left")
    for heading in ("figure", "A", "B", "difference (95 %)", ""):
        table.add_column(heading)
    for row in found.figures:
        numbers = ("n/a" if value is None else number(value, row.unit) for value in (row.a, row.b))
        table.add_row(Text(row.name), *numbers, interval(row.difference, row.unit, signed=True), row.reading)
    say(console, f"A: {found.a}\nB: {found.b}")
    console.print(table)
    for note in found.notes:
        say(console, f"Note: {note}.")
    say(console, found.verdict)


def say(console: Console, text: str) -> None:
    """A plain line, never markup."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def number(value: float, unit: str, *, signed: bool = False) -> str:
    """A share as per cent, everything else with two digits."""
    sign = "+" if signed else ""
    return f"{100 * value:{sign}.1f} %" if unit == "share" else f"{value:{sign}.2f}"


def interval(found: Interval | None, unit: str, *, signed: bool = False) -> str:
    """A value with the ends of its interval; a difference of shares is in points."""
    if found is None:
        return "n/a"
    value, low, high = (number(end, unit, signed=signed) for end in (found.value, found.low, found.high))
    shown = f"{value} ({low.removesuffix(' %')} to {high.removesuffix(' %')})"
    return shown.replace(" %", " points") if signed else shown


def _figures(title: str, figures: Sequence[Figure]) -> Table:
    table = Table(title=Text(title), title_justify="left")
    for heading in ("figure", "value (95 % interval)", "better", "says"):
        table.add_column(heading)
    for one in figures:
        table.add_row(Text(one.name), interval(one.interval, one.unit), one.better, Text(one.says))
    return table


def _groups(result: SuiteResult) -> Table:
    shown = result.groups[:MOST_GROUPS]
    title = f"By group ({len(shown)} of {len(result.groups)})" if len(shown) < len(result.groups) else "By group"
    table = Table("group", "items", title=title, title_justify="left")
    for one in result.figures:
        table.add_column(Text(one.name))
    for group in shown:
        table.add_row(Text(group.group), str(group.items), *(interval(one.interval, one.unit) for one in group.figures))
    return table
