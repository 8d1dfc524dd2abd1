"""What every `redraft eval SUITE` shares: where answers come from, what is kept, and how a result is shown.

    options ──► AnswerSource, Keep ──► run_suite(suite, …) ──► answers ──► scores ──► SuiteResult, shown and kept

A suite's command declares the options below by their aliases, loads its suite and calls ``run_suite``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from redraft.evaluate.answering import PictureReader
from redraft.evaluate.results import measure_suite, write_results
from redraft.evaluate.suite import ItemScore, Suite
from redraft.records import SuiteResult
from redraft_actors.evalcli.asking import Answers, AnswerSource, Dtype, gather
from redraft_actors.evalcli.showing import show_result

__all__ = ["AnswerSource", "Answers", "Keep", "run_suite"]

AnswersOption = Annotated[
    Path | None,
    typer.Option("--answers", help="JSON lines with the answers: the item's id (or image_id and prompt), and text."),
]
PolicyOption = Annotated[
    str | None, typer.Option("--policy", help="Ask this checkpoint folder, or builtin:tiny, greedily instead.")
]
EndpointOption = Annotated[
    str | None,
    typer.Option(
        "--endpoint",
        help="Ask an OpenAI-compatible server instead, as http://host:8000/v1; its key is read from OPENAI_API_KEY.",
    ),
]
ModelOption = Annotated[str | None, typer.Option("--model", help="With --endpoint: the model's name there.")]
ImagesOption = Annotated[Path | None, typer.Option("--images", help="Folder of the suite's images, to ask about.")]
TokensOption = Annotated[int, typer.Option("--max-new-tokens", min=1, help="Where an answer is cut off.")]
BatchOption = Annotated[int, typer.Option("--batch-size", min=1, help="Questions asked at once.")]
DtypeOption = Annotated[Dtype, typer.Option("--dtype", help="With --policy: float32, or bfloat16 for large models.")]
TrainOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--train", help="Run, dataset or image folder: note in the result which images were trained on. Repeatable."
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="Folder to keep result, scores and answers in; given again, asking goes on there."),
]
NameOption = Annotated[str | None, typer.Option("--name", help="What to call the policy in tables.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")]
BootstrapOption = Annotated[
    int, typer.Option("--bootstrap", min=100, help="Resamples of images for the 95 % intervals.")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Seed of the resamples.")]


@dataclass(frozen=True)
class Keep:
    """Where a result goes and how it is resampled; ``out`` None keeps nothing."""

    out: Path | None = None
    name: str | None = None
    json: bool = False
    bootstrap: int = 2000
    seed: int = 0


AsJson = Callable[[SuiteResult, Sequence[ItemScore]], Mapping[str, object]]
"""A suite's own JSON object, where the record's is not what its users expect."""


def run_suite(
    suite: Suite,
    source: AnswerSource,
    keep: Keep,
    console: Console,
    *,
    answers: Mapping[str, str] | None = None,
    pictures: PictureReader | None = None,
    notes: Sequence[str] = (),
    as_json: AsJson | None = None,
) -> SuiteResult:
    """Get answers, score and measure them, keep what was found in ``keep.out`` and print it.

    Args:
        suite: its data have been read.
        source: where answers come from.
        keep: where results go.
        console: for the table, or the JSON object with ``keep.json``.
        answers: by item id, where the suite has read ``source.answers`` in a form of its own.
        pictures: the items' images, where they are not in the folder ``source.images``.
        notes: further sentences for the result.
        as_json: prints another JSON object than the ``SuiteResult``.

    Raises:
        ConfigError: not exactly one source of answers, or no images where they are needed.
        DataError: malformed answers, answers about nothing in the suite, missing images, or an ``out`` of something
            else.
        PolicyError: the policy cannot be loaded.
    """
    found = gather(suite, source, keep.out, given=answers, pictures=pictures)
    result, scores = measure_suite(
        suite,
        found.texts,
        policy=keep.name or found.name,
        bootstrap=keep.bootstrap,
        seed=keep.seed,
        notes=(*found.notes, *notes),
    )
    if keep.out is not None:
        write_results(keep.out, result, suite.columns, scores)
    if keep.json:
        body = result.model_dump(mode="json") if as_json is None else as_json(result, scores)
        console.print_json(data=body)
    else:
        show_result(result, console)
        if keep.out is not None:
            console.print(f"Kept in {keep.out}", markup=False, highlight=False, soft_wrap=True)
    return result
