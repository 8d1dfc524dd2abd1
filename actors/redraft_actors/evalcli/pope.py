"""`redraft eval pope`: is there an object in the image."""

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


def pope(
    questions: Annotated[
        list[Path],
        typer.Option("--questions", help="coco_pope_random.json, _popular or _adversarial, as published. Repeatable."),
    ],
    answers: AnswersOption = None,
    policy: PolicyOption = None,
    endpoint: EndpointOption = None,
    model: ModelOption = None,
    images: ImagesOption = None,
    max_new_tokens: TokensOption = 64,
    batch_size: BatchOption = 8,
    dtype: DtypeOption = "float32",
    train: TrainOption = None,
    out: OutOption = None,
    name: NameOption = None,
    json: JsonOption = False,
    bootstrap: BootstrapOption = 2000,
    seed: SeedOption = 0,
) -> None:
    """POPE: does the policy say that objects are in an image which are not?

    Accuracy, precision, recall and F1 of the answer yes, and how often it is given; by setting and over all. Question
    files: github.com/RUCAIBox/POPE, output/coco; images: COCO val2014. --answers also takes the published form, lines
    of question and answer in the order of the questions: random, popular, adversarial. Example:

    redraft eval pope --questions coco_pope_random.json --policy LLAVA --images val2014 --out results/pope
    """
    from redraft.evaluate.probing import Pope
    from redraft.evaluate.probing.answer_forms import notes_on
    from redraft_actors.evalcli.asking import AnswerSource

    suite = Pope.load(questions)
    read = None if answers is None else suite.answers_in(answers)
    source = AnswerSource(
        answers, policy, endpoint, model, images, max_new_tokens, batch_size, tuple(train or ()), dtype
    )
    texts = None if read is None else read.texts
    run_suite(
        suite, source, Keep(out, name, json, bootstrap, seed), console, answers=texts, notes=notes_on(answers, read)
    )
