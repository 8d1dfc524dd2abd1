"""`redraft eval vqav2`: short answers against those of ten people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from redraft_actors.evalcli.running import (
    AnswersOption,
    BatchOption,
    BootstrapOption,
    DtypeOption,
    EndpointOption,
    ImagesOption,
    JsonOption,
    Keep,
    ModelOption,
    NameOption,
    OutOption,
    PolicyOption,
    SeedOption,
    TokensOption,
    TrainOption,
    run_suite,
)

console = Console()


def vqav2(
    questions: Annotated[
        Path, typer.Option("--questions", help="v2_OpenEnded_mscoco_val2014_questions.json, as published.")
    ],
    annotations: Annotated[
        Path, typer.Option("--annotations", help="v2_mscoco_val2014_annotations.json, as published.")
    ],
    instruction: Annotated[
        str,
        typer.Option(
            "--instruction", help="A sentence put behind each question, on a line of its own; empty for none."
        ),
    ] = "Answer the question using a single word or phrase.",
    answers: AnswersOption = None,
    policy: PolicyOption = None,
    endpoint: EndpointOption = None,
    model: ModelOption = None,
    images: ImagesOption = None,
    max_new_tokens: TokensOption = 16,
    batch_size: BatchOption = 8,
    dtype: DtypeOption = "float32",
    train: TrainOption = None,
    out: OutOption = None,
    name: NameOption = None,
    json: JsonOption = False,
    bootstrap: BootstrapOption = 2000,
    seed: SeedOption = 0,
) -> None:
    """VQAv2: how far short answers agree with ten people's; overall and for yes/no, number and other.

    Only an answer that equals people's after normalisation counts, so policies that answer in sentences need an
    instruction; the default is the one of LLaVA-1.5. Data: visualqa.org/download.html; images: COCO val2014. --answers
    also takes the published form, a JSON array of question_id and answer. Example:

    redraft eval vqav2 --questions Q.json --annotations A.json --policy LLAVA --images val2014 --out results/vqav2
    """
    from redraft.evaluate.probing import VqaV2
    from redraft.evaluate.probing.answer_forms import notes_on
    from redraft_actors.evalcli.asking import AnswerSource

    suite = VqaV2.load(questions, annotations)
    read = None if answers is None else suite.answers_in(answers)
    notes = notes_on(answers, read)
    if answers is None and instruction:
        suite = suite.asked_with(instruction)
        notes = (f"each question was followed by: {instruction}",)
    source = AnswerSource(
        answers, policy, endpoint, model, images, max_new_tokens, batch_size, tuple(train or ()), dtype
    )
    texts = None if read is None else read.texts
    run_suite(suite, source, Keep(out, name, json, bootstrap, seed), console, answers=texts, notes=notes)
