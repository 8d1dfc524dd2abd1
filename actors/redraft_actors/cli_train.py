"""`redraft train`: DDPO on other people's pairs, without a loop around it."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from redraft.config import Config, override, parse_config, read_tree
from redraft.errors import ConfigError
from redraft.plan import PairStatistics, as_text, require_fit
from redraft.records import TrainStep
from redraft.train.recipes import RECIPES
from redraft_actors.train_folder import TrainFolder

console = Console()


def train(
    policy: Annotated[str, typer.Option(help="Checkpoint folder to train, or builtin:tiny.")],
    out: Annotated[Path, typer.Option(help="Folder to write; given again, the job goes on where it stopped.")],
    pairs: Annotated[
        Path | None,
        typer.Option(help="RLHF-V parquet, TRL-style parquet or JSONL, or a Redraft dataset; a file or a folder."),
    ] = None,
    preset: Annotated[str, typer.Option(help="paper, released or recommended: objective and optimiser.")] = "paper",
    epochs: Annotated[float | None, typer.Option(min=0, help="Passes over the pairs; default: the preset's.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Ray Train workers; 0 trains in this process, without Ray.")] = 0,
    blobs: Annotated[str | None, typer.Option(help="Blob store of a Redraft dataset that lies elsewhere.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML with further settings; see configs/.")] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=C", help="Override one value; may be repeated.")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say what training will take, and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --plan: one JSON object.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out pairs that cannot be used.")] = False,
) -> None:
    """Train a checkpoint on preference pairs with DDPO.

    Pairs are read and checked first: one that is malformed, too long or without a readable image is listed with its
    index and the reason before anything is trained. A plan that cannot fit is refused.
    """
    from redraft_actors import standalone
    from redraft_actors.step_log import check_loggers

    settings = _settings(policy, preset, workers, config, sets or [])
    check_loggers(settings.train)
    epochs = epochs if epochs is not None else _epochs(preset, config, sets or [])
    if pairs is None:
        if not plan:
            raise ConfigError("redraft train needs --pairs, a file or folder of preference pairs; or --plan alone")
        statistics = PairStatistics.rlhf_v()
        _show_plan(standalone.with_epochs(settings, epochs, statistics.pairs), statistics, as_json)
        return
    _run(TrainFolder(out), settings, pairs, epochs, blobs=blobs, plan=plan, as_json=as_json, skip_bad=skip_bad)


def _run(
    folder: TrainFolder,
    config: Config,
    pairs: Path,
    epochs: float | None,
    *,
    blobs: str | None,
    plan: bool,
    as_json: bool,
    skip_bad: bool,
) -> None:
    from redraft_actors import standalone

    on_ray = config.train.workers > 1 or config.ray.address is not None
    folder.claim(config)
    with _ray(config) if on_ray else nullcontext():
        prepared = standalone.prepare(folder, config, pairs, blobs, on_ray)
        if not as_json:
            _say(f"{prepared.pairs} pairs, {prepared.bad_rows} that cannot be used")
        for bad in prepared.bad[:20] if not as_json else ():
            _say(f"  index {bad.index}, {bad.where}: {bad.reason}")
        standalone.refuse_bad(prepared, skip_bad)
        config = standalone.with_epochs(config, epochs, prepared.pairs)
        statistics = standalone.measured(prepared, config, folder.blobs)
        if plan:
            _show_plan(config, statistics, as_json)
            return
        require_fit(standalone.plan(config, statistics))
        if folder.policy.exists():
            _say(f"Already trained: {folder.policy}")
            return
        _say("Reference log-probabilities …")
        standalone.reference(folder, config, prepared, on_ray)
        done = _train_with_bar(folder, config, on_ray)
    _say(f"Trained in {len(done)} steps: loss {done[-1].loss:.4f}, accuracy {done[-1].accuracy:.2f}")
    if any(step.alarm for step in done):
        _say(
            "Warning: chosen responses became much less likely than under the reference; see chosen_logp in the steps."
        )
    _say(f"Policy: {folder.policy}\nSteps:  {folder.steps}")


def _train_with_bar(folder: TrainFolder, config: Config, on_ray: bool) -> list[TrainStep]:
    from redraft_actors import standalone

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("training", total=config.train.steps)

        def show(step: TrainStep) -> None:
            bar.update(task, completed=step.step + 1, description=f"loss {step.loss:.3f} margin {step.margin:+.3f}")

        return standalone.train(folder, config, on_ray, show)


def _settings(policy: str, preset: str, workers: int, config: Path | None, sets: list[str]) -> Config:
    """Preset first, then the file, then single values, then what the command line says by name."""
    if preset not in RECIPES:
        raise ConfigError(f"--preset {preset}: use one of {', '.join(RECIPES)}")
    tree: dict[str, Any] = {"name": "train", "train": dict(RECIPES[preset].train)}
    if config is not None:
        tree = _merged(tree, read_tree(config))
    override(tree, dict(_pair(item) for item in sets))
    tree = _merged(tree, {"policy": {"path": policy}, "train": {"workers": max(1, workers)}})
    return parse_config(tree, str(config or "redraft train"))


def _pair(item: str) -> tuple[str, str]:
    key, sign, value = item.partition("=")
    if not sign or not key:
        raise ConfigError(f"--set {item}: write it as section.key=value")
    return key, value


def _epochs(preset: str, config: Path | None, sets: list[str]) -> float | None:
    """The preset's, unless the user has said how many steps."""
    told = any(item.startswith("train.steps=") for item in sets)
    in_file = config is not None and "steps" in read_tree(config).get("train", {})
    return None if told or in_file else RECIPES[preset].epochs


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """``over`` wins, section by section."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _show_plan(config: Config, statistics: PairStatistics, as_json: bool) -> None:
    from redraft_actors import standalone

    made = standalone.plan(config, statistics)
    typer.echo(made.model_dump_json() if as_json else as_text(made))


def _ray(config: Config) -> Any:
    from redraft_actors.cluster import ray_cluster

    quiet = config.model_copy(update={"serve": config.serve.model_copy(update={"enabled": False})})
    return ray_cluster(quiet)


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
