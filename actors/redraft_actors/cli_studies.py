"""`redraft gold` and `redraft humaneval`: known answers to measure people by, and people to measure policies by."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from redraft.errors import ConfigError
from redraft.records import MAIN_PROJECT, HallucinationType, HumanEvaluation, Interval, Split
from redraft.runs import RunFolder
from redraft_actors.cli_data import RunArgument
from redraft_actors.context import RunContext

gold = typer.Typer(no_args_is_help=True)
humaneval = typer.Typer(no_args_is_help=True)
console = Console()

ProjectOption = Annotated[str, typer.Option(help="Project that the tasks belong to.")]


@gold.command("draw")
def gold_draw(
    run: RunArgument,
    count: Annotated[int, typer.Option(min=1, help="How many tasks.")] = 20,
    project: ProjectOption = MAIN_PROJECT,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw.")] = 0,
) -> None:
    """Draw tasks with known answers from what the policy said about the picture world."""
    from redraft_actors.golds import draw_gold

    drawn = draw_gold(RunContext.open(run), count, seed=seed, project=project)
    _say(
        f"{drawn} gold tasks are in project {project}. Annotators get them by annotate.training_tasks and "
        "annotate.gold_share."
    )


@gold.command("list")
def gold_list(run: RunArgument) -> None:
    """List the tasks whose answers are known."""
    store = RunFolder.open(run).store()
    table = Table()
    table.add_column("task", no_wrap=True, min_width=24)
    for heading in ("project", "edits", "author", "explanation"):
        table.add_column(heading)
    for known in store.golds():
        project = store.task(known.task_id).project
        cells = (known.task_id, project, str(len(known.edits)), known.author, known.explanation)
        table.add_row(*(Text(cell) for cell in cells))
    if not table.row_count:
        _say("There are no gold tasks yet: make some with `redraft gold draw` or `redraft gold add`.")
        return
    console.print(table)


@gold.command("add")
def gold_add(
    run: RunArgument,
    task: Annotated[str, typer.Argument(help="Id of a task that was reviewed.")],
    explanation: Annotated[
        str | None, typer.Option(help="What annotators are told; default: the edits in words.")
    ] = None,
) -> None:
    """Make a reviewed task a gold one: what the reviewer said becomes the known answer."""
    from redraft_actors.golds import add_gold

    known = add_gold(RunContext.open(run), task, explanation)
    _say(f"Task {known.task_id} is gold now, as {known.author} answered it: {known.explanation}")


@humaneval.command("start")
def humaneval_start(
    run: RunArgument,
    policies: Annotated[str, typer.Option(help="Policy versions to compare, with commas between them.")],
    project: Annotated[str, typer.Option(help="Id of the new project.")],
    images: Annotated[int, typer.Option(min=1, help="Pictures; every policy's text about each is judged.")] = 50,
    split: Annotated[Split, typer.Option(help="dev or test: where the pictures come from.")] = Split.TEST,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the pictures and their order.")] = 0,
    overlap: Annotated[int, typer.Option(min=1, max=100, help="People who judge each text.")] = 2,
) -> None:
    """Let people judge the texts of several policies about the same pictures, blind and mixed (MHumanEval)."""
    from redraft_actors.human_study import start_study
    from redraft_ui.access.local import account

    names = [name.strip() for name in policies.split(",")]
    if not all(names) or len(set(names)) != len(names):
        raise ConfigError(
            f"--policies {policies}: write different versions with commas between them, as r00-base,r01-ab12"
        )
    study = start_study(
        RunContext.open(run), project, names, images=images, split=split, seed=seed, overlap=overlap, actor=account()
    )
    _say(
        f"Project {project} waits for {len(study.items) * overlap} answers to {len(study.items)} texts about {images} "
        f"pictures. When they are in: redraft humaneval close {run} {project}"
    )


@humaneval.command("close")
def humaneval_close(
    run: RunArgument,
    project: Annotated[str, typer.Argument(help="Id of the project.")],
    partial: Annotated[
        bool, typer.Option("--partial", help="Measure what is there, although answers are missing.")
    ] = False,
) -> None:
    """Measure what people found, store it, and hand out no more tasks of the project."""
    from redraft_actors.human_study import close_study
    from redraft_ui.access.local import account

    found = close_study(RunContext.open(run), project, partial=partial, actor=account())
    console.print(results_table(found))
    console.print(differences_table(found))
    agreement = found[0].agreement
    told = "nothing was judged twice" if agreement is None else f"alpha {_figure(agreement, '.2f')}"
    _say(f"Agreement on the characters marked wrong: {told}.")


def results_table(found: list[HumanEvaluation]) -> Table:
    """One row a policy."""
    table = Table(title=f"What people found in {found[0].judged} responses of each policy", title_justify="left")
    for heading in ("policy", "responses with a wrong segment", "wrong segments per 100 words", "mostly", "answers"):
        table.add_column(heading)
    for one in found:
        most = max(HallucinationType, key=lambda kind: one.by_type[kind])
        mostly = f"{most} ({one.by_type[most]:.2f})" if one.by_type[most] else "none"
        rate, segments = _figure(one.response_rate, ".1%"), _figure(one.segments, ".2f")
        table.add_row(Text(one.policy), rate, segments, mostly, f"{one.answers} by {one.annotators}")
    return table


def differences_table(found: list[HumanEvaluation]) -> Table:
    """Each pair of policies once, the later one minus the earlier."""
    table = Table("policy", "minus", "responses with a wrong segment", "wrong segments per 100 words")
    order = [one.policy for one in found]
    for place, one in enumerate(found):
        for difference in one.differences:
            if order.index(difference.other) < place:
                rate, segments = _figure(difference.response_rate, "+.1%"), _figure(difference.segments, "+.2f")
                table.add_row(Text(one.policy), Text(difference.other), rate, segments)
    return table


def _figure(interval: Interval, form: str) -> str:
    return f"{interval.value:{form}} ({interval.low:{form}} to {interval.high:{form}})"


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
