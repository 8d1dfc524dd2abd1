"""The command line. Every mistake is one sentence and exit code 2.

What needs torch or Ray is imported by the command that needs it, so that help comes at once.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from redraft.config import Config, load_config
from redraft.config.loading import overrides_of
from redraft.errors import RedraftError
from redraft.runs import RunFolder
from redraft_actors import (
    cli_backup,
    cli_cluster,
    cli_data,
    cli_launch,
    cli_people,
    cli_policies,
    cli_scaling,
    cli_schedule,
    cli_studies,
    cli_train,
    cli_world,
)
from redraft_actors.evalcli import app as evalcli
from redraft_actors.worker_errors import plain

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Keep a vision-language model honest with people's corrections.\n\n"
    "Start with: redraft run configs/quickstart.yaml",
)
app.add_typer(cli_world.app, name="world", help="The picture world: draw it, rebuild its base policy, measure one.")

app.add_typer(cli_people.users, name="users", help="Who works on a run: invite, disable, change roles.")
app.add_typer(cli_people.projects, name="projects", help="Bodies of tasks: add, close, limit.")
app.add_typer(cli_people.tokens, name="tokens", help="Secrets for programs that call the API.")

app.add_typer(cli_studies.gold, name="gold", help="Tasks with known answers: draw, add, list.")
app.add_typer(cli_studies.humaneval, name="humaneval", help="People judge policies, blind: start a study, close it.")

app.add_typer(evalcli.app, name="eval")

app.add_typer(cli_scaling.app, name="study", help="Experiments on the picture world: how much each label buys.")

app.add_typer(cli_policies.app, name="policies", help="Versions of the policy: list, promote, reject, roll back.")

app.add_typer(cli_cluster.app, name="cluster")
app.command("up")(cli_launch.up)
app.command("down")(cli_launch.down)
app.command("submit")(cli_launch.submit)
app.command("logs")(cli_launch.logs)

app.command("train")(cli_train.train)
app.command("schedule")(cli_schedule.schedule)
app.command("export")(cli_data.export)
app.command("import")(cli_data.import_)
app.command("backup")(cli_backup.backup)
app.command("restore")(cli_backup.restore)

console = Console()

RunArgument = Annotated[Path, typer.Argument(help="Folder of a run, e.g. runs/quickstart.")]
ConfigArgument = Annotated[Path, typer.Argument(help="YAML file; see configs/.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="A.B=C", help="Override one value; may be repeated.")
]


def _resolved(path: Path, sets: list[str] | None, images: Path | None = None, annotators: str | None = None) -> Config:
    overrides = overrides_of(sets or [])
    if images is not None:
        overrides |= {"images.path": str(images), "images.source": overrides.get("images.source", "folder")}
    if annotators is not None:
        overrides["annotate.by"] = annotators
    return load_config(path, overrides)


@app.command()
def run(
    config: ConfigArgument,
    sets: SetOption = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; default runs/NAME.")] = None,
    images: Annotated[Path | None, typer.Option(help="Your own folder of photographs.")] = None,
    annotators: Annotated[str | None, typer.Option(help="oracle or human.")] = None,
    replace: Annotated[bool, typer.Option(help="Delete an earlier run in the same folder first.")] = False,
    wait: Annotated[bool, typer.Option(help="With human annotators: stay up until they have worked.")] = False,
) -> None:
    """Take a policy through rounds of correction: sample, route, annotate, train, evaluate, promote."""
    from redraft_actors import cli_run

    resolved = _resolved(config, sets, images, annotators)
    cli_run.start(resolved, out or Path("runs") / resolved.name, replace=replace, wait=wait, console=console)


@app.command()
def resume(
    run: RunArgument,
    wait: Annotated[bool, typer.Option(help="With human annotators: stay up until they have worked.")] = False,
) -> None:
    """Go on with a run that was stopped, interrupted or killed, from its last committed step."""
    from redraft_actors import cli_run

    cli_run.resume(RunFolder.open(run), wait=wait, console=console)


@app.command()
def stop(run: RunArgument) -> None:
    """Ask a running loop to stop after its present step."""
    RunFolder.open(run).store().request_stop()
    console.print(f"Asked {run} to stop after its present step; go on later with: redraft resume {run}")


@app.command()
def pause(run: RunArgument) -> None:
    """Let a loop begin no further step until `redraft unpause`; people go on annotating."""
    RunFolder.open(run).store().pause(actor="command line")
    console.print(f"{run} is paused after its present step; let it go on with: redraft unpause {run}")


@app.command()
def unpause(run: RunArgument) -> None:
    """Let a paused loop go on."""
    RunFolder.open(run).store().unpause(actor="command line")
    console.print(f"{run} goes on where a loop is up; start one with: redraft resume {run}")


@app.command()
def status(run: RunArgument) -> None:
    """Show where a run stands."""
    from redraft_actors import cli_run

    cli_run.show_status(RunFolder.open(run), console)


@app.command()
def report(run: RunArgument) -> None:
    """Write report.html, its pictures and tables, and summary.json into the run folder."""
    from redraft_actors import cli_run

    cli_run.write_results(RunFolder.open(run), console)


@app.command()
def check(
    config: ConfigArgument,
    sets: SetOption = None,
    out: Annotated[Path | None, typer.Option(help="Run folder that would be used.")] = None,
    images: Annotated[Path | None, typer.Option(help="Your own folder of photographs.")] = None,
    annotators: Annotated[str | None, typer.Option(help="oracle or human.")] = None,
) -> None:
    """Check config, storage, model, images and resources, and print the resolved tree; nothing is started."""
    from redraft_actors import cli_run

    resolved = _resolved(config, sets, images, annotators)
    cli_run.show_checks(resolved, out or Path("runs") / resolved.name, console)


@app.command()
def ui(
    run: RunArgument,
    port: Annotated[int, typer.Option(help="Port of the pages.")] = 8501,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    headless: Annotated[bool, typer.Option(help="Do not open a browser.")] = False,
    public_url: Annotated[str | None, typer.Option(help="Address that people use, if a proxy stands before.")] = None,
    oidc: Annotated[Path | None, typer.Option(help="TOML file about an identity provider.")] = None,
) -> None:
    """Open the annotators' pages for a run; they work whether or not the loop is up."""
    from redraft_ui.launch import launch

    raise typer.Exit(launch(run, port, host, headless, public_url, oidc))


@app.command()
def serve(
    run: RunArgument,
    candidate: Annotated[
        str | None, typer.Option(help="Another version, which answers a share of the requests.")
    ] = None,
    canary: Annotated[
        float | None, typer.Option(min=0, max=1, help="The candidate's share; default: serve.canary_share.")
    ] = None,
) -> None:
    """Serve the run's promoted policy behind an OpenAI-compatible API until Ctrl-C."""
    from redraft_actors import cli_serve

    cli_serve.serve_promoted(RunFolder.open(run), candidate, canary, console)


@app.command()
def compare(
    run: RunArgument,
    image: Annotated[str, typer.Argument(help="A picture's file, or redraft:image/ID for one of the run.")],
    versions: Annotated[
        str | None, typer.Option(help="Two of them, A,B; default: the promoted one and the one it began from.")
    ] = None,
    prompt: Annotated[str | None, typer.Option(help="What to ask; default: prompts.describe of the run.")] = None,
) -> None:
    """Let two versions answer about one picture, and mark the words that differ."""
    from redraft_actors import cli_serve

    cli_serve.compare(RunFolder.open(run), image, versions, prompt, console)


def main() -> None:
    """The ``redraft`` command."""
    try:
        app(standalone_mode=True)
    except RedraftError as e:
        print(f"redraft: {plain(e)}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
