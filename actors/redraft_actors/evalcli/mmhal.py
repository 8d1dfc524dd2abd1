"""`redraft eval mmhal`: MMHal-Bench."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from redraft_actors.evalcli import judge_options as judging
from redraft_actors.evalcli import running

console = Console()


def mmhal(
    questions: Annotated[Path, typer.Option("--questions", help="The published response_template.json.")],
    judge_model: judging.JudgeModel,
    judge_url: judging.JudgeUrl = judging.URL,
    judge_key_env: judging.JudgeKeyEnv = judging.KEY_ENV,
    judge_cache: judging.JudgeCache = None,
    price_in: judging.PriceIn = None,
    price_out: judging.PriceOut = None,
    judge_reasoning: judging.JudgeReasoning = False,
    judge_max_tokens: judging.JudgeTokens = judging.TOKENS,
    judge_concurrency: judging.JudgeConcurrency = judging.CONCURRENCY,
    answers: running.AnswersOption = None,
    policy: running.PolicyOption = None,
    endpoint: running.EndpointOption = None,
    model: running.ModelOption = None,
    images: running.ImagesOption = None,
    max_new_tokens: running.TokensOption = 256,
    batch_size: running.BatchOption = 8,
    dtype: running.DtypeOption = "float32",
    train: running.TrainOption = None,
    out: running.OutOption = None,
    name: running.NameOption = None,
    json: running.JsonOption = False,
    bootstrap: running.BootstrapOption = 2000,
    seed: running.SeedOption = 0,
) -> None:
    """MMHal-Bench: a judge rates answers to 96 questions of eight types from 0 to 6; below 3 is a hallucination.

    Answers are JSON lines whose id is the question's place in the file, from 0, or the published template with
    model_answer filled in, as a .json file. Images are looked for below --images by the last part of their image_src.
    Example:

    redraft eval mmhal --questions response_template.json --answers mine.jsonl --judge-model gpt-4o --out results/mmhal
    """
    from redraft.evaluate.judging.mmhal import MMHal, read_filled

    choice = judging.JudgeChoice(
        judge_model,
        judge_url,
        judge_key_env,
        judge_cache,
        price_in,
        price_out,
        judge_reasoning,
        judge_max_tokens,
        judge_concurrency,
    )
    source = running.AnswerSource(
        answers, policy, endpoint, model, images, max_new_tokens, batch_size, tuple(train or ()), dtype
    )
    keep = running.Keep(out, name, json, bootstrap, seed)
    with judging.opened_judge(choice) as judge, judging.judging_bar() as progress:
        suite = MMHal.load(questions, judge, progress)
        filled = read_filled(answers, suite) if answers is not None and answers.suffix == ".json" else None
        running.run_suite(suite, source, keep, console, answers=filled)
