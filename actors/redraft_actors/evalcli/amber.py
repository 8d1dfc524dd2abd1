"""`redraft eval amber`: descriptions, and questions about existence, attributes and relations."""

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


def amber(
    data: Annotated[
        Path,
        typer.Option("--data", help="AMBER's folder data: annotations.json, relation.json, safe_words.txt, query."),
    ],
    queries: Annotated[
        Path | None,
        typer.Option("--queries", help="Another of its query files than query/query_all.json; it names the tasks."),
    ] = None,
    similarity: Annotated[
        str | None,
        typer.Option(
            "--similarity",
            help="Read nouns as the published script does, with NLTK and this installed spaCy model: en_core_web_lg.",
        ),
    ] = None,
    threshold: Annotated[
        float, typer.Option("--threshold", min=0, max=1, help="With --similarity: how near words must be.")
    ] = 0.8,
    answers: AnswersOption = None,
    policy: PolicyOption = None,
    endpoint: EndpointOption = None,
    model: ModelOption = None,
    images: ImagesOption = None,
    max_new_tokens: TokensOption = 256,
    batch_size: BatchOption = 8,
    dtype: DtypeOption = "float32",
    train: TrainOption = None,
    out: OutOption = None,
    name: NameOption = None,
    json: JsonOption = False,
    bootstrap: BootstrapOption = 2000,
    seed: SeedOption = 0,
) -> None:
    """AMBER: CHAIR, Cover, Hal and Cog of descriptions; accuracy and F1 of questions; the AMBER score.

    By default nouns are read with word lists and without any download; the result's variant is then `lexical`, and is
    never compared with `similarity`, the published reading. Data: github.com/junyangwang0410/AMBER; its README links
    the images. --answers also takes the published form, a JSON array of id and response. Example:

    redraft eval amber --data AMBER/data --answers answers.json --out results/amber
    """
    from redraft.evaluate.probing import Amber
    from redraft.evaluate.probing.answer_forms import notes_on
    from redraft.evaluate.probing.vectors import load_similarity_reader
    from redraft_actors.evalcli.asking import AnswerSource

    reader = None if similarity is None else load_similarity_reader(similarity, threshold)
    suite = Amber.load(data, queries, reader)
    read = None if answers is None else suite.answers_in(answers)
    source = AnswerSource(
        answers, policy, endpoint, model, images, max_new_tokens, batch_size, tuple(train or ()), dtype
    )
    texts = None if read is None else read.texts
    run_suite(
        suite, source, Keep(out, name, json, bootstrap, seed), console, answers=texts, notes=notes_on(answers, read)
    )
